import assert from "node:assert/strict";
import fc from "fast-check";
import { alpha, fairness, upperGamma } from "../../../automation/verify/spread-test";

const close = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9 + expected * 1e-4, `${actual} is not ${expected}`);

describe("the tail of the chi-square distribution", () => {
  // Critical values as printed tables have them.
  for (const [statistic, degrees, p] of [
    [3.841459, 1, 0.05],
    [10.82757, 1, 0.001],
    [5.991465, 2, 0.05],
    [18.30704, 10, 0.05],
    [29.5883, 10, 0.001],
    [0.0157908, 1, 0.9],
    [124.3421, 100, 0.05],
  ] as const) {
    it(`${statistic} with ${degrees} degrees of freedom: ${p}`, () => close(upperGamma(degrees / 2, statistic / 2), p));
  }
  it("falls from 1 to 0", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 200, noNaN: true }),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        (degrees, x, more) => {
          const [here, further] = [upperGamma(degrees / 2, x), upperGamma(degrees / 2, x + more)];
          assert.ok(here <= 1 + 1e-12 && further >= 0 && further <= here + 1e-12, `${here} ${further}`);
        },
      ),
    );
  });
});

/** A small generator of its own, so that a failure repeats. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function spread(shares: readonly number[], requests: number, next: () => number): number[] {
  const counts = shares.map(() => 0);
  for (let sent = 0; sent < requests; sent += 1) {
    let left = next();
    const at = shares.findIndex((share) => (left -= share) < 0);
    counts[at === -1 ? counts.length - 1 : at]! += 1;
  }
  return counts;
}

describe("fairness", () => {
  const judge = (expected: readonly number[], observed: readonly number[]) =>
    fairness(
      expected.map((expectedShare, index) => ({ name: `m${index}`, expectedShare, observed: observed[index] ?? 0 })),
    );

  it("calls fair spreads unfair about as often as alpha says", () => {
    const next = random(7);
    const unfair = Array.from({ length: 3000 }, () => judge([0.5, 0.5], spread([0.5, 0.5], 400, next)).verdict).filter(
      (verdict) => verdict === "unfair",
    ).length;
    // 3 are expected; 15 or more have a probability below one in a million.
    assert.ok(unfair < 15, `${unfair} of 3000 with alpha ${alpha}`);
  });
  it("finds a spread of 40 to 60 in 1000 requests", () =>
    assert.equal(judge([0.5, 0.5], [400, 600]).verdict, "unfair"));
  it("weighs by share: 250 to 750 is fair with one target against three", () => {
    assert.equal(judge([0.25, 0.75], [250, 750]).verdict, "fair");
    assert.equal(judge([0.5, 0.5], [250, 750]).verdict, "unfair");
  });
  it("does not judge over too few requests", () => assert.equal(judge([0.5, 0.5], [4, 4]).verdict, "too-few"));
  it("agrees with the closed forms: erfc(√(x/2)) with one degree of freedom, exp(−x/2) with two", () => {
    close(judge([0.5, 0.5], [491, 509]).pValue, 0.5692136);
    close(judge([1 / 3, 1 / 3, 1 / 3], [300, 350, 350]).pValue, 0.082085);
  });
});
