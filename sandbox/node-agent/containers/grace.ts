/** The running-out grace of one pod's (or container's) end. */
export class Grace {
  private readonly controller = new AbortController();
  private readonly began = Date.now();
  private timer: NodeJS.Timeout | undefined;
  private endsAt: number;
  /** Whether a second deletion shortened it. */
  shortened = false;
  private readonly forcing = new AbortController();

  /** `graceMs`: real milliseconds from now. */
  constructor(graceMs: number) {
    this.endsAt = this.began + graceMs;
    this.arm();
  }

  /** Aborts when the grace is over. */
  get over(): AbortSignal {
    return this.controller.signal;
  }
  /** Aborts when the end is immediate: not even the least grace is given. */
  get forced(): AbortSignal {
    return this.forcing.signal;
  }
  get remainingMs(): number {
    return Math.max(0, this.endsAt - Date.now());
  }

  /** A second deletion may shorten the grace (counted from the first), never prolong it. */
  shortenTo(graceMs: number): void {
    if (this.began + graceMs >= this.endsAt) return;
    this.endsAt = this.began + graceMs;
    // One that was over already is not shortened any more.
    this.shortened = !this.controller.signal.aborted;
    this.arm();
  }

  /** Now. */
  force(): void {
    this.cancel();
    this.endsAt = Date.now();
    this.forcing.abort();
    this.controller.abort();
  }

  /** Everything ended in time. */
  cancel(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (this.endsAt <= Date.now()) this.controller.abort();
    else this.timer = setTimeout(() => this.controller.abort(), this.endsAt - Date.now());
  }
}

/** Calls `action` once, now if the signal has aborted already. */
export function whenAborted(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener("abort", () => action(), { once: true });
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => whenAborted(signal, resolve));
}
