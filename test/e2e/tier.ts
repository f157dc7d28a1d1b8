/** Which points of a matrix this run has; `scripts/testing/tier.mjs` sets the two variables and says what for. */

/** Everything, as before a release. */
export const exhaustive = process.env["EBG_TEST_TIER"] === "exhaustive";

/** Of a run; the same one gives the same points. By default all of one day have the same. */
export const seed = Number(process.env["EBG_TEST_SEED"] ?? Math.floor(Date.now() / 86_400_000));

/** One of them, another with each seed. */
export function inTurn<T>(all: readonly [T, ...T[]], turn: number = seed): T {
  return all[turn % all.length] ?? all[0];
}
