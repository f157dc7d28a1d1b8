/**
 * A kubelet's restart back-off: at once after the first end, then 10 s doubling to 5 min; forgotten after 10 min of
 * running.
 */

const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 300;
const FORGET_AFTER_SECONDS = 600;

export interface BackOff {
  /** Ends since the back-off was last forgotten. */
  readonly ends: number;
}

export const freshBackOff: BackOff = { ends: 0 };

/**
 * The container ended after running for `ranSeconds` (unscaled): its new back-off and how long to wait (unscaled
 * seconds) before the next start.
 */
export function afterEnd(
  backOff: BackOff,
  ranSeconds: number,
): { readonly backOff: BackOff; readonly waitSeconds: number } {
  const before = ranSeconds >= FORGET_AFTER_SECONDS ? 0 : backOff.ends;
  const waitSeconds = before === 0 ? 0 : Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (before - 1));
  return { backOff: { ends: before + 1 }, waitSeconds };
}
