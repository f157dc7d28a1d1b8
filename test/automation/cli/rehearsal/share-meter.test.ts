import assert from "node:assert/strict";
import type { DriverEvent } from "../../../../automation/events";
import { isAsWanted, ShareMeter, sharesText, tolerance } from "../../../../automation/cli/rehearsal/share-meter";
import type { Step } from "../../../../stacks/record";

const active = (share: number) => ({ role: "active", version: "1.35", workload: "running", share }) as const;
const shift = (blue: [number, number], green: [number, number]): Step => ({
  type: "move",
  kind: "shift",
  changes: {
    blue: { from: active(blue[0]), to: active(blue[1]) },
    green: { from: active(green[0]), to: active(green[1]) },
  },
});
const bake: Step = { type: "bake", seconds: 300, why: "step" };
const started = (step: Step): DriverEvent => ({ kind: "step-started", at: "", index: 0, step, resumed: false });
const finished = (step: Step): DriverEvent => ({
  kind: "step-finished",
  at: "",
  index: 0,
  step,
  seconds: 1,
  phases: {},
});

describe("the meter of shares", () => {
  it("counts from the end of a shift to the next move, bakes included", () => {
    let counts: Record<string, number> = { blue: 500 };
    const meter = new ShareMeter(() => counts);
    const [first, second] = [shift([100, 90], [0, 10]), shift([90, 0], [10, 100])];
    meter.onEvent(started(first));
    counts = { blue: 600 };
    meter.onEvent(finished(first));
    meter.onEvent(started(bake));
    counts = { blue: 1_500, green: 100 };
    meter.onEvent(finished(bake));
    meter.onEvent(started(second));
    counts = { blue: 1_600, green: 200 };
    meter.onEvent(finished(second));
    counts = { blue: 1_600, green: 900 };
    meter.onEvent({
      kind: "rollout-finished",
      at: "",
      outcome: "done",
      code: null,
      message: "",
      remedy: null,
    } as unknown as DriverEvent);
    assert.deepEqual(meter.measured, [
      { wanted: { blue: 0.9, green: 0.1 }, seen: { blue: 0.9, green: 0.1 }, answers: 1_000 },
      { wanted: { blue: 0, green: 1 }, seen: { blue: 0, green: 1 }, answers: 700 },
    ]);
    assert.ok(meter.measured.every(isAsWanted));
    assert.equal(sharesText(meter.measured[0]!), "blue 90 % of 90 %, green 10 % of 10 % in 1000 answers");
  });

  const cases: readonly [string, number, number, number, boolean][] = [
    ["within two points", 0.1, 0.119, 100_000, true],
    ["outside of them", 0.1, 0.121, 100_000, false],
    ["within three deviations of few answers", 0.5, 0.566, 500, true],
    ["outside of them", 0.5, 0.58, 500, false],
    ["some requests where there should be none", 0, 0.001, 1_000, false],
    ["no answer at all", 0.5, 0.5, 0, false],
  ];
  for (const [what, wanted, seen, answers, good] of cases)
    it(`${good ? "takes" : "refuses"} a share ${what}`, () =>
      assert.equal(
        isAsWanted({ wanted: { blue: 1 - wanted, green: wanted }, seen: { blue: 1 - seen, green: seen }, answers }),
        good,
      ));

  it("allows less the more answers there were, and never less than two points", () => {
    assert.ok(tolerance(0.5, 100) > tolerance(0.5, 1_000));
    assert.equal(tolerance(0.5, 1_000_000), 0.02);
  });
});
