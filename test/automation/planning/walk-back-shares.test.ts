import assert from "node:assert/strict";
import { afterStep } from "../../../automation/planning/replace";
import { walkBack } from "../../../automation/planning/walk-back";
import {
  beginMove,
  commitMove,
  startRollout,
  turnBack,
  type EnvironmentRecord,
  type Placement,
  type Step,
} from "../../../stacks/record";
import { servingWith as stands, shiftOf } from "../../stacks/record/shares";

const at = "2026-11-30T00:00:00Z";
const shift = (from: [number, number], to: [number, number]): Step => shiftOf([from[0], to[0]], [from[1], to[1]]);
const steps = [shift([999, 0], [990, 10]), shift([990, 10], [900, 100]), shift([900, 100], [0, 999])];

/** `done` of the shifts are committed; the next one is open or not. */
function record(done: number, open: boolean): EnvironmentRecord {
  const first: EnvironmentRecord = {
    schemaVersion: 2,
    revision: 1,
    placement: { blue: stands(999), green: stands(0) },
    rollout: null,
    intent: null,
  };
  const begin = (now: EnvironmentRecord, step: number) =>
    beginMove(now, { step, startedAt: at, by: "me", targetsBefore: {} });
  let now = startRollout(first, { id: "r", strategy: "replace", wantedVersion: "1.35", steps, startedAt: at });
  for (let step = 0; step < done; step += 1) now = commitMove(begin(now, step));
  return open ? begin(now, done) : now;
}

describe("the way back from shifted shares", () => {
  for (const [done, open] of [
    [0, true],
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ] as const)
    it(`is one move to the shares of before, from ${done} shifts${open ? " and an open one" : ""}`, () => {
      const now = record(done, open);
      const way = walkBack(now, { blue: "healthy", green: "unhealthy" });
      assert.ok(way.kind === "steps", JSON.stringify(way));
      assert.equal(way.steps.length, 1);
      const turned = turnBack(now, { reason: "requests fail", steps: way.steps, startedAt: at, by: "me" });
      const start: Placement = open ? { ...afterStep(now.placement, steps[done] as Step) } : now.placement;
      const end = way.steps.reduce(afterStep, start);
      assert.deepEqual([end["blue"]?.share, end["green"]?.share], [999, 0]);
      assert.equal(turned.intent?.move.kind ?? "shift", "shift");
    });
});
