/**
 * The driver as a CI pipeline would call it: the CLI with --json, in a process of its own whose surroundings are the
 * sandbox's alone.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SandboxInfo } from "../../../sandbox/contract";
import { keptEnvironment, leadsOut } from "../../../sandbox/shared/kept-environment";
import type { DriverEvent } from "../../events";

/** What is harmless of this process's environment, and what was asked for, with the sandbox's own on top. */
export function rehearsalEnvironment(
  own: NodeJS.ProcessEnv,
  info: Pick<SandboxInfo, "env" | "unset"> & { readonly dir?: string },
  passEnv: readonly string[] = [],
): Record<string, string> {
  const kept = Object.entries(keptEnvironment(own, passEnv)).filter(
    ([name]) => !leadsOut.test(name) && !info.unset.includes(name),
  );
  // Temporary files of what is rehearsed go with the sandbox's folder, also when it was killed.
  return {
    ...Object.fromEntries(kept),
    ...info.env,
    CI: "true",
    ...(info.dir === undefined ? {} : { TMPDIR: join(info.dir, "rehearsal") }),
  };
}

export interface DriverProcess {
  readonly child: ChildProcess;
  /** Resolves with the exit code (null when a signal ended it). */
  readonly ended: Promise<number | null>;
}

/** The CLI, as it was installed. */
export const bin = join(__dirname, "..", "..", "..", "..", "bin", "eks-blue-green.js");

export function startDriver(
  args: readonly string[],
  info: SandboxInfo,
  logFile: string,
  onEvent: (event: DriverEvent & { kind: string }) => void,
  passEnv: readonly string[] = [],
): DriverProcess {
  // A group of its own: one Ctrl-C in the terminal must reach it once, as the SIGTERM that the rehearsal passes on.
  // When the rehearsal dies, its output's end stops it.
  const child = spawn(process.execPath, [bin, ...args, "--json"], {
    detached: true,
    env: rehearsalEnvironment(process.env, info, passEnv),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile, { flags: "a" });
  child.stderr.pipe(log, { end: false });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    try {
      onEvent(JSON.parse(line) as DriverEvent);
    } catch {
      log.write(`not an event: ${line}\n`);
    }
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    // Who reads the log then finds its last words.
    child.on("close", (code) => log.end(() => resolve(code)));
  });
  return { child, ended };
}
