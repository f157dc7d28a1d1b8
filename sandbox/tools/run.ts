/** Running a program to its end, with a deadline and its output in a log file. */
import { execFile, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

export interface RunOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
}

/**
 * Resolves with null when it ends with exit code 0, else with how it ended. Its whole group ends with this process's
 * signals and at the deadline.
 */
export function runLogged(options: RunOptions): Promise<string | null> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = createWriteStream(options.logFile, { flags: "a" });
  log.write(`\n$ ${options.command} ${options.args.join(" ")}\n`);
  return new Promise((resolve) => {
    const child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, options.timeoutMs);
    const end = (how: string | null): void => {
      clearTimeout(timer);
      log.end(() => resolve(how));
    };
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.write(`${line}\n`);
        options.onLine?.(line);
      });
    }
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) =>
      end(
        late
          ? `it took longer than ${Math.round(options.timeoutMs / 60_000)} minutes`
          : code === 0
            ? null
            : `it ended with ${signal ?? `exit code ${code}`}`,
      ),
    );
  });
}

/** What a program prints, stdout and stderr; null when it fails or takes longer than `timeoutMs` (ten seconds). */
export function outputOf(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
  timeoutMs = 10_000,
): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(
      command,
      [...args],
      { cwd, timeout: timeoutMs, killSignal: "SIGKILL", encoding: "utf8", env, maxBuffer: 4_000_000 },
      (error, stdout, stderr) => resolve(error ? null : stdout + stderr),
    );
  });
}
