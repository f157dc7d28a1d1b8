/**
 * Which version the pulumi command is: the SDK asks it, in a process of its own, each time a driver starts. The answer
 * of the same file is kept beside the project.
 */
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, delimiter, join } from "node:path";
import type * as Automation from "@pulumi/pulumi/automation";
import { keep, recall } from "../project/remembered";

type Command = Automation.PulumiCommand;

/** How the script that a sandbox has in place of pulumi says which one it runs, in every folder the same. */
const ofSandbox = /^# eks-blue-green sandbox, always runs (\/.+)$/m;
const longestScript = 10_000;

/**
 * What tells one pulumi from another: null when it is not on PATH, or is a version manager's, which answers differently
 * in each folder.
 */
export function identityOfCli(path: string): readonly string[] | null {
  for (const folder of path.split(delimiter)) {
    try {
      const file = join(folder === "" ? "." : folder, "pulumi");
      const { size, mode } = statSync(file);
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) continue;
      accessSync(file, constants.X_OK);
      const script = size <= longestScript ? readFileSync(file, "utf8") : "";
      return identityOfFile(ofSandbox.exec(script)?.[1] ?? file);
    } catch {
      continue;
    }
  }
  return null;
}

function identityOfFile(file: string): readonly string[] | null {
  const real = realpathSync(file);
  const { size, mtimeMs, ino } = statSync(real);
  return basename(real) === "pulumi" && size > 1_000_000 ? [real, String(size), String(mtimeMs), String(ino)] : null;
}

/**
 * @param load How the SDK itself was loaded.
 * @throws what the SDK says of a command that is missing, or too old for it.
 */
export async function findPulumi(
  { PulumiCommand }: typeof Automation,
  load: NodeJS.Require,
  directory: string,
): Promise<Command> {
  // The SDK looks whether it gets on with this version, unless it is told not to.
  const skipVersionCheck = process.env["PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK"] !== undefined;
  const ask = (): Promise<Command> => PulumiCommand.get({ skipVersionCheck });
  const identity = identityOfCli(process.env["PATH"] ?? "");
  if (identity === null) return await ask();
  let sdk: string;
  let parse: (text: string) => Command["version"];
  try {
    const file = load.resolve("@pulumi/pulumi/package.json");
    sdk = (load(file) as { version: string }).version;
    // The SDK's own: it compares versions with it.
    ({ parse } = createRequire(file)("semver") as { parse: typeof parse });
  } catch {
    return await ask();
  }
  const memory = { directory, what: "pulumi version", madeOf: [...identity, sdk, String(skipVersionCheck)] };
  const version = parse(recall(memory) ?? "");
  if (version !== null)
    return Object.assign(Object.create(PulumiCommand.prototype) as Command, { command: "pulumi", version });
  const asked = await ask();
  if (asked.version !== null) keep(memory, asked.version.version);
  return asked;
}
