/** Virtual time: it moves on only when everything that runs waits for it, and jumps to what is due next. */
interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

export class Timeline {
  private readonly timers: Timer[] = [];
  private order = 0;
  /** What lives in this time: lets the world act up to now. */
  advanced: () => void = () => undefined;
  /** When the world acts next by itself; infinity: not before somebody does something to it. */
  due: () => number = () => Number.POSITIVE_INFINITY;
  constructor(public now: number) {}

  at(when: number, fire: () => void): void {
    const timer = { at: Math.max(when, this.now), order: (this.order += 1), fire };
    let index = this.timers.length;
    while (index > 0 && (this.timers[index - 1] as Timer).at <= timer.at) index -= 1;
    // Latest first, so that the earliest is taken from the end; equal times keep their order.
    this.timers.splice(index, 0, timer);
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const early = (): void => resolve();
      this.at(this.now + Math.max(milliseconds, 1), () => {
        signal?.removeEventListener("abort", early);
        resolve();
      });
      signal?.addEventListener("abort", early, { once: true });
    });
  }

  /** Moves time on until the work is done. @throws when nothing is left that could end it, or after `mostMs` */
  async runUntil<T>(work: Promise<T>, mostMs: number): Promise<T> {
    let over = false;
    const end = this.now + mostMs;
    const watched = work.finally(() => {
      over = true;
    });
    watched.catch(() => undefined);
    for (;;) {
      // Every continuation that is due runs before an immediate does.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (over) return await watched;
      const timer = this.timers.pop();
      if (timer === undefined) throw new Error("the driver waits for something that never comes");
      if (timer.at > end) throw new Error(`the driver did not come to an end within ${mostMs / 3_600_000} h`);
      this.pass(timer.at);
      timer.fire();
    }
  }
  /** The world acts by itself while nobody looks, at each time at which something in it is due. */
  pass(until: number): void {
    while (this.now < until) {
      const due = Math.max(this.due(), this.now + 1);
      this.now = Math.min(until, due);
      if (due <= until) this.advanced();
    }
  }
}
