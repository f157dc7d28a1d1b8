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

/** What an upgrade would do: `settings` of the config that members lack, null where none does. */
export interface HeldUpgrade {
  readonly version: string;
  readonly settings: string | null;
}

/**
 * The hold that keeps an upgrade from beginning. None once every member that serves is as it was to become: it was tried
 * again and stayed.
 */
export function heldBack(record: EnvironmentRecord, { version, settings }: HeldUpgrade): Hold | null {
  const { hold, placement } = record;
  if (hold == null || hold.version !== version) return null;
  if (hold.settings !== undefined) return hold.settings === settings ? hold : null;
  const serving = Object.values(placement).filter(isServing);
  return serving.some((one) => one.version !== version) ? hold : null;
}
