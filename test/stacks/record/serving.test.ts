import assert from "node:assert/strict";
import {
  absent,
  boundMembers,
  isBound,
  isServing,
  isWeighted,
  partOf,
  servingMembers,
  type MemberPlacement,
} from "../../../stacks/record";

const active: MemberPlacement = { role: "active", version: "1.35", workload: "running" };
const standby: MemberPlacement = { ...active, role: "standby" };

describe("who is bound, and who serves", () => {
  for (const [what, stands, bound, serves] of [
    ["an active member of shared traffic", active, true, true],
    ["an active member with a share", { ...active, share: 10 }, true, true],
    ["an active member with the share 0", { ...active, share: 0 }, true, false],
    ["a standby", standby, false, false],
    ["an absent member", absent, false, false],
    ["a member that the record does not know", undefined, false, false],
  ] as const)
    it(`${what} is ${bound ? "" : "not "}bound and ${serves ? "serves" : "does not serve"}`, () => {
      assert.deepEqual([isBound(stands), isServing(stands)], [bound, serves]);
    });

  it("goes over a placement in its order", () => {
    const placement = { red: { ...active, share: 90 }, blue: { ...active, share: 0 }, green: standby };
    assert.deepEqual(boundMembers(placement), ["red", "blue"]);
    assert.deepEqual(servingMembers(placement), ["red"]);
  });

  it("tells a member's part of the sum of all shares, and nothing where traffic is not weighted", () => {
    const placement = {
      blue: { ...active, share: 100 },
      green: { ...active, share: 50 },
      red: { ...active, share: 0 },
    };
    assert.deepEqual(
      ["blue", "green", "red"].map((name) => partOf(placement, name)),
      [2 / 3, 1 / 3, 0],
    );
    assert.equal(isWeighted(placement), true);
    assert.equal(isWeighted({ blue: active, green: standby }), false);
    assert.equal(partOf({ blue: active }, "blue"), null);
  });
});
