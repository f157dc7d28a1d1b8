/** Runs one container: start, probes, restarts with back-off, and an orderly end. */
import { scaledMs } from "../../shared/clock";
import { afterEnd, freshBackOff } from "./back-off";
import { CreateContainerConfigError } from "./environment";
import type { LogSource } from "../programs/container-log";
import { Grace, untilAborted, whenAborted } from "./grace";
import { perform, questionOf, type Dial, type HandlerTarget } from "./handlers";
import type { ContainerSpec, ContainerState, ContainerStatus, Handler } from "../../kubernetes/types";
import { PROBE_FLOOR_MS, type ProbeKind, type ProbeResult } from "../programs/probe-state";
import { Prober } from "./prober";
import { RecentAnswers } from "./recent-answers";
import { KILLED, type RunningProgram } from "../programs/program";
import { sleep } from "../../kubernetes/retry";
import { parsePreStop, sigkillAfterMs, stopMs } from "./termination";

export interface ContainerDeps {
  readonly timeScale: number;
  readonly address: string;
  /** The pod's grace in unscaled seconds, for a restart after failed liveness probes. */
  readonly graceSeconds: number;
  readonly podUid: string;
  readonly dial: Dial;
  start(): Promise<RunningProgram>;
  /** Whether a container that ended with this code is started again. */
  restarts(exitCode: number): boolean;
  /** An init container that did its work counts as ready. */
  readonly readyWhenCompleted: boolean;
  changed(): void;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Retry of a container whose configuration is missing something, unscaled. */
const CONFIG_RETRY_SECONDS = 10;
const silent: LogSource = { since: (place) => ({ lines: [], next: place }) };
const PROBE_KINDS: readonly ProbeKind[] = ["startup", "readiness", "liveness"];

export class ContainerRunner {
  private state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  private lastState: ContainerState = {};
  private restartCount = 0;
  private backOff = freshBackOff;
  private program: RunningProgram | null = null;
  private readonly logs: { current: LogSource | null; previous: LogSource | null } = { current: null, previous: null };
  private startedMs = 0;
  private readonly probers = new Map<ProbeKind, Prober>();
  private readonly stopping = new AbortController();
  private ending: Promise<void> | null = null;
  private finished: Promise<void> | null = null;

  constructor(
    readonly spec: ContainerSpec,
    private readonly deps: ContainerDeps,
    before: ContainerStatus | undefined,
  ) {
    if (!before) return;
    // The agent was restarted, and with it everything that ran in it.
    this.restartCount = before.restartCount + (before.state.running ? 1 : 0);
    this.lastState = before.state.running ? this.terminated(KILLED, before.state.running.startedAt) : before.lastState;
  }

  /** Runs until the container has ended for good. */
  run(): Promise<void> {
    this.finished ??= this.loop();
    return this.finished;
  }

  get exitCode(): number | null {
    return this.state.terminated?.exitCode ?? null;
  }

  /** True once it runs and its startup probe, if any, has passed. */
  get started(): boolean {
    const startup = this.probers.get("startup");
    return this.program !== null && (startup === undefined || startup.result === "success");
  }

  get status(): ContainerStatus {
    const image = this.spec.image ?? "";
    const completed = this.state.terminated?.exitCode === 0;
    const readiness = this.probers.get("readiness");
    return {
      name: this.spec.name,
      image,
      imageID: image ? `sandbox://${image}` : "",
      ...(this.state.waiting && this.restartCount === 0 ? {} : { containerID: this.containerId() }),
      ready:
        (this.started && (readiness === undefined || readiness.result === "success")) ||
        (completed && this.deps.readyWhenCompleted),
      started: this.started,
      restartCount: this.restartCount,
      state: this.state,
      lastState: this.lastState,
    };
  }

  /** Of its program that runs or ran last, or of the one before; null when there was none. */
  log(which: "current" | "previous"): LogSource | null {
    return this.logs[which];
  }

  /** Ends it within the pod's grace and starts it no more. */
  async stop(grace: Grace): Promise<void> {
    this.stopping.abort();
    if (this.program) await this.endProgram(grace);
    await this.finished;
  }

  /** Fault: as if the process had been killed; it is restarted with back-off. */
  crash(): void {
    this.program?.kill();
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const program = await this.tryStart();
      if (!program) continue;
      this.deps.changed();
      const code = await program.ended;
      this.stopProbers(PROBE_KINDS);
      this.program = null;
      const ranSeconds = ((Date.now() - this.startedMs) / 1000) * this.deps.timeScale;
      this.state = this.terminated(code, this.state.running?.startedAt ?? new Date().toISOString());
      this.deps.changed();
      if (this.stopping.signal.aborted || !this.deps.restarts(code)) return;
      await this.backOffAfter(ranSeconds);
    }
  }

  private async tryStart(): Promise<RunningProgram | null> {
    try {
      const program = await this.deps.start();
      this.program = program;
      this.logs.previous = this.restartCount > 0 ? this.logs.current : null;
      this.logs.current = program.log ?? silent;
      this.startedMs = Date.now();
      this.state = { running: { startedAt: now() } };
      this.startProbers(program);
      // Deleted while it was starting: stop() saw no program to end.
      if (this.stopping.signal.aborted) program.kill();
      return program;
    } catch (error) {
      const reason = error instanceof CreateContainerConfigError ? error.name : "RunContainerError";
      this.state = { waiting: { reason, message: (error as Error).message } };
      this.deps.event("Warning", "Failed", `Error: ${(error as Error).message}`);
      this.deps.changed();
      await sleep(Math.max(500, scaledMs(CONFIG_RETRY_SECONDS, this.deps.timeScale)), this.stopping.signal);
      return null;
    }
  }

  private async backOffAfter(ranSeconds: number): Promise<void> {
    const { backOff, waitSeconds } = afterEnd(this.backOff, ranSeconds);
    this.backOff = backOff;
    if (waitSeconds > 0) {
      const ended = this.state;
      this.lastState = ended;
      this.state = {
        waiting: {
          reason: "CrashLoopBackOff",
          message: `back-off ${waitSeconds}s restarting failed container=${this.spec.name}`,
        },
      };
      this.deps.event("Warning", "BackOff", `Back-off restarting failed container ${this.spec.name}`);
      this.deps.changed();
      await sleep(scaledMs(waitSeconds, this.deps.timeScale), this.stopping.signal);
      // Deleted in the meantime: what it ended with is its final state.
      if (this.stopping.signal.aborted) this.state = ended;
    } else {
      this.lastState = this.state;
    }
    if (!this.stopping.signal.aborted) this.restartCount++;
  }

  private startProbers(program: RunningProgram): void {
    this.probers.clear();
    const specs = {
      startup: this.spec.startupProbe,
      // A program with an answer of its own is asked for it even if the pod's author wrote no probe.
      readiness:
        this.spec.readinessProbe ??
        (program.probe && !program.strictPorts && program.ports.length === 0 ? {} : undefined),
      liveness: this.spec.livenessProbe,
    };
    const answers = new RecentAnswers(PROBE_FLOOR_MS);
    for (const kind of PROBE_KINDS) {
      const spec = specs[kind];
      if (!spec) continue;
      const question = questionOf(spec);
      const ask = (timeoutMs: number): Promise<boolean> =>
        program.probe?.(kind) ??
        answers.ask(`${question} ${timeoutMs}`, () => perform(spec, this.target(program), timeoutMs));
      this.probers.set(kind, new Prober(kind, spec, this.deps.timeScale, ask, (k, result) => this.probed(k, result)));
    }
    for (const kind of this.probers.has("startup") ? (["startup"] as const) : PROBE_KINDS)
      this.probers.get(kind)?.start(0);
  }

  private probed(kind: ProbeKind, result: ProbeResult): void {
    if (result === "failure")
      this.deps.event("Warning", "Unhealthy", `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed`);
    if (kind === "startup" && result === "success") {
      this.probers.get("startup")?.stop();
      for (const next of ["readiness", "liveness"] as const) this.probers.get(next)?.start(Date.now() - this.startedMs);
    }
    if (kind !== "readiness" && result === "failure" && !this.stopping.signal.aborted) {
      this.deps.event("Normal", "Killing", `Container ${this.spec.name} failed ${kind} probe, will be restarted`);
      const grace = new Grace(stopMs(this.deps.graceSeconds, this.deps.timeScale));
      void this.endProgram(grace).then(() => grace.cancel());
    }
    this.deps.changed();
  }

  /**
   * preStop, SIGTERM, SIGKILL: once per program, whoever asks first sets the pace; a forced grace still ends it at
   * once.
   */
  private endProgram(grace: Grace): Promise<void> {
    const program = this.program;
    if (!program) return Promise.resolve();
    if (this.ending) {
      whenAborted(grace.over, () => program.kill());
      return this.ending;
    }
    this.ending = this.endInOrder(program, grace).finally(() => (this.ending = null));
    return this.ending;
  }

  private async endInOrder(program: RunningProgram, grace: Grace): Promise<void> {
    this.stopProbers(["startup", "liveness"]);
    if (this.spec.lifecycle?.preStop && !grace.over.aborted)
      await Promise.race([this.preStop(program, grace), program.ended]);
    // From here on the program may refuse connections at any time; a probe must not turn that into a new verdict.
    this.stopProbers(PROBE_KINDS);
    const remainingSeconds = (grace.remainingMs / 1000) * this.deps.timeScale;
    const last = new Grace(grace.forced.aborted ? 0 : sigkillAfterMs(remainingSeconds, this.deps.timeScale));
    if (last.remainingMs > 0) program.terminate(last.remainingMs);
    whenAborted(grace.forced, () => program.kill());
    whenAborted(grace.over, () => {
      if (grace.shortened) last.shortenTo(0);
    });
    whenAborted(last.over, () => program.kill());
    await program.ended;
    last.cancel();
  }

  private async preStop(program: RunningProgram, grace: Grace): Promise<void> {
    const handler: Handler | undefined = this.spec.lifecycle?.preStop;
    const hook = parsePreStop(handler);
    switch (hook.kind) {
      case "none":
      case "nothing-to-run":
        return;
      case "sleep":
        return sleep(stopMs(hook.seconds, this.deps.timeScale), grace.over);
      case "http":
        await Promise.race([
          perform(hook.handler, this.target(program), Math.max(1, grace.remainingMs)),
          untilAborted(grace.over),
        ]);
        return;
      default:
        return hook satisfies never;
    }
  }

  private target(program: RunningProgram): HandlerTarget {
    return {
      address: this.deps.address,
      container: this.spec,
      ports: program.ports,
      strictPorts: program.strictPorts,
      dial: this.deps.dial,
    };
  }

  private stopProbers(kinds: readonly ProbeKind[]): void {
    for (const kind of kinds) this.probers.get(kind)?.stop();
  }

  private containerId(): string {
    return `sandbox://${this.deps.podUid}-${this.spec.name}-${this.restartCount}`;
  }

  private terminated(exitCode: number, startedAt: string): ContainerState {
    return {
      terminated: {
        exitCode,
        reason: exitCode === 0 ? "Completed" : "Error",
        startedAt,
        finishedAt: now(),
        containerID: this.containerId(),
      },
    };
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
