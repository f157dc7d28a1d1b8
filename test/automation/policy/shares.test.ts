import assert from "node:assert/strict";
import { runPolicy } from "../../../automation/policy/run-policy";
import { walkBack } from "../../../automation/planning/walk-back";
import { beginMove, commitMove, startRollout, turnBack } from "../../../stacks/record";
import type { EnvironmentRecord, MemberPlacement, Step } from "../../../stacks/record";

const stands = (share: number): MemberPlacement => ({ role: "active", version: "1.35", workload: "running", share });
const signed = { startedAt: "t", by: "b" };
const standby: MemberPlacement = { role: "standby", version: "1.35", workload: "running" };
const begin = (record: EnvironmentRecord, step: number) => beginMove(record, { step, ...signed, targetsBefore: {} });

/** Green came in and has a tenth; the rest of the rollout is not of interest. */
function shifted(): EnvironmentRecord {
  const steps: Step[] = [
    { type: "move", kind: "admit", member: "green", from: standby, to: stands(0) },
    {
      type: "move",
      kind: "shift",
      changes: { blue: { from: stands(100), to: stands(90) }, green: { from: stands(0), to: stands(10) } },
    },
    { type: "bake", seconds: 300, why: "green serves" },
  ];
  const first: EnvironmentRecord = {
    schemaVersion: 2,
    revision: 1,
    placement: { blue: stands(100), green: standby },
    rollout: null,
    intent: null,
  };
  const rollout = startRollout(first, { id: "r", strategy: "replace", wantedVersion: "1.35", steps, startedAt: "t" });
  return commitMove(begin(commitMove(begin(rollout, 0)), 1));
}

describe("the policy of a run with weighted traffic", () => {
  it("asks nothing of a member that serves nobody", () => {
    const record = { rollout: null, placement: { blue: stands(100), green: stands(0) } };
    assert.deepEqual(runPolicy(record).baked, ["blue"]);
    assert.deepEqual(runPolicy(record).peersOf("blue"), []);
  });

  it("looks at whoever has a share, however small", () => {
    assert.deepEqual(runPolicy(shifted()).baked, ["blue", "green"]);
  });

  it("on the way back believes requests as soon as the member that leaves has no share", () => {
    const record = shifted();
    const way = walkBack(record, { blue: "healthy", green: "unhealthy" });
    assert.ok(way.kind === "steps");
    const back = turnBack(record, { reason: "requests fail", steps: way.steps, ...signed });
    assert.equal(runPolicy(back).requestsTell, false);
    const shiftedBack = commitMove(begin(back, 0));
    assert.equal(shiftedBack.placement["green"]?.share, 0);
    assert.equal(shiftedBack.rollout?.steps[1]?.type === "move" && shiftedBack.rollout.steps[1].kind, "drain");
    assert.equal(runPolicy(shiftedBack).requestsTell, true);
  });
});
