/** Runs a hook's command in the project's folder, and ends it with all that it has started when its time is over. */
import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import type { HookEnd } from "../../ports/hooks";
import { oneLine } from "../../text/foreign";

/** Between being asked to end and being ended. */
const graceMs = 5_000;
/** What is not gone so long after SIGKILL hangs in the kernel, or nobody collects it: it is waited for no longer. */
const afterKillMs = 3_000;
/** Between two looks whether something of it is left. */
const lookMs = 100;
/** Its last words may be heard after its end; what it leaves running may keep its output open for ever. */
const lastWordsMs = 200;
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

/** Whether nobody of its group runs any more. */
async function isGone({ pid }: ChildProcess): Promise<boolean> {
  if (pid === undefined) return true;
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
  return await isUncollected(pid);
}

/**
 * Whether all that is left of a group has ended, and nobody collects it: not every container's first process does. Told
 * by Linux only.
 */
async function isUncollected(group: number): Promise<boolean> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  // `42 (a name) S 1 41 …`: the state, the parent and the group.
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")));
  const states = stats.flatMap((stat) => {
    const [state = "", , of = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(of) === group ? [state] : [];
  });
  return states.length > 0 && states.every((state) => state === "Z" || state === "X");
}

const notStarted = (error: unknown): HookEnd => ({
  kind: "failed",
  why: `it could not be started: ${oneLine(error instanceof Error ? error.message : String(error))}`,
});

/** One command that was started, until it has ended, or was ended with all of its group. */
class Running {
  private said = "";
  /** Why it is being ended; null: it is not. */
  private ending: string | null = null;
  private exited = false;
  private closed = false;
  private settled = false;
  private readonly timers: NodeJS.Timeout[] = [];
  private tell: (end: HookEnd) => void = () => undefined;

  constructor(
    private readonly child: ChildProcess,
    private readonly cancel: AbortSignal,
    private readonly graceMs: number,
  ) {}

  end(timeoutMs: number): Promise<HookEnd> {
    return new Promise((tell) => {
      this.tell = tell;
      this.listen();
      this.later(timeoutMs, () => this.stop(`it did not end within ${timeoutMs / 1000} s`));
      if (this.cancel.aborted) this.onCancel();
      else this.cancel.addEventListener("abort", this.onCancel, { once: true });
    });
  }

  private listen(): void {
    const { child } = this;
    for (const stream of [child.stdout, child.stderr]) {
      // There is none when it could not be started.
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => void (this.said = (this.said + text).slice(-keptCharacters)));
    }
    child.on("error", (error) => this.settle(notStarted(error)));
    child.on("close", () => void (this.closed = true));
    child.on("exit", (code, by) => {
      this.exited = true;
      // What is being ended is looked after until all of it is gone.
      if (this.ending === null)
        this.afterLastWords(
          code === 0 ? null : code === null ? `it was ended by ${by ?? "a signal"}` : `it ended with ${code}`,
        );
    });
  }

  private readonly onCancel = (): void => this.stop("it was ended, as asked");

  private stop(why: string): void {
    if (this.ending !== null || this.exited) return;
    this.ending = why;
    signal(this.child, "SIGTERM");
    this.later(this.graceMs, () => signal(this.child, "SIGKILL"));
    this.later(this.graceMs + afterKillMs, () => this.settle(this.failed(`${why}; something of it may still run`)));
    void this.untilGone(why);
  }

  private async untilGone(why: string): Promise<void> {
    while (!(this.exited && (await isGone(this.child)))) {
      if (this.settled) return;
      await new Promise<void>((resolve) => void setTimeout(resolve, lookMs));
    }
    // Whoever was begun while it was looked.
    signal(this.child, "SIGKILL");
    if (!this.settled) this.afterLastWords(why);
  }

  /** `exit` may come before the last of what it said. */
  private afterLastWords(how: string | null): void {
    const settle = (): void => this.settle(how === null ? { kind: "done" } : this.failed(how));
    if (this.closed) return settle();
    this.child.on("close", settle);
    // After a busy time what was said may wait to be read behind this timer.
    this.later(lastWordsMs, () => setImmediate(settle));
  }

  private failed(how: string): HookEnd {
    const last = oneLine(lastLine(this.said));
    return { kind: "failed", why: last === "" ? how : `${how}: ${last}` };
  }

  private later(ms: number, what: () => void): void {
    this.timers.push(setTimeout(what, ms));
  }

  private settle(end: HookEnd): void {
    this.settled = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.cancel.removeEventListener("abort", this.onCancel);
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    // What could not be ended keeps the driver from nothing.
    this.child.unref();
    this.tell(end);
  }
}

export interface CommandCall {
  readonly command: readonly string[];
  /** On top of the driver's own environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export class CommandRunner {
  /** `grace`: in milliseconds. */
  constructor(
    private readonly projectDirectory: string,
    private readonly env: NodeJS.ProcessEnv = process.env,
    private readonly grace = graceMs,
  ) {}

  /** Why its program can't be started, as far as can be seen; null: nothing speaks against it. */
  async lacks([program = ""]: readonly string[]): Promise<string | null> {
    const path = this.env["PATH"] ?? "";
    const places = program.includes("/")
      ? [resolve(this.projectDirectory, program)]
      : path.split(delimiter).map((folder) => join(folder, program));
    const all = await Promise.all(places.map(isProgram));
    if (all.includes(true)) return null;
    return program.includes("/") ? `${places[0]} is not an executable file` : `there is no program ${program} on PATH`;
  }

  /** Never rejects. Aborted: the command is ended, and counts as failed. */
  async run({ command, variables, timeoutMs }: CommandCall, cancel: AbortSignal): Promise<HookEnd> {
    const [program = "", ...args] = command;
    try {
      // A group of its own: Ctrl-C in the terminal is the driver's, which waits for it to end.
      const child: ChildProcess = spawn(program, args, {
        cwd: this.projectDirectory,
        env: { ...this.env, ...variables },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      return await new Running(child, cancel, this.grace).end(timeoutMs);
    } catch (error) {
      // Some reasons (ENOTDIR, E2BIG, ENOMEM, …) are thrown, others are told by an event.
      return notStarted(error);
    }
  }
}
