import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../ports";

/** `machine`: where both times come from. */
export function systemClock(
  timeScale: number,
  machine: { readonly wall: () => number; readonly even: () => number } = {
    wall: () => Date.now(),
    even: () => performance.now(),
  },
): Clock {
  const begun = machine.wall() - machine.even();
  return {
    now: () => begun + machine.even(),
    wall: machine.wall,
    sleep: async (milliseconds, signal) => {
      await wait(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    },
    scaled: (seconds) => (seconds * 1000) / timeScale,
    random: () => Math.random(),
  };
}
