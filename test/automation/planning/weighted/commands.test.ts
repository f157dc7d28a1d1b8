import assert from "node:assert/strict";
import fc from "fast-check";
import { planCommand } from "../../../../automation/planning/member-commands";
import { plan } from "../../../../automation/planning/replace";
import { planTeardown } from "../../../../automation/planning/teardown";
import { walkBack } from "../../../../automation/planning/walk-back";
import {
  absent,
  boundMembers,
  compareVersions,
  placementAfter,
  servingMembers,
  type MemberPlacement,
  type Placement,
  type RolloutCommand,
} from "../../../../stacks/record";
import { active, checkWay, goBack, limits, names, placementOf, prefix, through, told, tried } from "./ground";

const standby: MemberPlacement = { role: "standby", version: "1.34", workload: "running" };
const command = (name: RolloutCommand["name"], member: string | null = null, percent: number | null = null) => ({
  name,
  member,
  percent,
});
const planned = (current: Placement, asked: RolloutCommand, minActive = 1) =>
  tried(() => planCommand(current, asked, { ...limits, minActive }));
const healthy = Object.fromEntries(names.map((name) => [name, "healthy" as const]));
const anyCommand = fc.oneof(
  fc
    .constantFrom("admit" as const, "drain" as const)
    .chain((name) => fc.constantFrom(...names).map((member) => command(name, member))),
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(30, 60, 100, 150))
    .map(([member, percent]) => command("scale", member, percent)),
  fc.constant(command("rollback")),
);
const runs = { numRuns: 1500 };

describe("planned work with weighted traffic", () => {
  it("admits beside the others step by step", () => {
    assert.deepEqual(told(planCommand({ blue: active(100), green: standby }, command("admit", "green"), limits)), [
      "admit green",
      "shift green 10",
      "bake 120",
      "shift green 50",
      "bake 120",
      "shift green 100",
      "bake 300",
    ]);
  });

  it("admits the first one by one shift: every share is all of the requests", () => {
    const steps = planCommand({ blue: standby, green: absent }, command("admit", "blue"), limits);
    assert.deepEqual(told(steps), ["admit blue", "shift blue 100", "bake 300"]);
  });

  it("goes on with one that has a part of its share", () => {
    const at = (share: number) =>
      told(planCommand({ blue: active(100), green: active(share) }, command("admit", "green"), limits));
    assert.deepEqual(at(10), ["shift green 50", "bake 120", "shift green 100", "bake 300"]);
    assert.deepEqual(at(100), []);
  });

  it("drains one that serves nobody any more, after a look at the others", () => {
    const current = { blue: active(100), green: active(100) };
    assert.deepEqual(told(planCommand(current, command("drain", "green"), limits)), [
      "scale blue",
      "shift green 0",
      "bake 300",
      "drain green",
    ]);
    assert.deepEqual(told(planCommand({ ...current, green: active(0) }, command("drain", "green"), limits)), [
      "drain green",
    ]);
  });

  it("does not drain the last one that serves, though another one is bound, and names the way out", () => {
    assert.throws(
      () => planCommand({ blue: active(100), green: active(0) }, command("drain", "blue"), limits),
      (error: { message: string; remedy: string }) => {
        assert.match(error.message, /blue can't leave traffic: 0 other members active/);
        assert.match(error.remedy, /eks-blue-green admit green/);
        return true;
      },
    );
  });

  it("does not scale a member below what its share brings it", () => {
    const current = { blue: { ...active(100), capacityPercent: 300 }, green: active(100) };
    assert.throws(
      () => planCommand(current, command("scale", "green", 50), { ...limits, minCapacityPercent: 60 }),
      /green gets 50 % of the requests by its share, for which it needs 60 %/,
    );
  });

  it("rolls back by one shift, and drains after a look", () => {
    assert.deepEqual(
      told(planCommand({ blue: { ...standby, version: "1.33" }, green: active(100) }, command("rollback"), limits)),
      ["admit blue", "shift blue 100, green 0", "bake 300", "drain green"],
    );
    assert.deepEqual(told(planCommand({ blue: active(0, "1.33"), green: active(100) }, command("rollback"), limits)), [
      "shift blue 100, green 0",
      "bake 300",
      "drain green",
    ]);
  });

  it("is refused where the config divides traffic in another way than the members have it", () => {
    const shared: Placement = { blue: { role: "active", version: "1.34", workload: "running" }, green: standby };
    assert.throws(
      () => planCommand(shared, command("admit", "green"), limits),
      /traffic is weighted, and by the record blue has no share/,
    );
    assert.throws(
      () =>
        planCommand({ blue: active(100), green: standby }, command("admit", "green"), { minActive: 1, bakeSeconds: 9 }),
      /traffic is shared, and by the record blue has a share/,
    );
  });

  it("keeps the sum above 0 and minActive members serving, and is nothing when it was done", () => {
    fc.assert(
      fc.property(placementOf(true), anyCommand, fc.integer({ min: 1, max: 2 }), (current, asked, minActive) => {
        const steps = planned(current, asked, minActive);
        if (steps === null) return;
        const end = checkWay(current, steps, { minActive });
        if (asked.name !== "rollback") assert.deepEqual(planned(end, asked, minActive), []);
        else {
          // Where older ones have a part already, the newer one only goes.
          const serving = servingMembers(current);
          const latest = serving
            .map((name) => current[name]?.version ?? "")
            .sort(compareVersions)
            .at(-1);
          const newer = serving.filter((name) => current[name]?.version === latest);
          const onlyGoes = newer.length === 1 && serving.length > 1;
          assert.equal(
            servingMembers(end).length,
            serving.length - (onlyGoes && !newer.some((name) => servingMembers(end).includes(name)) ? 1 : 0),
          );
        }
      }),
      runs,
    );
  });

  it("is walked back from every prefix by one shift at most, to the shares of before", () => {
    let ways = 0;
    fc.assert(
      fc.property(placementOf(true), anyCommand, fc.nat(12), fc.boolean(), (current, asked, count, open) => {
        const steps = planned(current, asked);
        if (steps === null || steps.length === 0) return;
        const record = prefix(
          current,
          steps,
          { strategy: "replace", wantedVersion: "1.35", command: asked },
          { count: Math.min(count, steps.length), open },
        );
        const way = walkBack(record, healthy, {});
        const intent = record.intent?.move;
        if (way.kind === "stay")
          return assert.ok(
            intent?.kind === "provision" || servingMembers(current).length === 0,
            `${intent?.kind}: ${way.why}`,
          );
        ways += 1;
        const now = intent === undefined ? record.placement : placementAfter(record.placement, intent);
        checkWay(now, way.steps);
        assert.ok(way.steps.filter((step) => step.type === "move" && step.kind === "shift").length <= 1);
        const end = goBack(record, way.steps);
        // Where nobody served, somebody does now: the sum can't become 0 again.
        if (servingMembers(current).length === 0) return;
        for (const name of boundMembers(current)) assert.equal(end[name]?.share, current[name]?.share, name);
        for (const name of boundMembers(end)) assert.ok(boundMembers(current).includes(name), name);
      }),
      runs,
    );
    assert.ok(ways > 200, String(ways));
  });

  it("leaves placements from which an upgrade still leads to its end", () => {
    fc.assert(
      fc.property(placementOf(false), anyCommand, fc.nat(12), (current, asked, cut) => {
        const steps = planned(current, asked);
        if (steps === null || servingMembers(current).length === 0) return;
        const midway = through(current, steps.slice(0, cut)).at(-1) as Placement;
        const rest = tried(() => plan(midway, { version: "1.35", members: names }, "replace", limits));
        if (rest === null) return assert.equal(servingMembers(midway).length, names.length, "no name is free");
        const end = checkWay(midway, rest);
        for (const name of boundMembers(end)) assert.equal(end[name]?.version, "1.35");
      }),
      runs,
    );
  });
});

describe("teardown with weighted traffic", () => {
  it("gathers the requests on one member, which is drained last", () => {
    const steps = planTeardown({ blue: active(100), green: active(100), red: active(0) }, null);
    assert.deepEqual(told(steps).slice(0, 4), ["shift blue 0", "drain blue", "drain red", "drain green"]);
  });

  it("drains only members without a share but the last, from every placement", () => {
    fc.assert(
      fc.property(placementOf(true), (current) => {
        const steps = planTeardown(current, null);
        checkWay(current, steps, { endsService: true });
        const drains = steps.flatMap((step) => (step.type === "move" && step.kind === "drain" ? [step.from] : []));
        assert.ok(drains.slice(0, -1).every((from) => from.share === 0));
        assert.deepEqual(servingMembers(through(current, steps).at(-1) as Placement), []);
      }),
      runs,
    );
  });
});
