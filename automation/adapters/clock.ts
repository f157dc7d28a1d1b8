import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../ports";

export function systemClock(timeScale: number): Clock {
  return {
    now: () => Date.now(),
    sleep: async (milliseconds, signal) => {
      await wait(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    },
    scaled: (seconds) => (seconds * 1000) / timeScale,
    random: () => Math.random(),
  };
}
