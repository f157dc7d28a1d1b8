import assert from "node:assert/strict";
import fc from "fast-check";
import {
  initialProbeState,
  observe,
  probeTimes,
  type ProbeKind,
} from "../../../../sandbox/node-agent/programs/probe-state";
import type { ProbeSpec } from "../../../../sandbox/kubernetes/types";

function results(kind: ProbeKind, spec: ProbeSpec, answers: string): string[] {
  let state = initialProbeState(kind);
  return [...answers].map((answer) => (state = observe(state, spec, answer === "+")).result[0] ?? "");
}

describe("probe thresholds", () => {
  it("turn readiness at the first success and the third failure in a row by default", () => {
    assert.equal(initialProbeState("readiness").result, "failure");
    assert.deepEqual(results("readiness", {}, "-+--+---+"), ["f", "s", "s", "s", "s", "s", "s", "f", "s"]);
  });
  it("count successes in a row too", () => {
    assert.deepEqual(results("readiness", { successThreshold: 2 }, "+-++"), ["f", "f", "f", "s"]);
  });
  it("leave liveness good and startup open until decided", () => {
    assert.deepEqual(results("liveness", { failureThreshold: 2 }, "-+--"), ["s", "s", "s", "f"]);
    assert.deepEqual(results("startup", { failureThreshold: 2 }, "-+"), ["u", "s"]);
  });
  it("never turn within fewer answers than the threshold", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.integer({ min: 1, max: 5 }), (answers, failureThreshold) => {
        const seen = results("liveness", { failureThreshold }, answers.map((a) => (a ? "+" : "-")).join(""));
        const first = seen.indexOf("f");
        if (first >= 0)
          assert.ok(
            answers.slice(first + 1 - failureThreshold, first + 1).every((a) => !a) && first + 1 >= failureThreshold,
          );
      }),
    );
  });
  it("scale their times down to a floor", () => {
    assert.deepEqual(probeTimes({ periodSeconds: 1, timeoutSeconds: 1, initialDelaySeconds: 6 }, 60), {
      initialDelayMs: 100,
      periodMs: 150,
      timeoutMs: 500,
    });
    assert.deepEqual(probeTimes({ timeoutSeconds: 2 }, 1), { initialDelayMs: 0, periodMs: 10_000, timeoutMs: 2_000 });
  });
});
