/** Waiting and trying again, for calls to an API server that may be away for a while. */
import { ApiError } from "./api-client";

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * Pause before try `attempt` (0 is the first repetition): doubling from 100 ms to 5 s, half of it random, so that
 * agents don't come back in step.
 */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(5_000, 100 * 2 ** Math.min(attempt, 10));
  return full / 2 + (full / 2) * random();
}

/** True for what another try can mend: no answer, throttling, conflicts, the server's own errors. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.status === 0 || error.status === 409 || error.status === 429 || error.status >= 500)
  );
}

/** Repeats `call` while its error is transient and `signal` is not aborted; gives up after `limitMs`. */
export async function retrying<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  limitMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  const end = Date.now() + limitMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !isTransient(error) || Date.now() >= end) throw error;
      await sleep(retryDelayMs(attempt), signal);
    }
  }
}

/** Undefined instead of an error when the object is gone. */
export async function orGone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
