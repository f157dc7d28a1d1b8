import assert from "node:assert/strict";
import { plan } from "../../../../automation/planning/replace";
import { walkBack, type Turning } from "../../../../automation/planning/walk-back";
import { absent, beginMove, commitMove, turnBack, type EnvironmentRecord } from "../../../../stacks/record";
import { active, limits, prefix, told } from "./ground";

const worse: Turning = { refuge: ["green"], worse: true, nothingAnswers: false };
const healthy = { blue: "healthy", green: "healthy" } as const;
const signed = { startedAt: "t", by: "b" };
const begin = (record: EnvironmentRecord, step: number) => beginMove(record, { step, ...signed, targetsBefore: {} });

/** Turned at the step with these shares, with `done` moves of the way back made and the next one open or not. */
function turned(count: number, done: number, open: boolean): EnvironmentRecord {
  const steps = plan(
    { blue: active(100), green: absent },
    { version: "1.35", members: ["blue", "green"] },
    "replace",
    limits,
  );
  const record = prefix(
    { blue: active(100), green: absent },
    steps,
    { strategy: "replace", wantedVersion: "1.35" },
    { count, open: false },
  );
  const way = walkBack(record, healthy);
  assert.ok(way.kind === "steps", JSON.stringify(way));
  let now = turnBack(record, { reason: "r", steps: way.steps, ...signed });
  for (let index = 0; index < done; index += 1) now = commitMove(begin(now, index));
  return open ? begin(now, done) : now;
}

const again = (record: EnvironmentRecord, turning: Turning = worse) => {
  const way = walkBack(record, healthy, { turning });
  if (way.kind === "steps") turnBack(record, { reason: "r", steps: way.steps, again: true, ...signed });
  return way.kind === "steps" ? told(way.steps) : way.kind;
};

describe("a way back with weighted traffic that failed a check itself", () => {
  it("goes back to the shares of when it turned, when requests fail more since its shift", () => {
    // At blue 90, green 10: the shift back is open.
    assert.deepEqual(again(turned(4, 0, true)), ["shift blue 90, green 10"]);
    // At blue 0, green 100, behind the last step.
    assert.deepEqual(again(turned(7, 0, true)), ["shift blue 0, green 100"]);
  });

  it("takes out again whoever it brought in, without a share", () => {
    // Blue was drained and stopped; it was started and admitted, and its shift is open.
    assert.deepEqual(again(turned(10, 2, true)), ["shift blue 0, green 100", "drain blue"]);
    // Its admit is open: nobody was sent there yet.
    assert.deepEqual(again(turned(10, 1, true)), ["drain blue"]);
  });

  it("stays where nothing got worse, and where it has turned once more already", () => {
    assert.equal(again(turned(7, 0, true), { ...worse, worse: false }), "stay");
    const record = turned(7, 0, true);
    assert.ok(record.rollout !== null);
    assert.equal(again({ ...record, rollout: { ...record.rollout, again: true } }), "stay");
  });
});
