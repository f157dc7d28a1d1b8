import assert from "node:assert/strict";
import {
  beginMove,
  commitEvacuation,
  commitMove,
  parseRecord,
  signed,
  startRollout,
  type EnvironmentRecord,
  type Step,
} from "../../../stacks/record";

const at = "2026-11-30T10:00:00Z";
const caller = "arn:aws:sts::123456789012:assumed-role/deploy/ci-7";
const active = { role: "active", version: "1.34", workload: "running" } as const;
const standby = { ...active, role: "standby" } as const;
const drain: Step = { type: "move", kind: "drain", member: "blue", from: active, to: standby };
const scale: Step = {
  type: "move",
  kind: "scale",
  member: "blue",
  from: standby,
  to: { ...standby, capacityPercent: 50 },
};
const first: EnvironmentRecord = {
  schemaVersion: 1,
  revision: 1,
  placement: { blue: active, green: active },
  rollout: null,
  intent: null,
};
const planned = (steps: readonly Step[], record = first): EnvironmentRecord =>
  startRollout(record, { id: "r", strategy: "replace", wantedVersion: "1.35", steps, startedAt: at });
const begun = (record: EnvironmentRecord, step: number, signature: object): EnvironmentRecord =>
  beginMove(record, { step, startedAt: at, by: "ann@ci 7", targetsBefore: {}, ...signature });
const reread = (record: unknown) => parseRecord(JSON.parse(JSON.stringify(record)));

describe("who wrote the record", () => {
  it("stands in the open move, and in the last move of traffic once that is done", () => {
    const open = begun(planned([drain, scale]), 0, { caller });
    assert.equal(open.intent?.caller, caller);
    assert.equal(open.lastTraffic, undefined);
    const done = commitMove(open);
    assert.deepEqual(done.lastTraffic, { kind: "drain", member: "blue", startedAt: at, by: "ann@ci 7", caller });
    const scaled = commitMove(begun(done, 1, { by: "bob@ci 8" }));
    assert.deepEqual(scaled.lastTraffic, done.lastTraffic, "a move that moves no traffic");
    for (const record of [open, done, scaled]) assert.deepEqual(reread(record), { record, problems: [] });
  });

  it("is of a shift where traffic is weighted: who is bound at a share of 0 has no part in it", () => {
    const share = (of: number) => ({ ...active, share: of });
    const steps: readonly Step[] = [
      { type: "move", kind: "admit", member: "green", from: standby, to: share(0) },
      {
        type: "move",
        kind: "shift",
        changes: { blue: { from: share(100), to: share(0) }, green: { from: share(0), to: share(100) } },
      },
      { type: "move", kind: "drain", member: "blue", from: share(0), to: standby },
    ];
    const shares: EnvironmentRecord = { ...first, schemaVersion: 2, placement: { blue: share(100), green: standby } };
    const admitted = commitMove(begun(planned(steps, shares), 0, { caller }));
    assert.equal(admitted.lastTraffic, undefined);
    const shifted = commitMove(begun(admitted, 1, { caller }));
    const moved = { kind: "shift", member: "green", startedAt: at, by: "ann@ci 7", caller };
    assert.deepEqual(shifted.lastTraffic, moved);
    assert.deepEqual(commitMove(begun(shifted, 2, { by: "bob@ci 8" })).lastTraffic, moved);
    assert.deepEqual(reread(shifted).record?.lastTraffic, moved);
  });

  it("is who evacuated a member, too", () => {
    const evacuation = {
      member: "blue",
      startedAt: at,
      by: "ann@laptop 3",
      caller,
      why: "dead",
      targets: {},
      roleName: null,
    };
    const record = { ...first, evacuation };
    assert.deepEqual(reread(record), { record, problems: [] });
    const out = commitEvacuation(record, "2026-11-30T10:05:00Z");
    const signature = { by: "ann@laptop 3", caller };
    assert.deepEqual(out.lastTraffic, { kind: "evacuate", member: "blue", startedAt: at, ...signature });
    assert.equal(out.placement["blue"]?.evacuated?.caller, caller);
    assert.deepEqual(reread(out), { record: out, problems: [] });
  });

  it("may be missing: an earlier version wrote the record, or STS did not say", () => {
    const record = commitMove(begun(planned([drain, scale]), 0, {}));
    assert.equal(Object.hasOwn(record.lastTraffic ?? {}, "caller"), false);
    const { lastTraffic: _none, ...earlier } = record;
    assert.deepEqual(reread(earlier), { record: earlier, problems: [] });
  });

  for (const [what, foreign] of [
    ["no text", 7],
    ["no ARN", "somebody"],
    ["an ARN with a line end", `${caller}\n::error::`],
    ["an escape sequence", `arn:aws:iam::123456789012:user/\u001b[2J`],
    ["without end", `arn:aws:iam::123456789012:user/${"x".repeat(2000)}`],
  ] as const) {
    it(`is left out when it is ${what}: the rest is read`, () => {
      const open = begun(planned([drain]), 0, {});
      const { record } = reread({ ...open, intent: { ...open.intent, caller: foreign } });
      assert.deepEqual(record, open);
    });
  }

  it("is left out as a whole when the move that it tells of is none", () => {
    const done = commitMove(begun(planned([drain, scale]), 0, { caller }));
    const { lastTraffic, ...rest } = done;
    for (const unsound of [
      "drain",
      { ...lastTraffic, kind: "fly" },
      { ...lastTraffic, member: "../x" },
      { kind: "drain" },
    ])
      assert.deepEqual(reread({ ...rest, lastTraffic: unsound }), { record: rest, problems: [] });
  });

  it("is another one's as a whole when another one goes on: no caller stays beside a process that it was not", () => {
    const open = begun(planned([drain]), 0, { caller }).intent;
    assert.deepEqual(signed({ ...open, by: "ann@ci 7" }, { by: "bob@ci 8" }), {
      ...JSON.parse(JSON.stringify({ ...open, caller: undefined })),
      by: "bob@ci 8",
    });
  });
});
