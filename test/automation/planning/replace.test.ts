import assert from "node:assert/strict";
import fc from "fast-check";
import { afterStep, plan, type Wanted } from "../../../automation/planning/replace";
import { walkBack } from "../../../automation/planning/walk-back";
import {
  isMemberMove,
  memberMoves,
  placementAfter,
  absent,
  commitBake,
  commitMove,
  compareVersions,
  type EnvironmentRecord,
  type MemberPlacement,
  type Placement,
  type Step,
  servingMembers,
} from "../../../stacks/record";

const names = ["blue", "green", "red", "grey"];
const version = fc.constantFrom("1.33", "1.34", "1.35");
const stands: fc.Arbitrary<MemberPlacement> = fc.oneof(
  fc.constant(absent),
  fc.record({
    role: fc.constantFrom("standby" as const),
    version,
    workload: fc.constantFrom("running" as const, "stopped" as const),
  }),
  fc.record({ role: fc.constantFrom("active" as const), version, workload: fc.constant("running" as const) }),
);
const placement = fc
  .tuple(...names.map(() => stands))
  .map((all): Placement => Object.fromEntries(names.map((name, index) => [name, all[index] as MemberPlacement])));
const limits = { minActive: 1, bakeSeconds: 300 };

/** The plan, or null when it is refused for a reason that the driver names. */
function planned(current: Placement, wanted: Wanted, minActive = 1): Step[] | null {
  try {
    return plan(current, wanted, "replace", { ...limits, minActive });
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "EBG-PLAN-IMPOSSIBLE");
    return null;
  }
}
const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);

describe("plan (replace), where every workload is somebody else's", () => {
  it("is the same plan without the stops", () => {
    fc.assert(
      fc.property(placement, version, (current, wantedVersion) => {
        const wanted = { version: wantedVersion, members: names };
        const withStops = planned(current, wanted);
        if (withStops === null) return;
        const steps = plan(current, wanted, "replace", { ...limits, stopsWorkloads: false });
        const told = (all: readonly Step[]): string[] =>
          all.flatMap((step) => (step.type === "move" ? [`${step.kind} ${step.member}`] : [step.why]));
        const stops = (step: Step): boolean =>
          step.type === "move" && step.kind === "scale" && step.to.workload === "stopped";
        assert.equal(steps.some(stops), false);
        assert.deepEqual(told(steps), told(withStops.filter((step) => !stops(step))));
        through(current, steps);
      }),
    );
  });
});

describe("plan (replace)", () => {
  const wanted = { version: "1.35", members: names };

  it(
    "keeps at least minActive members active at every point, never drains the last one, and each move starts where " +
      "its member stands",
    () => {
      fc.assert(
        fc.property(placement, fc.integer({ min: 1, max: 3 }), (current, minActive) => {
          const steps = planned(current, wanted, minActive);
          if (steps === null) return;
          through(current, steps).forEach((now) => assert.ok(servingMembers(now).length >= minActive));
          steps.reduce((now, step) => {
            assert.ok(step.type === "bake" || isMemberMove(step));
            if (step.type === "move") assert.deepEqual(now[step.member], step.from);
            if (step.type === "move" && step.kind === "drain") assert.ok(servingMembers(now).length > 1);
            return afterStep(now, step);
          }, current);
        }),
        { numRuns: 500 },
      );
    },
  );

  it("ends with the wanted version alone, as many active members as before, and nothing left to plan", () => {
    fc.assert(
      fc.property(placement, (current) => {
        const steps = planned(current, wanted);
        if (steps === null) return;
        const end = through(current, steps).at(-1) as Placement;
        // One fewer at most, and only when no name was left for another.
        const crowded = Object.values(current).every((one) => one.role === "active");
        assert.ok(crowded || servingMembers(end).length >= servingMembers(current).length);
        for (const one of Object.values(end)) if (one.role === "active") assert.equal(one.version, "1.35");
        assert.deepEqual(planned(end, wanted), []);
      }),
      { numRuns: 500 },
    );
  });

  it("leads to the same end from every point on the way", () => {
    fc.assert(
      fc.property(placement, fc.nat(20), (current, cut) => {
        const steps = planned(current, wanted);
        if (steps === null) return;
        const midway = through(current, steps.slice(0, cut)).at(-1) as Placement;
        const rest = planned(midway, wanted);
        assert.ok(rest !== null);
        const end = through(midway, rest).at(-1) as Placement;
        for (const one of Object.values(end)) if (one.role === "active") assert.equal(one.version, "1.35");
      }),
      { numRuns: 500 },
    );
  });

  it("drains the old member at once when a member of the wanted version is active beside it", () => {
    const serving = { role: "active", version: "1.35", workload: "running" } as const;
    const steps = plan(
      { blue: { role: "active", version: "1.34", workload: "running" }, green: serving },
      { version: "1.35", members: ["blue", "green"] },
      "replace",
      limits,
    );
    assert.deepEqual(
      steps.map((step) => (step.type === "move" ? `${step.kind} ${step.member}` : "bake")),
      ["bake", "drain blue", "scale blue", "bake", "retire blue"],
    );
  });

  it("never lowers a member's version, and refuses a downgrade by name", () => {
    fc.assert(
      fc.property(placement, version, (current, to) => {
        for (const step of memberMoves(planned(current, { version: to, members: names }) ?? [])) {
          if (step.from.version !== null && step.to.version !== null)
            assert.ok(compareVersions(step.to.version, step.from.version) >= 0);
        }
      }),
    );
    assert.throws(
      () =>
        plan(
          { blue: { role: "active", version: "1.36", workload: "running" } },
          { version: "1.35", members: ["blue", "green"] },
          "replace",
          limits,
        ),
      /versions only go up/,
    );
  });

  it("destroys only what was drained and stopped", () => {
    fc.assert(
      fc.property(placement, (current) => {
        for (const step of planned(current, wanted) ?? []) {
          if (step.type === "move" && step.kind === "retire")
            assert.deepEqual([step.from.role, step.from.workload], ["standby", "stopped"]);
        }
      }),
    );
  });
});

describe("walkBack", () => {
  const healthy = Object.fromEntries(names.map((name) => [name, "healthy" as const]));
  const recordAt = (current: Placement, steps: readonly Step[]): EnvironmentRecord => ({
    schemaVersion: 1,
    revision: 1,
    placement: current,
    rollout: {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      steps,
      done: 0,
      direction: "forward",
      reason: null,
      startedAt: "t",
    },
    intent: null,
  });

  /** The record after `count` committed steps, with the next move begun or not. */
  function prefix(current: Placement, steps: readonly Step[], count: number, open: boolean): EnvironmentRecord {
    let record = recordAt(current, steps);
    const begin = (step: Step, index: number): EnvironmentRecord =>
      step.type === "bake"
        ? record
        : { ...record, intent: { move: step, step: index, startedAt: "t", by: "b", targetsBefore: {} } };
    for (let index = 0; index < count; index += 1) {
      const step = steps[index] as Step;
      record = step.type === "bake" ? commitBake(record) : commitMove(begin(step, index));
    }
    const next = steps[count];
    if (open && next !== undefined) record = begin(next, count);
    return record;
  }

  it("leads every prefix back without ever leaving fewer active members, or says why it stays", () => {
    fc.assert(
      fc.property(placement, fc.nat(20), fc.boolean(), (current, cut, open) => {
        const steps = planned(current, { version: "1.35", members: names });
        if (steps === null || steps.length === 0) return;
        const record = prefix(current, steps, Math.min(cut, steps.length), open);
        const back = walkBack(record, healthy);
        const intent = record.intent;
        if (back.kind === "stay") {
          assert.ok(["provision", "retire"].includes(intent?.move.kind ?? ""), back.why);
          return;
        }
        const now = intent === null ? record.placement : placementAfter(record.placement, intent.move);
        const first = back.steps[0];
        if (intent !== null) assert.ok(first?.type === "move" && first.member === intent.move.member);
        for (const point of through(now, back.steps)) assert.ok(servingMembers(point).length >= 1);
        const kinds = back.steps.map((step) => (step.type === "move" ? step.kind : "bake"));
        assert.ok(kinds.every((kind) => ["admit", "drain", "scale"].includes(kind)));
      }),
      { numRuns: 1000 },
    );
  });

  it("never drains the healthy side in favour of one that is not", () => {
    const steps = plan(
      { blue: { role: "active", version: "1.34", workload: "running" }, green: absent },
      { version: "1.35", members: ["blue", "green"] },
      "replace",
      limits,
    );
    const record = prefix(
      { blue: { role: "active", version: "1.34", workload: "running" }, green: absent },
      steps,
      1,
      true,
    );
    assert.equal(walkBack(record, { blue: "unhealthy", green: "healthy" }).kind, "stay");
    assert.equal(walkBack(record, { blue: "unknown", green: "healthy" }).kind, "stay");
    assert.equal(walkBack(record, { blue: "healthy", green: "unhealthy" }).kind, "steps");
  });
});
