/** Runs a hook's command in the project's folder, and ends it with all that it has started when its time is over. */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import type { HookCall, HookEnd, HooksPort } from "../../ports/hooks";
import { oneLine } from "../../text/foreign";

/** Between being asked to end and being ended. */
const graceMs = 5_000;
/** Of what it says the last part is kept: that is where it says why it failed. */
const keptCharacters = 4_000;

const lastLine = (said: string): string => said.trimEnd().split("\n").at(-1) ?? "";

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The group: what a script has started must not go on without it. */
function signal(child: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Nobody of it is left.
  }
}

export class CommandRunner implements HooksPort {
  constructor(
    private readonly projectDirectory: string,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  async lacks([program = ""]: readonly string[]): Promise<string | null> {
    const path = this.env["PATH"] ?? "";
    const places = program.includes("/")
      ? [resolve(this.projectDirectory, program)]
      : path.split(delimiter).map((folder) => join(folder, program));
    const all = await Promise.all(places.map(isProgram));
    if (all.includes(true)) return null;
    return program.includes("/") ? `${places[0]} is not an executable file` : `there is no program ${program} on PATH`;
  }

  run({ command, variables, timeoutMs }: HookCall, cancel: AbortSignal): Promise<HookEnd> {
    const [program = "", ...args] = command;
    return new Promise((tell) => {
      let said = "";
      let ended: string | null = null;
      let kill: NodeJS.Timeout | undefined;
      // A group of its own: Ctrl-C in the terminal is the driver's, which waits for it to end.
      const child = spawn(program, args, {
        cwd: this.projectDirectory,
        env: { ...this.env, ...variables },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const end = (why: string): void => {
        ended ??= why;
        signal(child, "SIGTERM");
        kill ??= setTimeout(() => signal(child, "SIGKILL"), graceMs);
      };
      const timer = setTimeout(() => end(`it did not end within ${timeoutMs / 1000} s`), timeoutMs);
      const onCancel = (): void => end("it was ended, as asked");
      const done = (result: HookEnd): void => {
        clearTimeout(timer);
        clearTimeout(kill);
        cancel.removeEventListener("abort", onCancel);
        tell(result);
      };
      const hear = (chunk: Buffer): void => void (said = (said + chunk.toString("utf8")).slice(-keptCharacters));
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("error", (error) => done({ kind: "failed", why: `it could not be started: ${oneLine(error.message)}` }));
      // `exit`, not `close`: what it leaves running in the background may keep its output open for ever.
      child.on("exit", (code, by) => {
        child.stdout.destroy();
        child.stderr.destroy();
        if (code === 0 && ended === null) return done({ kind: "done" });
        const how = ended ?? (code === null ? `it was ended by ${by ?? "a signal"}` : `it ended with ${code}`);
        const last = oneLine(lastLine(said));
        done({ kind: "failed", why: last === "" ? how : `${how}: ${last}` });
      });
      if (cancel.aborted) onCancel();
      else cancel.addEventListener("abort", onCancel, { once: true });
    });
  }
}
