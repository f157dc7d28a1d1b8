/** Starts, watches and ends the daemon's children, and tells the reaper of each. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { isAlive, killGroup, processMemory, processStartTime } from "./processes";

export interface ChildOptions {
  /** Unique among the children; also the log's name. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The complete environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Opens an IPC channel and hands on its messages. */
  readonly onMessage?: (message: unknown) => void;
  /** Called when it ends without having been asked to. */
  readonly onUnexpectedExit?: (how: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
  readonly logFile: string;
  /** Set once the process has ended: exit code or signal, for people. */
  readonly ended: string | null;
  /** Resolves when the process has ended. */
  readonly exit: Promise<string>;
  send(message: object): boolean;
  /**
   * Asks with SIGTERM (after closing the IPC channel), then ends the whole group at the deadline; 0 ends it at once.
   */
  stop(graceMs: number): Promise<void>;
}

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly memoryBytes: number;
}

export class Supervisor {
  private readonly children = new Map<string, Child>();
  private reaper: ChildProcess | null = null;
  private closing = false;

  constructor(
    private readonly dir: string,
    private readonly reaperScript: string,
    private readonly log: (entry: object) => void,
  ) {}

  /** The reaper comes first: whatever is started after it can't be left behind. */
  startReaper(): void {
    const env = {
      PATH: process.env["PATH"] ?? "",
      ...(process.env["EKS_BLUE_GREEN_KEEP_LOGS"] === undefined
        ? {}
        : { EKS_BLUE_GREEN_KEEP_LOGS: process.env["EKS_BLUE_GREEN_KEEP_LOGS"] }),
    };
    const reaper = spawn(process.execPath, [this.reaperScript, this.dir], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env,
      cwd: "/",
    });
    reaper.stdin.on("error", () => undefined);
    reaper.once("exit", () => {
      if (!this.closing) this.startReaper();
    });
    this.reaper = reaper;
    for (const child of this.children.values()) this.tellReaper(`+${child.pid} ${child.startTime}`);
  }

  private tellReaper(line: string): void {
    this.reaper?.stdin?.write(`${line}\n`);
  }

  start(options: ChildOptions): Child {
    if (this.children.has(options.name)) throw new Error(`a child named ${options.name} is running already`);
    const logFile = join(this.dir, "logs", `${options.name}.log`);
    const log = openSync(logFile, "a", 0o600);
    const process_ = spawn(options.command, [...options.args], {
      cwd: options.cwd ?? this.dir,
      env: { ...options.env },
      // A group of its own: a Ctrl-C at the daemon's terminal doesn't reach it, and its own children end with it.
      detached: true,
      stdio: options.onMessage ? ["ignore", log, log, "ipc"] : ["ignore", log, log],
    });
    closeSync(log);
    const child = new SpawnedChild(options, process_, logFile);
    this.children.set(options.name, child);
    this.tellReaper(`+${child.pid} ${child.startTime}`);
    void child.exit.then((how) => {
      killGroup(child.pid);
      this.children.delete(options.name);
      this.tellReaper(`-${child.pid}`);
      this.log({ event: "child-ended", name: options.name, pid: child.pid, how, asked: child.stopping });
      if (!child.stopping && !this.closing) options.onUnexpectedExit?.(how);
    });
    this.log({ event: "child-started", name: options.name, pid: child.pid });
    return child;
  }

  status(): ProcessStatus[] {
    const own = { name: "daemon", pid: process.pid, memoryBytes: processMemory(process.pid) ?? 0 };
    const reaper =
      this.reaper?.pid === undefined
        ? []
        : [{ name: "reaper", pid: this.reaper.pid, memoryBytes: processMemory(this.reaper.pid) ?? 0 }];
    return [
      own,
      ...reaper,
      ...[...this.children.values()].map(({ name, pid }) => ({ name, pid, memoryBytes: processMemory(pid) ?? 0 })),
    ];
  }

  /** From now on an ending child is no surprise. */
  beginClosing(): void {
    this.closing = true;
  }

  /** Lets the reaper finish its work: it ends what is left and removes the folder. */
  endReaper(): void {
    this.closing = true;
    this.reaper?.stdin?.end();
  }

  /** Ends what is left, with its groups. */
  async stopAll(graceMs: number): Promise<void> {
    this.closing = true;
    await Promise.all([...this.children.values()].map((child) => child.stop(graceMs)));
  }
}

class SpawnedChild implements Child {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
  readonly exit: Promise<string>;
  ended: string | null = null;
  stopping = false;

  constructor(
    options: ChildOptions,
    private readonly process_: ChildProcess,
    readonly logFile: string,
  ) {
    this.name = options.name;
    this.pid = process_.pid ?? -1;
    this.startTime = this.pid > 0 ? (processStartTime(this.pid) ?? "") : "";
    if (options.onMessage) process_.on("message", options.onMessage);
    this.exit = new Promise((resolve) => {
      const end = (how: string): void => {
        this.ended ??= how;
        resolve(this.ended);
      };
      process_.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
      process_.once("error", (error) => {
        if (this.pid < 0) end(error.message);
      });
    });
  }

  send(message: object): boolean {
    if (this.ended !== null || !this.process_.connected) return false;
    this.process_.send(message, () => undefined);
    return true;
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    if (this.ended !== null || this.pid < 0) return;
    if (this.process_.connected) this.process_.disconnect();
    if (graceMs > 0) {
      killGroup(this.pid, "SIGTERM");
      const timer = setTimeout(() => killGroup(this.pid), graceMs);
      await this.exit;
      clearTimeout(timer);
    }
    if (isAlive(this.pid, this.startTime)) killGroup(this.pid);
    await this.exit;
    killGroup(this.pid);
  }
}
