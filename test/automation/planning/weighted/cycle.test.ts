import assert from "node:assert/strict";
import fc from "fast-check";
import { plan, type Limits, type Wanted } from "../../../../automation/planning/replace";
import { walkBack } from "../../../../automation/planning/walk-back";
import { boundMembers, placementAfter, servingMembers, type Placement } from "../../../../stacks/record";
import {
  active,
  checkWay,
  floorFor,
  goBack,
  limits,
  names,
  placementOf,
  prefix,
  stepsOf,
  through,
  told,
  tried,
} from "./ground";

const wanted: Wanted = { version: "1.35", members: names };
const asked = { strategy: "cycle", wantedVersion: "1.35" } as const;
const planned = (current: Placement, rules: Limits = limits) => tried(() => plan(current, wanted, "cycle", rules));
const all = (health: "healthy" | "unhealthy") => Object.fromEntries(names.map((name) => [name, health]));
const runs = { numRuns: 1000 };
const sharesOf = (placement: Placement) => Object.fromEntries(names.map((name) => [name, placement[name]?.share]));

describe("plan (cycle) with weighted traffic", () => {
  it("takes all requests from a member, upgrades it, and gives them back step by step", () => {
    const steps = plan({ blue: active(100), green: active(100, "1.35") }, wanted, "cycle", limits);
    assert.deepEqual(told(steps), [
      "scale green",
      "shift blue 0",
      "drain blue",
      "upgrade blue",
      "admit blue",
      "shift blue 10",
      "bake 120",
      "shift blue 50",
      "bake 120",
      "shift blue 100",
      "bake 300",
      // First its pods, then their nodes.
      "scale green",
      "scale green",
    ]);
  });

  it("keeps the sum above 0, minActive members serving and each as large as its part; shares end as they began", () => {
    fc.assert(
      fc.property(placementOf(true), fc.integer({ min: 1, max: 3 }), stepsOf, (current, minActive, percents) => {
        const steps = planned(current, { ...limits, minActive, weighted: { steps: percents, stepSeconds: 60 } });
        if (steps === null) return;
        const end = checkWay(current, steps, { minActive });
        assert.deepEqual(sharesOf(end), sharesOf(current));
        for (const name of boundMembers(end)) assert.equal(end[name]?.version, "1.35");
        assert.deepEqual(planned(end), []);
      }),
      runs,
    );
  });

  it("scales those that stay to what their shares bring them", () => {
    fc.assert(
      fc.property(placementOf(false), (current) => {
        const steps = planned(current);
        if (steps !== null) checkWay(current, steps, { floor: floorFor(current) });
      }),
      runs,
    );
  });

  it("leads to the wanted version from every point on the way, or says what is missing", () => {
    fc.assert(
      fc.property(placementOf(true), fc.nat(30), (current, cut) => {
        const steps = planned(current);
        if (steps === null) return;
        const midway = through(current, steps.slice(0, cut)).at(-1) as Placement;
        // A member that is out leaves too few to do without the next one: it is brought in again first.
        const rest = planned(midway);
        if (rest === null) return assert.ok(servingMembers(midway).length < servingMembers(current).length);
        const end = checkWay(midway, rest);
        for (const name of boundMembers(end)) assert.equal(end[name]?.version, "1.35");
      }),
      runs,
    );
  });

  it("is walked back from every prefix by one shift at most, and never raises the member that is in question", () => {
    let [ways, out] = [0, 0];
    fc.assert(
      fc.property(placementOf(true), fc.nat(30), fc.boolean(), fc.boolean(), (current, count, open, requested) => {
        const steps = planned(current);
        if (steps === null || steps.length === 0) return;
        const record = prefix(current, steps, asked, { count: Math.min(count, steps.length), open });
        const way = walkBack(record, all("healthy"), { requested, bakeSeconds: 300 });
        const intent = record.intent?.move;
        if (way.kind === "stay") return assert.equal(intent?.kind, "upgrade", way.why);
        ways += 1;
        const now = intent === undefined ? record.placement : placementAfter(record.placement, intent);
        checkWay(now, way.steps);
        assert.ok(way.steps.filter((step) => step.type === "move" && step.kind === "shift").length <= 1);
        const end = goBack(record, way.steps);
        const upgraded = names.filter((name) => now[name]?.version !== current[name]?.version);
        for (const name of upgraded) {
          const [had, has, before] = [now, end, current].map((one) => one[name]?.share ?? 0) as [
            number,
            number,
            number,
          ];
          // On its way in: it is out again, and gets no more.
          if (had > 0 && had < before) {
            assert.equal(end[name]?.role, "standby");
            assert.ok(has <= had);
            out += 1;
          }
        }
      }),
      runs,
    );
    assert.ok(ways > 200 && out > 5, `${ways} ways, ${out} out again`);
  });
});
