/** The one function by which a project has resources of its own beside this package's. */
import * as pulumi from "@pulumi/pulumi";
import { isMemberConfig } from "../config";
import type { StackProgram } from "../contract";
import { environmentProgram } from "../environment/program";
import { memberProgram } from "../member/program";
import { watchResources } from "./own-resources";
import type { EnvironmentExtension } from "./types";

const keys: readonly string[] = ["member", "environment", "transforms"] satisfies (keyof EnvironmentExtension)[];

function check(extension: EnvironmentExtension): void {
  const unknown = Object.keys(extension).filter((key) => !keys.includes(key));
  if (unknown.length > 0)
    throw new Error(`defineEnvironment does not know ${unknown.join(", ")}. Allowed: ${keys.join(", ")}`);
}

/**
 * The program of a project that has resources of its own: `export = defineEnvironment({ member({ … }) { … } })` in the
 * file that Pulumi.yaml's `main` names. Without functions it is the package's own program (`eks-blue-green/stacks`).
 * @throws Error for a key that it does not know
 */
export function defineEnvironment(extension: EnvironmentExtension): StackProgram {
  check(extension);
  const program: StackProgram = async (context) => {
    const values = pulumi.runtime.allConfig();
    for (const transform of extension.transforms ?? []) pulumi.runtime.registerResourceTransform(transform);
    if (extension.member !== undefined || extension.environment !== undefined) watchResources();
    return isMemberConfig(values)
      ? await memberProgram(values, context, extension.member)
      : await environmentProgram(values, context, extension.environment);
  };
  return Object.assign(program, { extendsEnvironment: extension.environment !== undefined });
}
