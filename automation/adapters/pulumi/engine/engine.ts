/** Runs the engine: one place for deadlines, cancelling, locks, and turning failures into DriverErrors. */
import type * as Sdk from "@pulumi/pulumi";
import type * as Automation from "@pulumi/pulumi/automation";
import { DriverError } from "../../../errors";
import type { Clock } from "../../../ports";
import type { EksName } from "../state/export";
import { adopt } from "../state/import-collisions";
import { findPulumi } from "./cli-version";
import { runCli, type CliOptions, type CliRun } from "./detached-cli";
import { EventCollector } from "./events";
import { failureOf, LockedError } from "./failures";
import { ProgressTeller, type UpdateProgress } from "./progress";
import { RecentExports } from "./recent-exports";
import { loadSdk, type ProjectSdk } from "./sdk";
import type { Diagnostic } from "./words";
import { Backends } from "../backend/backends";
import { EngineMarks, takesLock } from "../backend/engine-marks";
import { isByProject, removeLockOf } from "../backend/lock-files";
import { holderLives, markOfHolder } from "../backend/lock-holder";
import type { Project } from "../project/project";
import { looksLikeBrokenSidecar, mayBeHalfWritten, removeBrokenSidecars } from "../backend/attrs-sidecars";

export interface EngineOptions {
  readonly project: Project;
  /** Where the stacks' settings are, and where the engine runs. */
  readonly workDirectory: string;
  /** For the engine's process, on top of this process' own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly note: (message: string) => void;
  /** Told while an update or a destruction runs; previews and the record's writes are short. */
  readonly progress?: (progress: UpdateProgress) => void;
  /** The driver's own region of AWS. */
  readonly region: () => Promise<string>;
  /** The EKS cluster that is the stack's own; null: it has none. */
  readonly clusterOf: (stack: string) => Promise<EksName | null>;
}

/**
 * Seconds of AWS's time for one update: longer than the provider's own limits of what one may do together, which say what
 * took so long. A control plane's upgrade takes up to 40 minutes, a node group's has 60, an add-on's 20.
 */
export const updateSeconds = 7800;

/** After SIGINT the engine lets operations in flight come to their end. */
const graceMs = 60_000;
/** How often a read that met a sidecar in the making is repeated, and after how long. */
const mostReads = 5;
const rereadMs = 200;

/** Names of actions that take minutes. */
const longActions: ReadonlySet<string> = new Set(["update", "destroy"]);

export class Engine {
  private workspace: Promise<Automation.LocalWorkspace> | null = null;
  private readonly stacks = new Map<string, Promise<Automation.Stack>>();
  private readonly loaded: ProjectSdk;
  /** What was last said about each stack's lock. */
  private readonly told = new Map<string, string>();
  private readonly exports = new RecentExports();
  private readonly marks: EngineMarks;
  private readonly backends: Backends;

  constructor(readonly options: EngineOptions) {
    this.loaded = loadSdk(options.project);
    this.marks = new EngineMarks(options.workDirectory);
    this.backends = new Backends({
      project: options.project.name,
      workDirectory: options.workDirectory,
      urlInSurroundings: { ...process.env, ...options.env }["PULUMI_BACKEND_URL"],
      command: (stack, args) => this.commandOnce(stack, args),
    });
  }

  /** The copy of the SDK that programs run inline with. */
  get sdk(): typeof Sdk {
    return this.loaded.sdk;
  }

  private get environment(): Record<string, string> {
    return { PULUMI_SKIP_UPDATE_CHECK: "true", ...this.options.env };
  }

  /** One run of the CLI; of one that may hold a lock a mark is kept, so that a later driver knows its engine. */
  private cli(command: string, args: readonly string[], more: Omit<CliOptions, "onStart">): Promise<CliRun> {
    return runCli(command, args, {
      ...more,
      ...(takesLock(args) ? { onStart: (pid: number) => this.marks.begin(pid) } : {}),
    });
  }

  region(): Promise<string> {
    return this.options.region();
  }
  clusterOf(stack: string): Promise<EksName | null> {
    return this.options.clusterOf(stack);
  }

  private open(): Promise<Automation.LocalWorkspace> {
    this.workspace ??= this.create().catch((error: unknown) => {
      this.workspace = null;
      throw failureOf("", "starting pulumi", error, []);
    });
    return this.workspace;
  }

  private async create(): Promise<Automation.LocalWorkspace> {
    const { automation, load } = this.loaded;
    const own = await findPulumi(automation, load, this.options.workDirectory);
    // The SDK's own way of running the CLI ties it to this process by pipes.
    const run = (
      args: string[],
      cwd: string,
      env: Record<string, string>,
      _onOutput?: unknown,
      _onError?: unknown,
      signal?: AbortSignal,
    ): Promise<CliRun> => this.cli(own.command, args, { cwd, env, ...(signal === undefined ? {} : { signal }) });
    const pulumiCommand = Object.assign(Object.create(own) as Automation.PulumiCommand, { run });
    return await automation.LocalWorkspace.create({
      workDir: this.options.workDirectory,
      envVars: this.environment,
      pulumiCommand,
    });
  }

  /**
   * A handle that neither changes which stack a person has selected, nor asks for outputs and history after each update
   * (measured: half of an update's time).
   */
  private stack(name: string): Promise<Automation.Stack> {
    let opened = this.stacks.get(name);
    if (opened === undefined) {
      opened = this.open().then(async (workspace) => {
        const quiet = Object.create(workspace) as Automation.LocalWorkspace;
        Object.assign(quiet, { selectStack: async () => undefined });
        const stack = await this.loaded.automation.Stack.select(name, quiet);
        return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
      });
      this.stacks.set(name, opened);
    }
    return opened;
  }

  /** A plain CLI command; answers its stdout. Waits for whoever holds the stack. */
  async command(stack: string, args: readonly string[], seconds = 60): Promise<string> {
    const began = this.options.clock.now();
    for (;;) {
      try {
        return await this.commandOnce(stack, args, seconds);
      } catch (error) {
        if (!(error instanceof LockedError)) throw error;
        await this.waitForLock(stack, error, began, undefined);
      }
    }
  }

  /** The same, never repeated for a lock. @throws LockedError */
  async commandOnce(stack: string, args: readonly string[], seconds = 60): Promise<string> {
    const plainExport = args[0] === "stack" && args[1] === "export" && !args.includes("--show-secrets");
    const done = this.exports.touch(stack, this.options.clock.now());
    const stdout = await this.withRereads(stack, args, seconds).finally(() => done());
    if (plainExport) done(stdout);
    return stdout;
  }

  /** What an export made within the last moments said, when nothing was done to the stack since; only once. */
  takeExport(stack: string): string | null {
    return this.exports.take(stack, this.options.clock.now());
  }

  private async withRereads(stack: string, args: readonly string[], seconds: number): Promise<string> {
    const action = `pulumi ${args.slice(0, 2).join(" ")}`;
    const { workDirectory: cwd } = this.options;
    for (let reads = 1; ; reads += 1) {
      try {
        const work = async (signal: AbortSignal): Promise<string> =>
          (await this.cli("pulumi", args, { cwd, env: this.environment, signal })).stdout;
        return await this.guarded(stack, action, seconds, undefined, work, []);
      } catch (error) {
        if (!(await this.healed(stack, error, reads))) throw error;
      }
    }
  }

  /**
   * Whether a failed read is worth another: the file backend's state was being written, or a killed engine had left
   * half of a sidecar, which is removed.
   */
  private async healed(stack: string, error: unknown, reads: number): Promise<boolean> {
    const { clock, note, project } = this.options;
    if (!(error instanceof DriverError) || !looksLikeBrokenSidecar(error.message) || reads >= mostReads) return false;
    const backend = await this.backends.backend();
    if (backend.kind !== "file") return false;
    const removed = removeBrokenSidecars(backend.root, project.name, stack);
    if (removed.length > 0)
      note(`${stack}: a killed engine left ${removed.join(", ")} half written; removed, it holds nothing of the state`);
    else if (mayBeHalfWritten(error.message)) await clock.sleep(rereadMs);
    else return false;
    return true;
  }

  async run<T>(
    name: string,
    action: string,
    seconds: number,
    cancel: AbortSignal | undefined,
    work: (
      stack: Automation.Stack,
      common: { onEvent: (event: Automation.EngineEvent) => void; signal: AbortSignal },
    ) => Promise<T>,
  ): Promise<EventCollector> {
    const stack = await this.stack(name);
    const began = this.options.clock.now();
    for (let reads = 1; ;) {
      const events = new EventCollector();
      const onEvent = this.listeners(name, action, events);
      const done = this.exports.touch(name, this.options.clock.now());
      try {
        await this.guarded(
          name,
          action,
          seconds,
          cancel,
          (signal) => work(stack, { onEvent, signal }),
          events.diagnostics,
        );
        return events;
      } catch (error) {
        // The update stays failed; whoever repeats it finds the object in the state.
        if (events.collisions.length > 0) await adopt(this, name, events.collisions);
        if (await this.healed(name, error, reads)) reads += 1;
        else if (error instanceof LockedError) await this.waitForLock(name, error, began, cancel);
        else throw error;
      } finally {
        done();
      }
    }
  }

  private listeners(name: string, action: string, events: EventCollector): (event: Automation.EngineEvent) => void {
    const { progress, clock } = this.options;
    if (progress === undefined || !longActions.has(action)) return events.listen;
    const teller = new ProgressTeller(name, progress, () => clock.now());
    return (event) => {
      events.listen(event);
      teller.listen(event);
    };
  }

  /**
   * The lock of a process that is gone is removed. An engine of this machine that lives (its driver was killed: it lets
   * operations in
   * flight come to their end) is waited for as long as an update may take; somebody else's elsewhere for two minutes.
   */
  private async waitForLock(
    stack: string,
    error: LockedError,
    began: number,
    cancel: AbortSignal | undefined,
  ): Promise<void> {
    const { clock, note, project } = this.options;
    const marks = this.marks.read();
    const backend = await this.backends.backend();
    const holder = error.holder === null ? "unknown" : holderLives(error.holder, marks, backend.kind);
    if (holder === "gone" && error.holder !== null) {
      note(`${error.message}; that process is gone, so the lock is removed`);
      if (backend.kind === "file" && isByProject(backend.root, project.name))
        removeLockOf(error.holder, backend.root, project.name, stack);
      else await this.command(stack, ["cancel", "--yes", "--stack", stack]);
      const mark = markOfHolder(error.holder, marks);
      if (mark !== null) this.marks.forget(mark);
      return;
    }
    const limitMs = holder === "lives" ? Math.max(clock.scaled(updateSeconds), 120_000) : 120_000;
    if (clock.now() - began > limitMs || cancel?.aborted) throw error;
    if (this.told.get(stack) !== error.message)
      note(`${error.message}: waiting for it to end, ${Math.round(limitMs / 1000)} s at most`);
    this.told.set(stack, error.message);
    await clock.sleep(500, cancel);
  }

  /**
   * Resolves when nobody holds the stack, as far as the backend tells without taking its lock: whether somebody did.
   * @throws EBG-STACK-LOCKED
   */
  untilFree(stack: string, cancel?: AbortSignal): Promise<boolean> {
    return this.whileLocked(stack, cancel, () => this.backends.assertUnlisted(stack));
  }

  /** The same with certainty, whatever the backend. */
  untilProvenFree(stack: string, cancel?: AbortSignal): Promise<boolean> {
    return this.whileLocked(stack, cancel, () => this.backends.assertFree(stack));
  }

  private async whileLocked(
    stack: string,
    cancel: AbortSignal | undefined,
    look: () => Promise<void>,
  ): Promise<boolean> {
    const began = this.options.clock.now();
    for (let rounds = 0; ; rounds += 1) {
      try {
        await look();
        return rounds > 0;
      } catch (error) {
        if (!(error instanceof LockedError)) throw error;
        await this.waitForLock(stack, error, began, cancel);
      }
    }
  }

  private async guarded<T>(
    stack: string,
    action: string,
    seconds: number,
    cancel: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
    diagnostics: readonly Diagnostic[],
  ): Promise<T> {
    // The SDK misses a signal that was aborted before.
    if (cancel?.aborted)
      throw new DriverError(
        "EBG-STOPPED",
        `${action} of ${stack} was not begun: cancelled`,
        "run the same command again",
      );
    const deadline = new AbortController();
    const limitMs = Math.max(this.options.clock.scaled(seconds), 60_000);
    const stop = (): void => deadline.abort();
    cancel?.addEventListener("abort", stop, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stop();
        timer = setTimeout(() => reject(this.tooLate(stack, action, limitMs)), graceMs);
      }, limitMs);
    });
    try {
      return await Promise.race([work(deadline.signal), late]);
    } catch (error) {
      if (cancel?.aborted)
        throw new DriverError(
          "EBG-STOPPED",
          `${action} of ${stack} was cancelled`,
          `run the same command again; if the stack stays locked: pulumi cancel --stack ${stack}`,
          error,
        );
      throw deadline.signal.aborted
        ? this.tooLate(stack, action, limitMs)
        : failureOf(stack, action, error, diagnostics);
    } finally {
      clearTimeout(timer);
      cancel?.removeEventListener("abort", stop);
    }
  }

  private tooLate(stack: string, action: string, limitMs: number): DriverError {
    return new DriverError(
      "EBG-DEADLINE",
      `${action} of ${stack} took more than ${Math.round(limitMs / 1000)} s and was cancelled`,
      `run the same command again; if the stack stays locked: pulumi cancel --stack ${stack}`,
    );
  }
}
