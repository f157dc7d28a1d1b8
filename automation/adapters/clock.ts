import { setTimeout as wait } from "node:timers/promises";
import { DriverError } from "../errors";
import type { Clock } from "../ports";

/**
 * How many times faster than AWS the clock of holds, bakes, polls and deadlines runs; 1 unless
 * EKS_BLUE_GREEN_TIME_SCALE says otherwise.
 */
export function timeScaleFrom(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment["EKS_BLUE_GREEN_TIME_SCALE"];
  if (text === undefined || text === "") return 1;
  const scale = Number(text);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new DriverError(
    "EBG-CONFIG",
    `EKS_BLUE_GREEN_TIME_SCALE is '${text}'`,
    "give a number above 0, or unset it on AWS",
  );
}

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
