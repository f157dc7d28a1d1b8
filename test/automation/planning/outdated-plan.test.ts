import assert from "node:assert/strict";
import fc from "fast-check";
import { capacityFloor, floorOf, servingCapacity } from "../../../automation/planning/capacity";
import { afterStep, plan, type Limits, type Wanted } from "../../../automation/planning/replace";
import { walkBack } from "../../../automation/planning/walk-back";
import {
  absent,
  memberMoves,
  placementAfter,
  servingMembers,
  type MemberPlacement,
  type Placement,
  type Step,
  type StrategyName,
} from "../../../stacks/record";
import { active as weightedActive, checkWay, limits as weighted, prefix, told } from "./weighted/ground";

const names = ["blue", "green", "red", "grey"];
const limits: Limits = { minActive: 1, bakeSeconds: 300 };
const active: MemberPlacement = { role: "active", version: "1.35", workload: "running" };
const standby: MemberPlacement = { ...active, role: "standby" };
const wants = (outdated: readonly string[], members = names): Wanted => ({ version: "1.35", members, outdated });

/** Members of two versions, some of them made with other settings. */
const member = fc.oneof(
  { weight: 1, arbitrary: fc.constant(absent) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("1.34", "1.35"), fc.constantFrom("running" as const, "stopped" as const))
      .map(([version, workload]): MemberPlacement => ({ role: "standby", version, workload })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("1.34", "1.35")
      .map((version): MemberPlacement => ({ role: "active", version, workload: "running" })),
  },
);
const world = fc
  .tuple(fc.tuple(member, member, member, member), fc.subarray(names))
  .map(([all, outdated]) => ({
    current: Object.fromEntries(names.map((name, index) => [name, all[index] as MemberPlacement])) as Placement,
    outdated,
  }))
  .map(({ current, outdated }) => ({ current, outdated: outdated.filter((name) => current[name]?.role !== "absent") }));

function planned(
  current: Placement,
  outdated: readonly string[],
  strategy: StrategyName,
  rules = limits,
): Step[] | null {
  try {
    return plan(current, wants(outdated), strategy, rules);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "EBG-PLAN-IMPOSSIBLE", String(error));
    return null;
  }
}
/** Made anew by these steps: as the config says. */
const stillOutdated = (outdated: readonly string[], steps: readonly Step[]): string[] =>
  outdated.filter((name) => !memberMoves(steps).some(({ kind, member: who }) => kind === "retire" && who === name));
const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);
const runs = { numRuns: 1000 };

describe("a member that was made with other settings", () => {
  it("is replaced like one of another version", () => {
    assert.deepEqual(
      told(plan({ blue: active, green: absent }, wants(["blue"], ["blue", "green"]), "replace", limits)),
      ["provision green", "admit green", "bake 300", "drain blue", "scale blue", "bake 300", "retire blue"],
    );
    assert.deepEqual(plan({ blue: active, green: absent }, wants([]), "replace", limits), []);
  });

  it("is never brought in while it stands by: it makes room", () => {
    const steps = plan(
      { blue: active, green: standby },
      wants(["blue", "green"], ["blue", "green"]),
      "replace",
      limits,
    );
    assert.deepEqual(told(steps).slice(0, 4), ["scale green", "retire green", "provision green", "admit green"]);
  });

  it("is destroyed and made anew under its name with the strategy cycle", () => {
    const steps = plan({ blue: active, green: active }, wants(["blue"], ["blue", "green"]), "cycle", limits);
    assert.deepEqual(told(steps), [
      "scale green",
      "drain blue",
      "scale blue",
      "retire blue",
      "provision blue",
      "admit blue",
      "bake 300",
      "scale green",
      "scale green",
    ]);
  });

  it("gets its requests step by step where traffic is weighted", () => {
    const current = { blue: weightedActive(100, "1.35"), green: absent };
    const steps = plan(current, wants(["blue"], ["blue", "green"]), "replace", weighted);
    assert.deepEqual(
      told(steps).filter((one) => one.startsWith("shift")),
      ["shift blue 90, green 10", "shift blue 50, green 50", "shift blue 0, green 100"],
    );
    checkWay(current, steps);
  });

  for (const strategy of ["replace", "cycle"] as const) {
    it(`${strategy}: somebody serves at every point, and nothing of what is outdated is left`, () => {
      fc.assert(
        fc.property(world, fc.integer({ min: 1, max: 2 }), ({ current, outdated }, minActive) => {
          const steps = planned(current, outdated, strategy, { ...limits, minActive });
          if (steps === null) return;
          for (const point of through(current, steps)) assert.ok(servingMembers(point).length >= minActive);
          for (const step of memberMoves(steps))
            if (step.kind === "retire") assert.deepEqual([step.from.role, step.from.workload], ["standby", "stopped"]);
          const end = through(current, steps).at(-1) as Placement;
          const rest = stillOutdated(outdated, steps);
          assert.deepEqual(rest, []);
          assert.deepEqual(planned(end, rest, strategy), []);
        }),
        runs,
      );
    });

    it(`${strategy}: is planned to its end from every point on the way, or says what is missing`, () => {
      fc.assert(
        fc.property(world, fc.nat(30), ({ current, outdated }, cut) => {
          const steps = planned(current, outdated, strategy);
          if (steps === null) return;
          const done = steps.slice(0, cut);
          const midway = through(current, done).at(-1) as Placement;
          const left = stillOutdated(outdated, done);
          const rest = planned(midway, left, strategy);
          if (rest === null) return assert.equal(strategy, "cycle", "replace has a plan from every point");
          const end = through(midway, rest).at(-1) as Placement;
          assert.deepEqual(planned(end, stillOutdated(left, rest), strategy), []);
        }),
        runs,
      );
    });
  }

  it("is what the floor of capacity is counted from: those that leave, not those that came for them", () => {
    fc.assert(
      fc.property(world, fc.nat(12), ({ current, outdated }, count) => {
        const steps = planned(current, outdated, "replace");
        if (steps === null || steps.length === 0) return;
        const record = prefix(
          current,
          steps,
          { strategy: "replace", wantedVersion: "1.35" },
          { count: Math.min(count, steps.length), open: false },
        );
        if (record.rollout === null) return;
        const old = servingMembers(current).filter(
          (name) => current[name]?.version !== "1.35" || outdated.includes(name),
        );
        const floor = floorOf(current, record.rollout, limits);
        assert.equal(floor, old.length * 100);
        for (const point of through(current, steps)) assert.ok(servingCapacity(point) >= floor);
      }),
      runs,
    );
    assert.equal(capacityFloor({ blue: active }, limits), 100);
  });

  it("comes back when its replacement fails, from every step before it is destroyed", () => {
    const current = { blue: active, green: absent };
    const steps = plan(current, wants(["blue"], ["blue", "green"]), "replace", limits);
    for (let count = 1; count < steps.length; count += 1) {
      const record = prefix(current, steps, { strategy: "replace", wantedVersion: "1.35" }, { count, open: false });
      const way = walkBack(record, { blue: "healthy", green: "unhealthy" });
      assert.ok(way.kind === "steps", `${count}`);
      const end = way.steps.reduce(
        (now, step) => (step.type === "move" ? placementAfter(now, step) : now),
        record.placement,
      );
      assert.deepEqual([end["blue"], end["green"]?.role], [active, "standby"]);
    }
  });
});
