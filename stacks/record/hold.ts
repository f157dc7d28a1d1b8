/** A version that was rolled back is held: pure transitions of the record. */
import { isServing } from "./serving";
import type { EnvironmentRecord, Hold } from "./types";

/** In the same write as the first of the way back: whoever finishes that, the version is held. */
export const holdVersion = (record: EnvironmentRecord, hold: Hold): EnvironmentRecord => ({ ...record, hold });

/** Same revision: it is carried by the next write, or by `withRevision`. */
export function liftHold(record: EnvironmentRecord): EnvironmentRecord {
  const { hold: _, ...rest } = record;
  return rest;
}

/**
 * The hold that keeps an upgrade to `version` from beginning. None once every member that serves runs it: it was tried
 * again and stayed.
 */
export function heldBack(record: EnvironmentRecord, version: string): Hold | null {
  const { hold, placement } = record;
  if (hold == null || hold.version !== version) return null;
  const serving = Object.values(placement).filter(isServing);
  return serving.some((one) => one.version !== version) ? hold : null;
}
