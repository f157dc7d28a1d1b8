/** Requests that failed before a member came in: kept in the record until the other one is out. */
import assert from "node:assert/strict";
import {
  beginMove,
  commitBake,
  commitEvacuation,
  commitMove,
  finishRollout,
  parseRecord,
  startRollout,
  turnBack,
  withFailing,
  type EnvironmentRecord,
  type Step,
} from "../../../stacks/record";

const at = "2026-11-30T10:00:00Z";
const active = { role: "active", version: "1.34", workload: "running" } as const;
const standby = { ...active, role: "standby" } as const;
const larger = { ...active, capacityPercent: 150 } as const;
const steps: readonly Step[] = [
  { type: "move", kind: "admit", member: "green", from: standby, to: active },
  { type: "move", kind: "scale", member: "green", from: active, to: larger },
  { type: "bake", seconds: 300, why: "green serves beside blue" },
  { type: "move", kind: "drain", member: "blue", from: active, to: standby },
];
const failing = { web: { sent: 32, failed: 32 } };
const begun = (record: EnvironmentRecord, step: number): EnvironmentRecord =>
  beginMove(record, { step, startedAt: at, by: "ann@ci 7", targetsBefore: {} });
const planned = startRollout(
  { schemaVersion: 1, revision: 1, placement: { blue: active, green: standby }, rollout: null, intent: null },
  { id: "r", strategy: "replace", wantedVersion: "1.34", steps, startedAt: at },
);
const admitting = begun(withFailing(planned, failing), 0);
const reread = (record: unknown) => parseRecord(JSON.parse(JSON.stringify(record)));
const kept = ({ rollout }: EnvironmentRecord) => rollout?.failingBefore;

describe("members whose requests fail by their share", () => {
  it("are read as they were written; a rollout that turns by itself forgets them, one that is asked to does not", () => {
    const { rollout } = planned;
    assert.ok(rollout !== null);
    const known = { ...planned, rollout: { ...rollout, erring: ["blue"] } };
    assert.deepEqual(reread(known), { record: known, problems: [] });
    const turned = turnBack(known, { reason: "probe", steps: [], startedAt: at, by: "ann@ci 7" });
    assert.equal(turned.rollout?.erring, undefined);
    const asked = turnBack(known, { reason: "rollback", steps: [], startedAt: at, by: "ann@ci 7", asked: true });
    assert.deepEqual(asked.rollout?.erring, ["blue"]);
    assert.notDeepEqual(reread({ ...planned, rollout: { ...rollout, erring: "blue" } }).problems, []);
  });
});

describe("requests that failed before a member came in", () => {
  it("are kept over every write until the other member is out, and go with its drain", () => {
    const admitted = commitMove(admitting);
    const scaled = commitMove(begun(admitted, 1));
    const draining = begun(commitBake(scaled), 3);
    for (const record of [admitting, admitted, scaled, draining]) {
      assert.deepEqual(kept(record), failing);
      assert.deepEqual(reread(record), { record, problems: [] });
      assert.equal(record.schemaVersion, 1);
    }
    const drained = commitMove(draining);
    assert.equal(kept(drained), undefined);
    assert.equal(finishRollout(drained).rollout, null);
  });

  it("are no excuse on the way back, nor once a member was evacuated", () => {
    const back: Step = { type: "move", kind: "drain", member: "green", from: active, to: standby };
    const turned = turnBack(admitting, { reason: "r", steps: [back], startedAt: at, by: "ann@ci 7" });
    assert.equal(Object.hasOwn(turned.rollout ?? {}, "failingBefore"), false);
    const evacuation = { member: "blue", startedAt: at, by: "a", why: "dead", targets: {}, roleName: null };
    const out = commitEvacuation({ ...commitMove(admitting), evacuation }, at);
    assert.equal(Object.hasOwn(out.rollout ?? {}, "failingBefore"), false);
  });

  it("are replaced by what is seen before the next member comes in: none leaves nothing behind", () => {
    const other = { api: { sent: 32, failed: 32 } };
    assert.deepEqual(kept(withFailing(admitting, other)), other);
    assert.deepEqual(withFailing(withFailing(planned, failing), {}), planned);
    const quiet = { ...planned, rollout: null };
    assert.equal(withFailing(quiet, failing), quiet);
  });

  it("are left out when they are unsound, or an earlier version wrote the record: the rest is read", () => {
    const { rollout } = planned;
    for (const unsound of [
      null,
      {},
      7,
      "web",
      [],
      { web: 32 },
      { web: { sent: 32 } },
      { web: { sent: -1, failed: 0 } },
    ])
      assert.deepEqual(reread({ ...planned, rollout: { ...rollout, failingBefore: unsound } }), {
        record: planned,
        problems: [],
      });
  });
});
