import assert from "node:assert/strict";
import fc from "fast-check";
import {
  asOneWrite,
  beginMove,
  commitBake,
  commitMove,
  compareVersions,
  desiredOfMember,
  finishRollout,
  higherVersion,
  initialRecord,
  parseRecord,
  startRollout,
  turnBack,
} from "../../../stacks/record";
import type { EnvironmentRecord, MemberPlacement, MemberMoveKind, Step } from "../../../stacks/record";

const at = "2026-11-21T00:00:00Z";
const gone: MemberPlacement = { role: "absent", version: null, workload: "running" };
const version = fc.integer({ min: 20, max: 60 }).map((minor) => `1.${minor}`);
const placement: fc.Arbitrary<MemberPlacement> = fc.oneof(
  fc.constant(gone),
  fc.record(
    {
      role: fc.constantFrom("standby" as const, "active" as const),
      version,
      workload: fc.constantFrom("running" as const, "stopped" as const),
    },
    { noNullPrototype: true },
  ),
);
const kind = fc.constantFrom<MemberMoveKind>("provision", "admit", "drain", "upgrade", "scale", "retire");

/** A record with a rollout whose steps follow each other, for members blue and green. */
const rollouts = fc
  .tuple(
    placement,
    placement,
    fc.array(
      fc.oneof(
        fc.record({ bake: fc.integer({ min: 0, max: 600 }) }),
        fc.record({ member: fc.constantFrom("blue", "green"), kind, to: placement }),
      ),
      { maxLength: 8 },
    ),
  )
  .map(([blue, green, wishes]) => {
    const now: Record<string, MemberPlacement> = { blue, green };
    const steps = wishes.map((wish): Step => {
      if ("bake" in wish) return { type: "bake", seconds: wish.bake, why: "so" };
      const from = now[wish.member] ?? gone;
      now[wish.member] = wish.to;
      return { type: "move", kind: wish.kind, member: wish.member, from, to: wish.to };
    });
    const record: EnvironmentRecord = {
      schemaVersion: 1,
      revision: 1,
      placement: { blue, green },
      rollout: null,
      intent: null,
    };
    return {
      record: startRollout(record, { id: "r", strategy: "replace", wantedVersion: "1.35", steps, startedAt: at }),
      last: { ...now },
    };
  });
const begin = (record: EnvironmentRecord, step: number) =>
  beginMove(record, { step, startedAt: at, by: "me", targetsBefore: { web: ["10.0.0.1:80"] } });

/** Every record of a rollout that is followed to its end. */
function history(record: EnvironmentRecord): EnvironmentRecord[] {
  const seen = [record];
  const push = (next: EnvironmentRecord) => void seen.push(next);
  for (const [index, step] of (record.rollout?.steps ?? []).entries()) {
    const now = seen.at(-1) as EnvironmentRecord;
    if (step.type === "bake") push(commitBake(now));
    else {
      push(begin(now, index));
      push(commitMove(seen.at(-1) as EnvironmentRecord));
    }
  }
  push(finishRollout(seen.at(-1) as EnvironmentRecord));
  return seen;
}

describe("the record", () => {
  it("survives every rollout: revisions go up by one, and it reads back as it was written", () => {
    fc.assert(
      fc.property(rollouts, ({ record, last }) => {
        const all = history(record);
        all.forEach((each, index) => {
          assert.equal(each.revision, record.revision + index);
          assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(each))), { record: each, problems: [] });
        });
        assert.deepEqual(all.at(-1)?.placement, last);
        assert.equal(all.at(-1)?.rollout, null);
      }),
    );
  });

  it("keeps what was counted before a drain, by member, and says what is wrong with it", () => {
    fc.assert(
      fc.property(rollouts, ({ record }) => {
        if (record.rollout?.steps[0]?.type !== "move") return;
        const counted = beginMove(
          { ...record, rollout: { ...record.rollout, healthyBefore: { red: { web: 3 } } } },
          { step: 0, startedAt: at, by: "me", targetsBefore: {}, healthyBefore: { web: 40 } },
        );
        assert.deepEqual(counted.rollout?.healthyBefore, {
          red: { web: 3 },
          [record.rollout.steps[0].member ?? ""]: { web: 40 },
        });
        assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(counted))), { record: counted, problems: [] });
        const broken = parseRecord({
          ...counted,
          rollout: { ...counted.rollout, healthyBefore: { blue: { web: -1 } } },
        });
        assert.match(broken.problems.join(), /rollout\.healthyBefore\.blue\.web/);
      }),
    );
  });

  it("moves placement at commit only", () => {
    fc.assert(
      fc.property(rollouts, ({ record }) => {
        const all = history(record);
        all.slice(1).forEach((each, index) => {
          const before = all[index] as EnvironmentRecord;
          if (before.intent === null) assert.deepEqual(each.placement, before.placement);
        });
      }),
    );
  });

  it(
    "declares under a plain update everything that is there before or after the open move, and never a lower " +
      "version",
    () => {
      fc.assert(
        fc.property(
          placement,
          placement,
          kind.filter((each) => each !== "retire"),
          (from, to, moveKind) => {
            const record = begin(
              startRollout(
                { schemaVersion: 1, revision: 1, placement: { blue: from }, rollout: null, intent: null },
                {
                  id: "r",
                  strategy: "replace",
                  wantedVersion: "1.35",
                  startedAt: at,
                  steps: [{ type: "move", kind: moveKind, member: "blue", from, to }],
                },
              ),
              0,
            );
            const plain = desiredOfMember(record, "blue", { acting: false });
            assert.equal(plain.refuse, null);
            assert.equal(plain.bindings === "declared", from.role === "active" || to.role === "active");
            for (const side of [from, to]) {
              if (side.version !== null)
                assert.ok(
                  plain.placement.version !== null && compareVersions(plain.placement.version, side.version) >= 0,
                );
              if (side.role !== "absent" && side.workload === "running")
                assert.equal(plain.placement.workload, "running");
            }
            assert.deepEqual(desiredOfMember(record, "blue", { acting: true }).placement, to);
          },
        ),
      );
    },
  );

  it("leaves members alone that the open move doesn't touch", () => {
    fc.assert(
      fc.property(rollouts, ({ record }) => {
        for (const each of history(record)) {
          for (const member of ["blue", "green"]) {
            if (each.intent?.move.member === member) continue;
            for (const acting of [true, false])
              assert.deepEqual(desiredOfMember(each, member, { acting }).placement, each.placement[member]);
          }
        }
      }),
    );
  });

  const standby: MemberPlacement = { role: "standby", version: "1.35", workload: "running" };
  const first = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.34" });
  const provision: Step = { type: "move", kind: "provision", member: "green", from: gone, to: standby };
  const started = startRollout(first, {
    id: "r",
    strategy: "replace",
    wantedVersion: "1.35",
    startedAt: at,
    steps: [provision, { type: "bake", seconds: 1, why: "so" }],
  });

  it("turns an open move round instead of forgetting it", () => {
    const back: Step = { type: "move", kind: "retire", member: "green", from: standby, to: gone };
    const turned = turnBack(begin(started, 0), { reason: "gate failed", steps: [back], startedAt: at, by: "me" });
    assert.deepEqual(
      [turned.rollout?.direction, turned.rollout?.done, turned.intent?.move.kind],
      ["back", 0, "retire"],
    );
    assert.deepEqual(commitMove(turned).placement, first.placement);
    const other: Step = {
      type: "move",
      kind: "drain",
      member: "blue",
      from: first.placement["blue"] as MemberPlacement,
      to: gone,
    };
    assert.throws(() => turnBack(begin(started, 0), { reason: "x", steps: [other], startedAt: at, by: "me" }), {
      message: "turnBack: 'provision green' is open, so the way back begins with green, not with blue",
    });
  });
  it("joins a commit and the next begin into one write", () => {
    const two = startRollout(first, {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      startedAt: at,
      steps: [
        provision,
        { type: "move", kind: "admit", member: "green", from: standby, to: { ...standby, role: "active" } },
      ],
    });
    const open = begin(two, 0);
    assert.equal(asOneWrite(open, begin(commitMove(open), 1)).revision, open.revision + 1);
  });
  it("refuses transitions that make no sense", () => {
    assert.throws(() => begin(first, 0), { message: "beginMove: no rollout is under way" });
    assert.throws(() => begin(begin(started, 0), 0), {
      message: "beginMove: 'provision green' was begun and is not committed",
    });
    assert.throws(() => begin(started, 1), { message: "beginMove: step 1 would skip a move after step 0" });
    assert.throws(() => finishRollout(started), { message: "finishRollout: 2 of 2 steps are not done" });
    assert.throws(
      () => startRollout(started, { id: "s", strategy: "cycle", wantedVersion: "1.35", steps: [], startedAt: at }),
      { message: "startRollout: rollout r is under way" },
    );
  });
  it("names every problem of a damaged record", () => {
    const damaged = {
      schemaVersion: 1,
      revision: 0,
      placement: { blue: { role: "lost", version: "x", workload: "running" } },
      rollout: null,
      intent: null,
    };
    assert.deepEqual(parseRecord(damaged).problems, [
      'placement.blue.role: expected one of absent, standby, active, got "lost"',
      'placement.blue.version: expected a Kubernetes minor like 1.35 or null, got "x"',
      "revision: expected a whole number from 1, got 0",
    ]);
    assert.deepEqual(parseRecord({ schemaVersion: 3 }).problems, [
      "schemaVersion: this version of eks-blue-green reads 1 and 2, got 3",
    ]);
  });
  it("compares minors as numbers", () => {
    assert.equal(higherVersion("1.9", "1.35"), "1.35");
    assert.equal(higherVersion(null, "1.35"), "1.35");
    assert.equal(higherVersion(null, null), null);
  });
});
