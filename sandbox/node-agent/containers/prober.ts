/** Asks one probe of one running container again and again. */
import type { ProbeSpec } from "../../kubernetes/types";
import { beginStretch, Excuses, type Stretch } from "../../shared/pace";
import { initialProbeState, observe, probeTimes, type ProbeKind, type ProbeResult } from "../programs/probe-state";

export class Prober {
  private state;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly excuses = new Excuses();

  constructor(
    private readonly kind: ProbeKind,
    private readonly spec: ProbeSpec,
    private readonly timeScale: number,
    private readonly ask: (timeoutMs: number) => Promise<boolean>,
    /** Called when the result changes. */
    private readonly onResult: (kind: ProbeKind, result: ProbeResult) => void,
    private readonly stretch: () => Stretch = beginStretch,
  ) {
    this.state = initialProbeState(kind);
  }

  get result(): ProbeResult {
    return this.state.result;
  }

  /** `ranMs`: how long the container has been running already; the initial delay counts from its start. */
  start(ranMs: number): void {
    this.timer = setTimeout(
      () => void this.round(),
      Math.max(0, probeTimes(this.spec, this.timeScale).initialDelayMs - ranMs),
    );
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    const { periodMs, timeoutMs } = probeTimes(this.spec, this.timeScale);
    const began = Date.now();
    const stretch = this.stretch();
    const succeeded = await this.ask(timeoutMs).catch(() => false);
    if (this.stopped) return;
    const before = this.state.result;
    // The programs run in this very process: when it was starved, none of them could answer.
    if (this.excuses.counts(succeeded, stretch)) this.state = observe(this.state, this.spec, succeeded);
    this.timer = setTimeout(() => void this.round(), Math.max(0, periodMs - (Date.now() - began)));
    if (this.state.result !== before) this.onResult(this.kind, this.state.result);
  }
}
