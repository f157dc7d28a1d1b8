import assert from "node:assert/strict";
import fc from "fast-check";
import { plan, type Limits, type Wanted } from "../../../../automation/planning/replace";
import { walkBack } from "../../../../automation/planning/walk-back";
import { absent, boundMembers, placementAfter, servingMembers, type Placement } from "../../../../stacks/record";
import { active, checkWay, goBack, limits, names, placementOf, prefix, stepsOf, through, told, tried } from "./ground";

const wanted: Wanted = { version: "1.35", members: names };
const asked = { strategy: "replace", wantedVersion: "1.35" } as const;
const planned = (current: Placement, rules: Limits = limits) => tried(() => plan(current, wanted, "replace", rules));
const healthy = Object.fromEntries(names.map((name) => [name, "healthy" as const]));
const runs = { numRuns: 1000 };

/** It serves the wanted version alone, and nothing is left to do. */
function isDone(end: Placement): void {
  for (const name of boundMembers(end)) assert.equal(end[name]?.version, "1.35", name);
  assert.ok(servingMembers(end).length > 0);
  assert.deepEqual(planned(end), []);
}

describe("plan (replace) with weighted traffic", () => {
  it("goes over step by step, and drains whoever serves nobody any more", () => {
    const steps = plan({ blue: active(100), green: absent }, wanted, "replace", limits);
    assert.deepEqual(told(steps), [
      "provision green",
      "admit green",
      "shift blue 90, green 10",
      "bake 120",
      "shift blue 50, green 50",
      "bake 120",
      "shift blue 0, green 100",
      "bake 300",
      "drain blue",
      "scale blue",
      "bake 300",
      "retire blue",
    ]);
  });

  it("takes the steps from the config", () => {
    fc.assert(
      fc.property(stepsOf, (percents) => {
        const rules = { ...limits, weighted: { steps: percents, stepSeconds: 7 } };
        const steps = plan({ blue: active(100), green: absent }, wanted, "replace", rules);
        const shares = steps.flatMap((step) =>
          step.type === "move" && step.kind === "shift" ? [step.changes["green"]?.to.share] : [],
        );
        assert.deepEqual(shares, percents);
        assert.equal(steps.filter((step) => step.type === "bake" && step.seconds === 7).length, percents.length - 1);
      }),
    );
  });

  it("goes on where an earlier rollout was left, and takes nothing back on the way", () => {
    const from = (blue: number, green: number) =>
      told(plan({ blue: active(blue), green: active(green, "1.35") }, wanted, "replace", limits))
        .filter((one) => one.startsWith("shift"))
        .join("; ");
    assert.equal(from(100, 0), "shift blue 90, green 10; shift blue 50, green 50; shift blue 0, green 100");
    assert.equal(from(90, 10), "shift blue 50, green 50; shift blue 0, green 100");
    assert.equal(from(50, 50), "shift blue 0, green 100");
    assert.equal(from(0, 100), "");
    assert.deepEqual(told(plan({ blue: active(0), green: active(100, "1.35") }, wanted, "replace", limits)), [
      "drain blue",
      "bake 300",
      "scale blue",
      "retire blue",
    ]);
  });

  it("divides the share of the one that leaves, and leaves the others theirs", () => {
    const steps = plan(
      { blue: active(100), red: active(60, "1.35"), green: absent },
      { version: "1.35", members: ["blue", "red", "green"] },
      "replace",
      { ...limits, minActive: 2 },
    );
    assert.deepEqual(
      told(steps).filter((one) => one.startsWith("shift")),
      ["shift blue 90, green 10", "shift blue 50, green 50", "shift blue 0, green 100"],
    );
  });

  it("keeps the shares' sum above 0 and minActive members serving, and ends with the wanted version alone", () => {
    fc.assert(
      fc.property(placementOf(true), fc.integer({ min: 1, max: 3 }), stepsOf, (current, minActive, percents) => {
        const steps = planned(current, { ...limits, minActive, weighted: { steps: percents, stepSeconds: 60 } });
        if (steps === null) return;
        isDone(checkWay(current, steps, { minActive }));
      }),
      runs,
    );
  });

  it("keeps each member as large as its part of the requests, and as many of them as before", () => {
    fc.assert(
      fc.property(placementOf(false), (current) => {
        const steps = planned(current);
        if (steps === null) return;
        const old = servingMembers(current).filter((name) => current[name]?.version !== "1.35");
        const end = checkWay(current, steps, { floor: 100 * old.length });
        const crowded = Object.values(current).every((one) => one.role === "active");
        assert.ok(crowded || servingMembers(end).length >= servingMembers(current).length);
      }),
      runs,
    );
  });

  it("leads to the end from every point on the way", () => {
    fc.assert(
      fc.property(placementOf(true), fc.nat(30), (current, cut) => {
        const steps = planned(current);
        if (steps === null) return;
        const midway = through(current, steps.slice(0, cut)).at(-1) as Placement;
        const rest = planned(midway);
        assert.ok(rest !== null, "a plan from every point");
        isDone(checkWay(midway, rest));
      }),
      runs,
    );
  });

  it("is walked back from every prefix by one shift at most, and planned to its end from where that leads", () => {
    let [back, shifted] = [0, 0];
    fc.assert(
      fc.property(placementOf(true), fc.nat(30), fc.boolean(), fc.boolean(), (current, count, open, requested) => {
        const steps = planned(current);
        if (steps === null || steps.length === 0) return;
        const record = prefix(current, steps, asked, { count: Math.min(count, steps.length), open });
        const way = walkBack(record, healthy, { requested, bakeSeconds: 300 });
        const intent = record.intent?.move;
        if (way.kind === "stay")
          return assert.ok(["provision", "retire"].includes(intent?.kind ?? ""), `${intent?.kind}: ${way.why}`);
        back += 1;
        const now = intent === undefined ? record.placement : placementAfter(record.placement, intent);
        const end = checkWay(
          now,
          way.steps.filter((step) => step.type === "bake" || step.kind !== "retire"),
        );
        const shifts = way.steps.filter((step) => step.type === "move" && step.kind === "shift");
        assert.ok(shifts.length <= 1);
        shifted += shifts.length;
        goBack(record, way.steps);
        const rest = planned(end);
        assert.ok(rest !== null, "a plan from where the way back ends");
        isDone(checkWay(end, rest));
      }),
      runs,
    );
    assert.ok(back > 200 && shifted > 50, `${back} ways back, ${shifted} shifts`);
  });

  it("has the shares of before at the end of the way back", () => {
    fc.assert(
      fc.property(fc.nat(9), fc.boolean(), (count, open) => {
        const current = { blue: active(100), green: absent };
        const steps = plan(current, { version: "1.35", members: ["blue", "green"] }, "replace", limits);
        const record = prefix(current, steps, asked, { count, open });
        const way = walkBack(record, { blue: "healthy", green: "unhealthy" });
        if (way.kind === "stay") return assert.equal(record.intent?.move.kind, "provision");
        const end = goBack(record, way.steps);
        assert.deepEqual(end["blue"], current.blue);
        assert.equal(end["green"]?.role === "active", false);
        // Before anything else, where the old member is still bound: requests leave the new one at once.
        const bound = record.placement["blue"]?.role === "active" && record.intent?.move.kind !== "drain";
        if (bound && (record.placement["green"]?.share ?? 0) > 0)
          assert.deepEqual(told(way.steps)[0], `shift blue 100, green 0`);
      }),
    );
  });

  it("is refused while nobody serves, with what brings in a member that is bound without a share", () => {
    assert.throws(
      () => plan({ blue: active(0), green: absent }, wanted, "replace", limits),
      (error: { remedy: string }) => /eks-blue-green admit blue/.test(error.remedy),
    );
  });

  it("gives nothing back to members that are not healthy", () => {
    const current = { blue: active(100), green: absent };
    const steps = plan(current, { version: "1.35", members: ["blue", "green"] }, "replace", limits);
    for (const count of [3, 4, 5, 7]) {
      const record = prefix(current, steps, asked, { count, open: false });
      assert.equal(walkBack(record, { blue: "unhealthy", green: "healthy" }).kind, "stay");
      assert.equal(walkBack(record, { blue: "healthy", green: "unhealthy" }).kind, "steps");
    }
  });
});
