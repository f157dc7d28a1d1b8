/**
 * What a scenario works with: the sandbox, the driver as a pipeline would call it, a steady load, and claims that are
 * looked up, never assumed.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadSummary, SandboxInfo } from "../../../sandbox/contract";
import { DriverError, type DriverErrorCode } from "../../errors";
import type { DriverEvent, EventSink } from "../../events";
import { bin, rehearsalEnvironment, startDriver } from "./driver-process";
import { type Answers, beginLoad, waitUntilAllServe, type RunningLoad } from "./load";
import type { RehearsalOptions } from "./options";
import type { RehearsedProject } from "./project-copy";

/** Something that must hold, and whether it was seen to. */
export interface Claim {
  /** As the seeds count their steps: `step 3`; empty when it is not theirs. */
  readonly step: string;
  readonly title: string;
  readonly holds: boolean;
  /** What was seen. */
  readonly seen: string;
}

export interface Seen {
  readonly holds: boolean;
  readonly seen: string;
}

/** Runs `work` as a stage of the view; its result's text is shown when it ends. */
export async function stageOfView<T>(
  tell: EventSink,
  name: string,
  work: (progress: (message: string) => void) => Promise<T>,
  ended: (result: T) => string,
): Promise<T> {
  const startedAt = Date.now();
  const since = (): number => (Date.now() - startedAt) / 1000;
  tell({ kind: "stage", name, status: "started", message: "", seconds: null });
  try {
    const result = await work((message) => tell({ kind: "stage", name, status: "progress", message, seconds: null }));
    tell({ kind: "stage", name, status: "finished", message: ended(result), seconds: since() });
    return result;
  } catch (error) {
    tell({
      kind: "stage",
      name,
      status: "failed",
      message: error instanceof Error ? error.message : String(error),
      seconds: since(),
    });
    throw error;
  }
}

function tail(file: string, lines: number): string {
  try {
    return readFileSync(file, "utf8").trim().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

export interface StageSetting {
  readonly info: SandboxInfo;
  readonly project: RehearsedProject;
  readonly others: string;
  readonly options: RehearsalOptions;
  /** Requests a second: what was asked for, or what is usual. */
  readonly rate: number;
  readonly tell: EventSink;
  /** Events of the driver, which have their time already. */
  readonly relay: (event: DriverEvent) => void;
  readonly signal: AbortSignal;
  /** Date.now() when the rehearsal began. */
  readonly startedAt: number;
}

const mostOutputBytes = 64 * 1024 * 1024;

export class RehearsalStage {
  readonly claims: Claim[] = [];
  /** Lines below the summary. */
  readonly notes: string[] = [];
  /** What the load brought, once it has ended. */
  figures: LoadSummary | null = null;
  /** Seconds that all before the first request took. */
  setupSeconds: number | null = null;
  private load: RunningLoad | null = null;
  private drives = 0;
  private lastLog = "";
  /** With which the driver's last run ended. */
  private lastError: Extract<DriverEvent, { kind: "error" }> | null = null;

  constructor(private readonly setting: StageSetting) {}

  get info(): SandboxInfo {
    return this.setting.info;
  }
  get options(): RehearsalOptions {
    return this.setting.options;
  }
  /** Requests a second. */
  get rate(): number {
    return this.setting.rate;
  }
  get project(): RehearsedProject {
    return this.setting.project;
  }
  /** Folder of the program that is somebody else's. */
  get others(): string {
    return this.setting.others;
  }
  get tell(): EventSink {
    return this.setting.tell;
  }

  /** A stretch of the scenario, as a line of the view and of the summary. */
  step<T>(
    name: string,
    work: (progress: (message: string) => void) => Promise<T>,
    ended: (result: T) => string = () => "",
  ): Promise<T> {
    this.setting.signal.throwIfAborted();
    return stageOfView(this.tell, name, work, ended);
  }

  /** The driver's CLI with `--stack` and `--cwd`; its events go to the same view. Answers the exit code. */
  async drive(
    args: readonly string[],
    onEvent: (event: DriverEvent) => void = () => undefined,
    endsWithIt = false,
  ): Promise<number | null> {
    this.drives += 1;
    this.lastError = null;
    const log = join(this.info.dir, "logs", `driver-${this.drives}-${args[0]}.log`);
    const driver = startDriver(
      [...args, "--stack", this.project.environment, "--cwd", this.project.directory],
      this.info,
      log,
      (event) => {
        if (event.kind === "error") this.lastError = event;
        // An error that ends the rehearsal is told at its end.
        if (event.kind !== "error" || !endsWithIt) this.setting.relay(event);
        onEvent(event);
      },
      this.options.passEnv,
    );
    const stop = (): void => void driver.child.kill("SIGTERM");
    this.setting.signal.addEventListener("abort", stop, { once: true });
    const code = await driver.ended;
    this.setting.signal.removeEventListener("abort", stop);
    this.lastLog = log;
    return code;
  }

  /**
   * As `drive`, for what the rest of the scenario stands on. @throws what the driver ended with; EBG-UPDATE-FAILED when
   * it ended without a word
   */
  async mustDrive(args: readonly string[], onEvent?: (event: DriverEvent) => void): Promise<void> {
    const code = await this.drive(args, onEvent, true);
    this.setting.signal.throwIfAborted();
    if (code === 0) return;
    const begin = `\`eks-blue-green ${args.join(" ")}\` ended with ${code}`;
    const error: Extract<DriverEvent, { kind: "error" }> | null = this.lastError;
    // What it could not do is what the rehearsal can't do, with the same code.
    if (error !== null)
      throw new DriverError(error.code as DriverErrorCode, `${begin}: ${error.message}`, error.remedy);
    throw new DriverError(
      "EBG-UPDATE-FAILED",
      `${begin}:\n${tail(this.lastLog, 15)}`,
      "run with --keep to look at the sandbox and its logs",
    );
  }

  /**
   * A command of the user's own (kubectl, aws, pulumi) in the sandbox's surroundings. Answers its output. @throws
   * EBG-UPDATE-FAILED
   */
  command(name: string, args: readonly string[], cwd: string = this.project.directory): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(
        name,
        [...args],
        {
          cwd,
          env: rehearsalEnvironment(process.env, this.info, this.options.passEnv),
          maxBuffer: mostOutputBytes,
          signal: this.setting.signal,
        },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else
            reject(
              new DriverError(
                "EBG-UPDATE-FAILED",
                `\`${name} ${args.join(" ")}\` ended with ` +
                  `${error.code ?? error.signal}:\n${stderr.trim().split("\n").slice(-15).join("\n")}`,
                "run with --keep to look at the sandbox",
                error,
              ),
            );
        },
      );
    });
  }

  /** What `eks-blue-green verify` found, whatever its exit code. */
  async verify<T>(requests: number): Promise<T> {
    const answer = await this.driverOutput(["verify", "--requests", String(requests), "--json"]);
    return JSON.parse(answer) as T;
  }

  /** What `eks-blue-green plan` says. */
  async plan<T>(): Promise<T> {
    return JSON.parse(await this.driverOutput(["plan", "--json"])) as T;
  }

  /** Standard output of a command of the driver that only looks. */
  private driverOutput(args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const all = [bin, ...args, "--stack", this.project.environment, "--cwd", this.project.directory];
      execFile(
        process.execPath,
        all,
        {
          env: rehearsalEnvironment(process.env, this.info, this.options.passEnv),
          maxBuffer: mostOutputBytes,
          signal: this.setting.signal,
        },
        (error, stdout, stderr) => {
          if (stdout.trim() !== "") resolve(stdout);
          else reject(error ?? new Error(stderr));
        },
      );
    });
  }

  async json<T>(name: string, args: readonly string[], cwd?: string): Promise<T> {
    return JSON.parse(await this.command(name, args, cwd)) as T;
  }

  /**
   * Something that must hold: looked at until it does, at most `seconds` of real time. What does not hold is kept for
   * the summary and
   * makes the rehearsal fail; the scenario goes on.
   */
  async claim(step: string, title: string, look: () => Promise<Seen>, seconds = 60): Promise<boolean> {
    const until = Date.now() + seconds * 1000;
    const name = `verify: ${title}`;
    const startedAt = Date.now();
    this.tell({ kind: "stage", name, status: "started", message: "", seconds: null });
    let last: Seen = { holds: false, seen: "nothing" };
    for (;;) {
      this.setting.signal.throwIfAborted();
      last = await look().catch((error: unknown) => ({
        holds: false,
        seen: error instanceof Error ? (error.message.split("\n").at(-1) ?? "") : String(error),
      }));
      if (last.holds || Date.now() > until) break;
      await sleep(200);
    }
    this.claims.push({ step, title, ...last });
    this.tell({
      kind: "stage",
      name,
      status: last.holds ? "finished" : "failed",
      message: last.seen,
      seconds: (Date.now() - startedAt) / 1000,
    });
    return last.holds;
  }

  /** Waits until the load balancers serve on `listeners` ports or more, then begins the load on all of them. */
  async beginLoad(listeners = 1): Promise<void> {
    const { signal } = this.setting;
    const entries = await this.step(
      "first answer",
      (progress) => waitUntilAllServe(this.info, listeners, progress, signal),
      (found) => found.map((one) => `${one.host}:${one.port}`).join(", "),
    );
    this.setupSeconds = (Date.now() - this.setting.startedAt) / 1000;
    this.load = await beginLoad(this.info, entries, this.rate, this.ledgerFile, this.tell);
  }

  /** What the running load was answered so far; nothing while none runs. */
  answers(): Answers {
    return this.load?.answers() ?? { all: {}, fresh: {} };
  }

  get ledgerFile(): string {
    return join(this.info.dir, "rehearsal", "ledger.ndjson");
  }

  /** Waits for the requests in flight. Safe to repeat. */
  async endLoad(): Promise<void> {
    const load = this.load;
    this.load = null;
    if (load !== null) this.figures = await load.stop();
  }
}
