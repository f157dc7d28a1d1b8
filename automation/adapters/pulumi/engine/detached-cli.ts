/**
 * The pulumi CLI as a process that outlives the driver: in a process group of its own (a terminal's Ctrl-C does not
 * reach it), with
 * files in place of pipes (a broken pipe would kill it in the middle of an update). When the driver is killed, the
 * inline program's
 * server is gone with it; the engine then takes the update as failed: it lets operations in flight come to their end,
 * writes the state and gives the lock back.
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { withShortLivedFolder } from "../../temporary-folders";

export interface CliRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface CliOptions {
  readonly cwd: string;
  /** On top of this process' own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Interrupts the engine (SIGINT): it ends gracefully. One that is aborted already interrupts at once. */
  readonly signal?: AbortSignal;
  /** Told of the process; answers what is to be done when it has ended. */
  readonly onStart?: (pid: number) => () => void;
}

/**
 * The text of a message in the SDK's form, which the rest of the driver reads codes and lock holders from. What was
 * asked for with secrets in clear is never part of a message.
 */
function failure(args: readonly string[], run: CliRun & { readonly cause?: unknown }): Error {
  const stdout = args.includes("--show-secrets") ? "(not shown)" : run.stdout;
  const why = run.cause instanceof Error ? run.cause.message : "";
  return new Error(`code: ${run.code}\n stdout: ${stdout}\n stderr: ${run.stderr}\n err?: ${why}\n`, {
    cause: run.cause,
  });
}

/** Two files without names: nothing is left in the file system, however this process ends. */
function openCaptures(): readonly [number, number] {
  return withShortLivedFolder("cli", (folder) => [
    openSync(join(folder, "stdout"), "wx+", 0o600),
    openSync(join(folder, "stderr"), "wx+", 0o600),
  ]);
}

function readAll(file: number): string {
  const buffer = Buffer.alloc(fstatSync(file).size);
  let at = 0;
  while (at < buffer.length) {
    const count = readSync(file, buffer, at, buffer.length - at, at);
    if (count === 0) break;
    at += count;
  }
  return buffer.toString("utf8", 0, at);
}

/** Runs `pulumi args…`; answers what it wrote. Rejects when it can't be started or ends with another code than 0. */
export async function runCli(command: string, args: readonly string[], options: CliOptions): Promise<CliRun> {
  const [out, err] = openCaptures();
  try {
    const env = { ...process.env, ...options.env, PULUMI_AUTOMATION_API: "true" };
    const complete = args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
    const child = spawn(command, [...complete], { cwd: options.cwd, env, detached: true, stdio: ["ignore", out, err] });
    const ended = child.pid === undefined ? undefined : options.onStart?.(child.pid);
    const interrupt = (): void => void child.kill("SIGINT");
    if (options.signal?.aborted) interrupt();
    options.signal?.addEventListener("abort", interrupt, { once: true });
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", (cause) => reject(failure(args, { stdout: "", stderr: cause.message, code: -2, cause })));
      child.once("exit", (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    }).finally(() => {
      options.signal?.removeEventListener("abort", interrupt);
      ended?.();
    });
    const run = { stdout: readAll(out), stderr: readAll(err), code };
    if (code !== 0) throw failure(args, run);
    return run;
  } finally {
    closeSync(out);
    closeSync(err);
  }
}
