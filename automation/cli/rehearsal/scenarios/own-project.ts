/** Scenarios that bring a program and a config of their own: folders of the package's examples. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../../sandbox/processes/scripts";
import { type ForeignProject, inspectProject, type InspectedProject } from "../project-copy";

/** The package's own program, as Pulumi.yaml's `main`: the sources in a checkout, else what was built of them. */
function stacksProgram(): string {
  const sources = join(packageRoot(), "stacks", "index.ts");
  return existsSync(sources) ? sources : join(packageRoot(), "dist", "stacks", "index.js");
}

/** An example whose program is the package's own. */
export function exampleConfig(name: string): InspectedProject {
  return { ...inspectProject(join(packageRoot(), "examples", name), "dev"), main: stacksProgram() };
}

/** An example that is a program of its own. */
export function exampleProgram(name: string): ForeignProject {
  return { directory: join(packageRoot(), "examples", name), environment: "dev" };
}
