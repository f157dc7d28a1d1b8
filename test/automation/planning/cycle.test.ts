import assert from "node:assert/strict";
import fc from "fast-check";
import { afterStep, plan, type Limits, type Wanted } from "../../../automation/planning/replace";
import { servingCapacity, capacityFloor, leavingMembers } from "../../../automation/planning/capacity";
import {
  isMemberMove,
  memberMoves,
  absent,
  capacityOf,
  compareVersions,
  nextMinor,
  sizedAt,
  type MemberPlacement,
  type Placement,
  type Step,
  servingMembers,
} from "../../../stacks/record";

const names = ["blue", "green", "red", "grey"];
const version = fc.constantFrom("1.33", "1.34", "1.35", "1.36");
const capacity = fc.constantFrom(50, 100, 100, 100, 150, 200);
const stands: fc.Arbitrary<MemberPlacement> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(absent) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(version, fc.constantFrom("running" as const, "stopped" as const))
      .map(([at, workload]): MemberPlacement => ({ role: "standby", version: at, workload })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(version, capacity)
      .map(([at, percent]) => sizedAt({ role: "active", version: at, workload: "running" }, percent)),
  },
);
/** Two to four members. */
const placement = fc
  .integer({ min: 2, max: 4 })
  .chain((count) =>
    fc
      .tuple(...names.slice(0, count).map(() => stands))
      .map((all): Placement => Object.fromEntries(all.map((one, index) => [names[index] as string, one]))),
  );
const limits: fc.Arbitrary<Limits> = fc.record({
  minActive: fc.integer({ min: 1, max: 3 }),
  bakeSeconds: fc.constantFrom(0, 300),
  minCapacityPercent: fc.constantFrom(0, 50, 80, 100),
  maxCapacityPercent: fc.constantFrom(100, 200, 400),
});
const wanted: Wanted = { version: "1.36", members: names };

function planned(current: Placement, rules: Limits, to: Wanted = wanted): Step[] | null {
  try {
    return plan(current, to, "cycle", rules);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "EBG-PLAN-IMPOSSIBLE");
    return null;
  }
}
const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);
const short = (steps: readonly Step[]): string[] =>
  steps.map((step) =>
    step.type === "bake"
      ? "bake"
      : `${step.kind} ` +
        `${step.member}${step.kind === "upgrade" ? ` ${step.to.version}` : step.kind === "scale" ? ` ${capacityOf(step.to)}` : ""}`,
  );
const active = (at: string, percent = 100): MemberPlacement =>
  sizedAt({ role: "active", version: at, workload: "running" }, percent);
const runs = { numRuns: 1000 };

describe("plan (cycle)", () => {
  it("keeps minActive members and the floor of capacity at every point, and never drains the last", () => {
    let plans = 0;
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        const steps = planned(current, rules);
        if (steps === null) return;
        plans += 1;
        const floor = capacityFloor(current, rules);
        for (const now of through(current, steps)) {
          assert.ok(servingMembers(now).length >= rules.minActive);
          assert.ok(servingCapacity(now) >= floor, `${servingCapacity(now)} < ${floor}`);
        }
        steps.reduce((now, step) => {
          assert.ok(step.type === "bake" || isMemberMove(step));
          if (step.type === "move") assert.deepEqual(now[step.member], step.from);
          if (step.type === "move" && step.kind === "drain") assert.ok(servingMembers(now).length > 1);
          return afterStep(now, step);
        }, current);
      }),
      runs,
    );
    assert.ok(plans > 100, `only ${plans} placements could be planned`);
  });

  it("goes up one minor at a time, out of traffic, and no member leaves traffic more often than once", () => {
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        const steps = planned(current, rules) ?? [];
        const moves = memberMoves(steps);
        for (const move of moves) {
          if (move.kind === "upgrade") {
            assert.equal(move.to.version, nextMinor(move.from.version ?? ""));
            assert.equal(move.from.role, "standby");
            assert.deepEqual({ ...move.from, version: move.to.version }, move.to);
          } else assert.equal(move.to.version, move.from.version);
        }
        for (const name of Object.keys(current))
          assert.ok(moves.filter((move) => move.kind === "drain" && move.member === name).length <= 1);
        assert.ok(
          moves.every((move) => ["admit", "drain", "upgrade", "scale"].includes(move.kind)),
          "nobody is provisioned or retired",
        );
      }),
      runs,
    );
  });

  it("ends with the wanted version everywhere, and roles and sizes as before; then there is nothing left to plan", () => {
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        const steps = planned(current, rules);
        if (steps === null) return;
        const end = through(current, steps).at(-1) as Placement;
        for (const [name, before] of Object.entries(current))
          assert.deepEqual(end[name], before.role === "absent" ? before : { ...before, version: "1.36" });
        assert.deepEqual(planned(end, rules), []);
      }),
      runs,
    );
  });

  it("no member is scaled past what its nodes have room for, unless it was there before", () => {
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        for (const { member, to } of memberMoves(planned(current, rules) ?? []))
          assert.ok(capacityOf(to) <= Math.max(rules.maxCapacityPercent ?? 0, capacityOf(current[member])));
      }),
      runs,
    );
  });

  it("pods go before the nodes that they run on, and nodes come before the pods", () => {
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        for (const step of planned(current, rules) ?? []) {
          if (step.type !== "move" || step.kind !== "scale" || step.from.role !== "active") continue;
          const nodesShrink =
            (step.to.nodePercent ?? capacityOf(step.to)) < (step.from.nodePercent ?? capacityOf(step.from));
          if (nodesShrink) assert.equal(capacityOf(step.to), capacityOf(step.from));
        }
      }),
      runs,
    );
  });

  const rules: Limits = { minActive: 1, bakeSeconds: 300 };
  it(
    "two members over two minors: the other one is scaled up before, everybody leaves once, and at the end all is " +
      "as before",
    () => {
      assert.deepEqual(
        short(
          plan(
            { blue: active("1.33"), green: active("1.33") },
            { version: "1.35", members: ["blue", "green"] },
            "cycle",
            rules,
          ),
        ),
        [
          "scale green 200",
          "drain blue",
          "upgrade blue 1.34",
          "upgrade blue 1.35",
          "admit blue",
          "bake",
          "scale blue 200",
          "drain green",
          "scale green 100",
          "upgrade green 1.34",
          "upgrade green 1.35",
          "admit green",
          "bake",
          "scale blue 100",
          "scale blue 100",
        ],
      );
    },
  );

  it("three members: each of the others carries half of the one that is out", () => {
    const steps = plan(
      { a: active("1.34"), b: active("1.34"), c: active("1.34") },
      { version: "1.35", members: ["a", "b", "c"] },
      "cycle",
      rules,
    );
    assert.deepEqual(
      short(steps).filter((step) => step.startsWith("scale")),
      [
        "scale b 150",
        "scale c 150",
        "scale a 150",
        "scale b 100",
        "scale b 150",
        "scale c 100",
        "scale a 100",
        "scale a 100",
        "scale b 100",
        "scale b 100",
      ],
    );
  });

  it("with a floor that the others keep as they are, nobody is scaled", () => {
    const steps = plan(
      { blue: active("1.34"), green: active("1.34") },
      { version: "1.35", members: ["blue", "green"] },
      "cycle",
      { ...rules, minCapacityPercent: 50 },
    );
    assert.deepEqual(short(steps), [
      "drain blue",
      "upgrade blue 1.35",
      "admit blue",
      "bake",
      "drain green",
      "upgrade green 1.35",
      "admit green",
      "bake",
    ]);
  });

  it("members may be at different versions: only those that are behind leave traffic; a standby goes first", () => {
    const standby: MemberPlacement = { role: "standby", version: "1.34", workload: "running" };
    const steps = plan(
      { blue: active("1.35"), green: active("1.34"), red: standby },
      { version: "1.35", members: ["blue", "green", "red"] },
      "cycle",
      { ...rules, minCapacityPercent: 0 },
    );
    assert.deepEqual(short(steps), ["upgrade red 1.35", "drain green", "upgrade green 1.35", "admit green", "bake"]);
  });

  it("a lone active member leaves only after a standby stands in, which goes out again at the end", () => {
    const standby: MemberPlacement = { role: "standby", version: "1.34", workload: "stopped" };
    const steps = plan(
      { blue: active("1.34"), green: standby },
      { version: "1.35", members: ["blue", "green"] },
      "cycle",
      rules,
    );
    assert.deepEqual(short(steps), [
      "upgrade green 1.35",
      "scale green 100",
      "admit green",
      "bake",
      "drain blue",
      "upgrade blue 1.35",
      "admit blue",
      "bake",
      "drain green",
      "scale green 100",
    ]);
  });

  it("nobody leaves for good in a cycle, the standby that stood in neither; with replace all old ones do", () => {
    const standby: MemberPlacement = { role: "standby", version: "1.34", workload: "running" };
    const start = { blue: active("1.34"), green: standby };
    const to = { version: "1.35", members: ["blue", "green"] };
    assert.deepEqual(leavingMembers(plan(start, to, "cycle", rules)), []);
    const four = { blue: active("1.34"), green: absent, red: active("1.34"), grey: absent };
    assert.deepEqual(
      leavingMembers(
        plan(four, { version: "1.35", members: ["blue", "green", "red", "grey"] }, "replace", rules),
      ).sort(),
      ["blue", "red"],
    );
  });

  it(
    "a member that stayed out for another one counts as much as before: the one that carries its load is not taken " +
      "out under it",
    () => {
      const standby: MemberPlacement = { role: "standby", version: "1.35", workload: "running" };
      const steps = plan(
        { blue: standby, green: active("1.34", 200) },
        { version: "1.35", members: ["blue", "green"] },
        "cycle",
        rules,
      );
      assert.deepEqual(short(steps).slice(0, 4), ["admit blue", "bake", "scale blue 200", "drain green"]);
    },
  );

  it("says who would have to carry how much, and what to change", () => {
    const two = { blue: active("1.34"), green: active("1.34") };
    const to = { version: "1.35", members: ["blue", "green"] };
    assert.throws(() => plan(two, to, "cycle", { ...rules, maxCapacityPercent: 150 }), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /green would have to carry 200 % .* room for 150 %/,
      remedy: /maxSize.*minCapacityPercent/,
    });
    assert.throws(() => plan({ blue: active("1.34") }, to, "cycle", rules), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /blue can't leave traffic: 0 other member/,
      remedy: /add a member.s name to eks-blue-green:members, then eks-blue-green up/,
    });
    assert.throws(() => plan(two, to, "cycle", { ...rules, minActive: 2 }), {
      message: /1 other member active \(green\), 2 must be/,
      remedy: /minActive/,
    });
    assert.throws(
      () => plan({ blue: active("1.36"), green: active("1.35") }, to, "cycle", rules),
      /versions only go up/,
    );
  });

  it("never lowers anybody", () => {
    fc.assert(
      fc.property(placement, version, limits, (current, to, limit) => {
        for (const step of memberMoves(planned(current, limit, { version: to, members: names }) ?? []))
          assert.ok(compareVersions(step.to.version ?? "", step.from.version ?? "") >= 0);
      }),
      runs,
    );
  });
});
