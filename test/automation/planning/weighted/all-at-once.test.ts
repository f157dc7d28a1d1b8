import assert from "node:assert/strict";
import fc from "fast-check";
import { allAtOnce } from "../../../../automation/planning/all-at-once";
import { plan } from "../../../../automation/planning/replace";
import { absent, beginMove, boundMembers, commitBake, commitMove, servingMembers } from "../../../../stacks/record";
import { active, limits, names, placementOf, prefix, told, tried } from "./ground";

const wanted = { version: "1.35", members: names };
const asked = { strategy: "replace", wantedVersion: "1.35" } as const;

describe("the rest of the steps in one shift", () => {
  it("leads from a bake, or from an open step, to the last of them", () => {
    const current = { blue: active(100), green: absent };
    const steps = plan(current, { version: "1.35", members: ["blue", "green"] }, "replace", limits);
    const at = (count: number, open: boolean) => allAtOnce(prefix(current, steps, asked, { count, open }));
    for (const [count, open] of [
      [2, true],
      [3, false],
      [4, true],
      [5, false],
    ] as const) {
      const way = at(count, open);
      assert.ok(way !== null, `${count}`);
      assert.equal(told(way.steps)[count], "shift blue 0, green 100");
      assert.deepEqual(told(way.steps).slice(count + 1), told(steps).slice(7));
      assert.deepEqual([way.leaves, way.stay], ["blue", ["green"]]);
      assert.equal(way.intent === null, !open);
    }
    // Before anybody has come in, and after the old member has nothing any more, there is nothing of the kind.
    for (const [count, open] of [
      [0, true],
      [1, true],
      [7, false],
      [8, true],
    ] as const)
      assert.equal(at(count, open), null, `${count}`);
  });

  it("is a way that the record takes to its end, from every prefix of every plan", () => {
    let ways = 0;
    fc.assert(
      fc.property(placementOf(true), fc.nat(30), fc.boolean(), (current, count, open) => {
        const steps = tried(() => plan(current, wanted, "replace", limits));
        if (steps === null || steps.length === 0) return;
        const record = prefix(current, steps, asked, { count: Math.min(count, steps.length), open });
        const way = allAtOnce(record);
        if (way === null || record.rollout === null) return;
        ways += 1;
        let now = { ...record, intent: way.intent, rollout: { ...record.rollout, steps: way.steps } };
        for (let index = record.rollout.done; index < way.steps.length; index += 1) {
          if (way.steps[index]?.type === "bake") now = commitBake(now) as typeof now;
          else {
            const begun =
              now.intent === null ? beginMove(now, { step: index, startedAt: "t", by: "b", targetsBefore: {} }) : now;
            now = commitMove(begun) as typeof now;
          }
          assert.ok(servingMembers(now.placement).length > 0);
        }
        for (const name of boundMembers(now.placement)) assert.equal(now.placement[name]?.version, "1.35");
      }),
      { numRuns: 1000 },
    );
    assert.ok(ways > 20, String(ways));
  });
});
