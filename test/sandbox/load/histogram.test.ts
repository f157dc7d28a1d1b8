import assert from "node:assert/strict";
import fc from "fast-check";
import { Histogram } from "../../../sandbox/load/histogram";

describe("load: histogram", () => {
  it("is zero while empty", () => assert.deepEqual(new Histogram().summary(), { p50: 0, p99: 0, max: 0 }));

  it(
    "gives percentiles within 6 % (or a fiftieth of a millisecond) of the true ones, never below, and the exact " +
      "largest",
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 400 }),
          (samples) => {
            const histogram = new Histogram();
            for (const sample of samples) histogram.add(sample);
            const sorted = [...samples].sort((a, b) => a - b);
            const { p50, p99, max } = histogram.summary();
            const round = 0.006;
            for (const [part, got] of [
              [0.5, p50],
              [0.99, p99],
            ] as const) {
              const truth = sorted[Math.ceil(sorted.length * part) - 1]!;
              assert.ok(got >= truth - round && got <= truth * 1.06 + 0.02, `${got} for ${truth}`);
            }
            assert.ok(Math.abs(max - sorted.at(-1)!) <= round);
          },
        ),
      );
    },
  );

  it("takes a clock that went back for zero", () => {
    const histogram = new Histogram();
    histogram.add(-5);
    assert.deepEqual(histogram.summary(), { p50: 0, p99: 0, max: 0 });
  });
});
