/** moto and the AWS CLI, in a virtual environment of the cache. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../processes/scripts";
import { SandboxError } from "../shared/errors";
import type { Cache } from "./cache";
import { which } from "./path-lookup";
import { type OnProgress, withProgress } from "./progress";
import { outputOf, runLogged } from "./run";

export interface PythonTools {
  readonly python: string;
  readonly motoServer: string;
  readonly aws: string;
}

const oldest = [3, 11] as const;

function requirementsFile(): string {
  return join(packageRoot(), "sandbox", "tools", "python", "requirements.txt");
}

/** A Python on PATH that is new enough, and its version; newest names first, since `python3` may be old. */
export async function findPython(path: string = process.env["PATH"] ?? ""): Promise<{ file: string; version: string }> {
  for (const name of ["python3", "python3.14", "python3.13", "python3.12", "python3.11"]) {
    for (const file of which(name, path)) {
      // The real executable: a version manager's shim answers differently in another folder.
      const [version, real] = (
        (await outputOf(file, ["-c", "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"])) ?? ""
      ).split("\n");
      const [major, minor] = (version ?? "").split(".").map(Number);
      if (major === oldest[0] && minor !== undefined && minor >= oldest[1])
        return { file: real || file, version: version as string };
    }
  }
  throw new SandboxError(
    "SBX-TOOL-MISSING",
    `found no Python ${oldest.join(".")} or newer, which the sandbox needs for moto and the AWS CLI`,
    "Install python3 from your system's packages.",
  );
}

/**
 * Scripts of a virtual environment name its interpreter by absolute path, so it can't be built aside and renamed: it is
 * made in
 * place under a lock, and a marker written last says that it is complete.
 */
export async function resolvePython(cache: Cache, onProgress: OnProgress): Promise<PythonTools> {
  const { file, version } = await findPython();
  const sum = createHash("sha256").update(readFileSync(requirementsFile())).update(file).digest("hex").slice(0, 12);
  const folder = cache.folder("python", `${version}-${sum}`);
  const marker = join(folder, ".complete");
  const tools = {
    python: join(folder, "bin", "python3"),
    motoServer: join(folder, "bin", "moto_server"),
    aws: join(folder, "bin", "aws"),
  };
  if (existsSync(marker)) return tools;
  return cache.withLock("python", onProgress, async () => {
    if (existsSync(marker)) return tools;
    await withProgress("moto and the AWS CLI", "install", onProgress, async () => {
      rmSync(folder, { recursive: true, force: true });
      await install(file, folder, cache.logFile("install-python"));
      writeFileSync(marker, "");
    });
    return tools;
  });
}

export const installArguments = (): readonly string[] => [
  "install",
  "--no-deps",
  "--no-input",
  "--only-binary=:all:",
  // An index that was taken over, or another one that the machine is set to, can offer nothing else.
  "--require-hashes",
  "--requirement",
  requirementsFile(),
];

async function install(python: string, folder: string, logFile: string): Promise<void> {
  // Nothing of an activated environment or of a user's own packages may shine through.
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PYTHONNOUSERSITE: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_REQUIRE_VIRTUALENV: "0",
  };
  for (const name of ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_PREFIX"])
    delete env[name];
  const run = (command: string, args: readonly string[]): Promise<string | null> =>
    runLogged({ command, args, cwd: "/", env, logFile, timeoutMs: 10 * 60_000 });
  const packages = installArguments();
  let failure = await run(python, ["-m", "venv", folder]);
  if (failure === null) failure = await run(join(folder, "bin", "python3"), ["-m", "pip", ...packages]);
  else {
    // Some systems split ensurepip off into a package of its own; pip itself can still fill a folder.
    rmSync(folder, { recursive: true, force: true });
    failure = await installIntoFolder(python, folder, packages, run);
  }
  if (failure !== null)
    throw new SandboxError(
      "SBX-TOOL-INSTALL",
      `installing moto and the AWS CLI failed: ${failure}`,
      `pip's output is in ${logFile}. The package index (PIP_INDEX_URL) must be reachable.`,
    );
}

async function installIntoFolder(
  python: string,
  folder: string,
  packages: readonly string[],
  run: (command: string, args: readonly string[]) => Promise<string | null>,
): Promise<string | null> {
  const site = join(folder, "site-packages");
  mkdirSync(join(folder, "bin"), { recursive: true });
  const failure = await run(python, ["-m", "pip", ...packages, "--target", site]);
  if (failure !== null) return failure;
  const launcher = (name: string, code: string): void => {
    const file = join(folder, "bin", name);
    writeFileSync(file, `#!/bin/sh\nPYTHONPATH='${site}' exec '${python}' ${code} "$@"\n`);
    chmodSync(file, 0o755);
  };
  launcher("python3", "");
  launcher("moto_server", "-m moto.server");
  launcher("aws", "-m awscli");
  return null;
}
