/** A work queue: one reconcile of a key at a time, a few keys at once, exponential back-off after errors. */
import { scaledMs } from "../shared/clock";

const CONCURRENT = 3;
const FIRST_RETRY_SECONDS = 0.005;
const SHORTEST_RETRY_MS = 5;
const LONGEST_RETRY_SECONDS = 1_000;

/** What a reconcile asks for: nothing, or to be called again. */
export interface Outcome {
  readonly againInMs?: number;
}

/** Doubles from 5 ms to 1000 s, scaled; never under 5 ms of this machine. */
export function retryMs(failures: number, timeScale: number): number {
  return Math.max(
    SHORTEST_RETRY_MS,
    scaledMs(Math.min(FIRST_RETRY_SECONDS * 2 ** failures, LONGEST_RETRY_SECONDS), timeScale),
  );
}

export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly running = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private closed = false;

  constructor(
    private readonly work: (key: string) => Promise<Outcome>,
    private readonly timeScale: number,
    private readonly onError: (key: string, error: unknown) => void,
  ) {}

  add(key: string): void {
    this.waiting.add(key);
    this.pump();
  }

  private pump(): void {
    for (const key of this.waiting) {
      if (this.closed || this.running.size >= CONCURRENT) return;
      if (this.running.has(key)) continue;
      this.waiting.delete(key);
      this.running.add(key);
      void this.run(key);
    }
  }

  private async run(key: string): Promise<void> {
    this.cancel(key);
    try {
      const outcome = await this.work(key);
      this.failures.delete(key);
      if (outcome.againInMs !== undefined) this.addAfter(key, outcome.againInMs);
    } catch (error) {
      const failures = this.failures.get(key) ?? 0;
      this.failures.set(key, failures + 1);
      this.onError(key, error);
      this.addAfter(key, retryMs(failures, this.timeScale));
    } finally {
      this.running.delete(key);
      this.pump();
    }
  }

  private addAfter(key: string, ms: number): void {
    this.cancel(key);
    if (this.closed) return;
    this.timers.set(
      key,
      setTimeout(() => this.add(key), ms),
    );
  }

  private cancel(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }

  close(): void {
    this.closed = true;
    for (const key of [...this.timers.keys()]) this.cancel(key);
  }
}
