import assert from "node:assert/strict";
import fc from "fast-check";
import { afterStep, plan, type Limits } from "../../../automation/planning/replace";
import { servingCapacity, capacityFloor } from "../../../automation/planning/capacity";
import type { Health } from "../../../automation/ports";
import { walkBack } from "../../../automation/planning/walk-back";
import {
  isMemberMove,
  placementAfter,
  capacityOf,
  commitBake,
  commitMove,
  sizedAt,
  turnBack,
  type EnvironmentRecord,
  type MemberPlacement,
  type Placement,
  type Step,
  servingMembers,
} from "../../../stacks/record";

const names = ["blue", "green", "red", "grey"];
const version = fc.constantFrom("1.33", "1.34", "1.35");
const stands: fc.Arbitrary<MemberPlacement> = fc.oneof(
  {
    weight: 1,
    arbitrary: version.map((at): MemberPlacement => ({ role: "standby", version: at, workload: "running" })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(version, fc.constantFrom(50, 100, 100, 200))
      .map(([at, percent]) => sizedAt({ role: "active", version: at, workload: "running" }, percent)),
  },
);
const placement = fc
  .integer({ min: 2, max: 4 })
  .chain((count) =>
    fc
      .tuple(...names.slice(0, count).map(() => stands))
      .map((all): Placement => Object.fromEntries(all.map((one, index) => [names[index] as string, one]))),
  );
const limits: Limits = { minActive: 1, bakeSeconds: 300 };

/** The record after `count` committed steps, with the next move begun or not; null when there is no plan. */
function prefix(current: Placement, count: number, open: boolean): EnvironmentRecord | null {
  let steps: Step[];
  try {
    steps = plan(current, { version: "1.35", members: names }, "cycle", limits);
  } catch {
    return null;
  }
  if (steps.length === 0) return null;
  let record: EnvironmentRecord = {
    schemaVersion: 1,
    revision: 1,
    placement: current,
    rollout: {
      id: "r",
      strategy: "cycle",
      wantedVersion: "1.35",
      steps,
      done: 0,
      direction: "forward",
      reason: null,
      startedAt: "t",
    },
    intent: null,
  };
  const begin = (step: Step, index: number): EnvironmentRecord =>
    step.type === "bake"
      ? record
      : { ...record, intent: { move: step, step: index, startedAt: "t", by: "b", targetsBefore: {} } };
  const done = Math.min(count, steps.length);
  for (let index = 0; index < done; index += 1) {
    const step = steps[index] as Step;
    record = step.type === "bake" ? commitBake(record) : commitMove(begin(step, index));
  }
  const next = steps[done];
  return open && next !== undefined ? begin(next, done) : record;
}
const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);
const all = (health: Health): Record<string, Health> => Object.fromEntries(names.map((name) => [name, health]));
const versionsOf = (one: Placement): unknown => Object.entries(one).map(([name, { version: at }]) => [name, at]);
const turn = (record: EnvironmentRecord, steps: readonly Step[]): EnvironmentRecord =>
  turnBack(record, { reason: "r", steps, startedAt: "t", by: "b" });

describe("walkBack (cycle)", () => {
  it(
    "asked for, leads every prefix back to the members and sizes that it began with, without lowering a version; " +
      "an open upgrade stays",
    () => {
      let ways = 0;
      fc.assert(
        fc.property(placement, fc.nat(24), fc.boolean(), (current, cut, open) => {
          const record = prefix(current, cut, open);
          if (record === null) return;
          const back = walkBack(record, all("healthy"), { requested: true });
          const intent = record.intent?.move;
          if (back.kind === "stay") return assert.equal(intent?.kind, "upgrade", back.why);
          ways += 1;
          // The record takes it: the first step takes the open intent over.
          turn(record, back.steps);
          const now = intent === undefined ? record.placement : placementAfter(record.placement, intent);
          const points = through(now, back.steps);
          const end = points.at(-1) as Placement;
          assert.deepEqual(servingMembers(end), servingMembers(current));
          for (const name of servingMembers(current)) assert.equal(capacityOf(end[name]), capacityOf(current[name]));
          assert.deepEqual(versionsOf(end), versionsOf(now));
          const floor = Math.min(capacityFloor(current, limits), servingCapacity(now));
          for (const point of points)
            assert.ok(servingCapacity(point) >= floor, `${servingCapacity(point)} < ${floor}`);
        }),
        { numRuns: 2000 },
      );
      assert.ok(ways > 200);
    },
  );

  it("when a gate failed, never leaves traffic to fewer than the members that served without the one in question", () => {
    fc.assert(
      fc.property(
        placement,
        fc.nat(24),
        fc.boolean(),
        fc.constantFrom<Health>("healthy", "unknown", "unhealthy"),
        (current, cut, open, suspect) => {
          const record = prefix(current, cut, open);
          if (record === null) return;
          const last = record.rollout?.steps
            .slice(0, record.rollout.done)
            .findLast((step) => step.type === "move" && step.kind === "admit");
          const back = walkBack(record, {
            ...all("healthy"),
            ...(last?.type === "move" && isMemberMove(last) ? { [last.member]: suspect } : {}),
          });
          const intent = record.intent?.move;
          if (back.kind === "stay") return assert.ok(intent?.kind === "upgrade" || suspect !== "healthy", back.why);
          turn(record, back.steps);
          const now = intent === undefined ? record.placement : placementAfter(record.placement, intent);
          const floor = capacityFloor(current, limits);
          for (const point of through(now, back.steps))
            assert.ok(
              servingCapacity(point) >= Math.min(floor, servingCapacity(now)) && servingMembers(point).length >= 1,
            );
        },
      ),
      { numRuns: 2000 },
    );
  });

  const active = (at: string, percent = 100): MemberPlacement =>
    sizedAt({ role: "active", version: at, workload: "running" }, percent);
  const two = { blue: active("1.34"), green: active("1.34") };
  const short = (steps: readonly Step[]): string[] =>
    steps.map((step) => (step.type === "bake" ? "bake" : `${step.kind} ${step.member}`));
  // scale green, drain blue, upgrade blue, admit blue, bake, scale blue, drain green, …
  const way = (cut: number, open: boolean, health: Record<string, Health>): string[] | string => {
    const back = walkBack(prefix(two, cut, open) as EnvironmentRecord, health);
    return back.kind === "stay" ? back.why : short(back.steps);
  };

  it("a member that does not serve after its upgrade goes out again, and the other keeps the size that carries both", () => {
    assert.deepEqual(way(3, true, { blue: "unhealthy", green: "healthy" }), ["drain blue"]);
    assert.deepEqual(
      way(4, false, { blue: "healthy", green: "healthy" }),
      ["drain blue"],
      "in the bake nobody knows better than that it was good before",
    );
    assert.match(String(way(4, false, { blue: "unhealthy", green: "unhealthy" })), /not healthy/);
  });

  it("nobody is made smaller while somebody is sick", () => {
    // Everything of blue is done; green is about to be drained.
    assert.deepEqual(way(6, false, { blue: "unhealthy", green: "healthy" }), ["drain blue"]);
    assert.match(
      String(way(6, false, { blue: "healthy", green: "unhealthy" })),
      /green: not healthy; nobody is out of traffic/,
    );
  });

  it(
    "the others keep the size that carries all while a member that was upgraded does not serve (seed 112 of the " +
      "simulation)",
    () => {
      const steps = plan(two, { version: "1.35", members: names }, "cycle", limits);
      const shrinking = steps.findLastIndex(
        (step) => step.type === "move" && step.kind === "scale" && capacityOf(step.to) < capacityOf(step.from),
      );
      const sizes = (health: Record<string, Health>, requested: boolean, open = true): number[] | string => {
        const back = walkBack(prefix(two, shrinking, open) as EnvironmentRecord, health, { requested });
        return back.kind === "stay"
          ? back.why
          : back.steps.map((step) => (step.type === "move" && isMemberMove(step) ? capacityOf(step.to) : 0));
      };
      const step = steps[shrinking];
      assert.ok(
        step?.type === "move" && step.member === "blue" && capacityOf(step.from) === 200 && capacityOf(step.to) === 100,
      );
      for (const requested of [true, false])
        assert.deepEqual(sizes({ blue: "healthy", green: "unhealthy" }, requested), [200]);
      // Pods before nodes: the move that is open is undone first, and then both go.
      assert.deepEqual(sizes(all("healthy"), true), [200, 100, 100]);
      assert.match(
        String(sizes({ blue: "healthy", green: "unhealthy" }, true, false)),
        /green: not healthy; .* nobody is made smaller/,
      );
    },
  );

  it("a member that is resized while it is out comes in only when that is done (seed 1320 of the simulation)", () => {
    const steps = plan(two, { version: "1.35", members: names }, "cycle", limits);
    const resizing = steps.findIndex(
      (step) => step.type === "move" && step.kind === "scale" && step.from.role === "standby",
    );
    assert.ok(resizing > 0);
    for (const requested of [true, false]) {
      const back = walkBack(prefix(two, resizing, true) as EnvironmentRecord, all("healthy"), { requested });
      assert.ok(back.kind === "steps");
      assert.deepEqual(short(back.steps).slice(0, 2), ["scale green", "admit green"]);
    }
  });

  it("a failed upgrade stays where it is and says who serves", () => {
    assert.equal(
      way(2, true, all("healthy")),
      "blue is on its way to 1.35 and can't go back: a cluster's version is never lowered. It stays out of " +
        "traffic; green serves",
    );
  });

  it("a drain that fails is undone, and so are the sizes", () => {
    assert.deepEqual(way(1, true, all("healthy")), ["admit blue", "scale green", "scale green"]);
    assert.deepEqual(way(0, true, all("healthy")), ["scale green", "scale green"]);
  });
});
