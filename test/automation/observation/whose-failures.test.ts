import assert from "node:assert/strict";
import { answeredMore, exceeds, othersFail } from "../../../automation/observation/whose-failures";

const of64 = (failed: number, isNews = true) => ({ sent: 64, failed, isNews });
const shares = (green: number) => ({ blue: 100 - green, green });
const suspects = (...greens: readonly number[]) => ({
  newcomers: ["green"],
  others: ["blue"],
  vectors: greens.map(shares),
});

describe("whose requests fail", () => {
  it("a count is more than a part explains only where chance does not", () => {
    for (const [failed, part, more] of [
      [6, 0.1, false],
      [12, 0.1, false],
      [15, 0.1, true],
      [32, 0.5, false],
      [40, 0.5, false],
      [43, 0.5, true],
      [1, 0, true],
      [0, 0, false],
      [64, 1, false],
    ] as const)
      assert.equal(exceeds({ sent: 64, failed }, part), more, `${failed} of 64 by ${part}`);
  });

  for (const [what, asked, by, others] of [
    ["all but the newcomer's part: the others", [58], [10], true],
    ["all at a step of a tenth, as when both err", [64], [10], false],
    ["the newcomer's part", [6], [10], false],
    ["a third: too little to give the newcomer everything for", [21], [10], false],
    ["half, as when what both need fails so many", [35], [10], false],
    ["seven tenths, as when what both need fails so many", [45], [10], false],
    ["all at a step of a twentieth, as when what both need is gone", [64], [5], false],
    ["half by halves: nobody knows", [32], [50], false],
    ["nearly all by halves: both", [60], [50], false],
    ["nearly all while some nodes still go by a tenth: the others", [57], [10, 50], true],
    ["all while the newcomer gets nothing", [64], [0], true],
    ["all of one service, none of another", [58, 0], [10], true],
    ["the others' part of one service, all of another", [58, 64], [10], false],
    ["one service of each", [58, 6], [10], true],
  ] as const)
    it(`${what}`, () => {
      const news = asked.map((failed) => of64(failed));
      assert.equal(othersFail(news, suspects(...by)), others);
    });

  it("what always failed tells nothing of the others while the newcomer gets nothing: the path may be wrong", () => {
    assert.equal(othersFail([of64(64, false)], suspects(0)), false);
    assert.equal(othersFail([of64(58, false)], suspects(10)), true);
  });

  it("of two beside the newcomer both must fail: what one of them explains says nothing of the other", () => {
    const three = {
      newcomers: ["green"],
      others: ["blue", "red"],
      vectors: [{ blue: 100, green: 20, red: 100 }],
    };
    for (const [failed, both] of [
      [29, false],
      [32, false],
      [58, true],
      [64, false],
    ] as const)
      assert.equal(othersFail([of64(failed)], three), both, `${failed} of 64`);
    assert.equal(othersFail([of64(32)], { ...three, vectors: [{ blue: 100, green: 0, red: 100 }] }), false);
  });

  it("tells nothing without requests, or where nobody is beside the newcomer", () => {
    assert.equal(othersFail([{ sent: 0, failed: 0, isNews: true }], suspects(0)), false);
    assert.equal(othersFail([], suspects(10)), false);
    assert.equal(othersFail([of64(64)], { ...suspects(100), others: [] }), false);
  });

  for (const [what, then, now, more] of [
    ["half failed by halves, and all do now: the one that left answered", 32, 64, true],
    ["half failed by halves, and none does now: the one that left erred", 32, 0, false],
    ["nearly all failed by halves, and all do now: both err", 60, 64, false],
    ["a sixth failed by halves, a third now: the one that left answered", 10, 21, true],
    ["a few now: as many as a round may miss", 3, 6, false],
    ["a tenth failed by halves, and all do now: nothing is lost by the one that left", 6, 64, true],
    ["a tenth failed by halves, and most do now: nobody knows how the one that left does", 6, 50, false],
  ] as const)
    it(what, () => {
      const before = { requests: { web: { sent: 64, failed: then } }, shares: shares(50) };
      const asked = { web: { sent: 64, failed: now } };
      assert.equal(answeredMore(asked, before, { lost: ["green"], have: ["blue"] }), more);
    });

  it("what was not asked before tells nothing", () => {
    const asked = { web: { sent: 64, failed: 64 } };
    assert.equal(answeredMore(asked, { requests: {}, shares: shares(50) }, { lost: ["green"], have: ["blue"] }), false);
  });
});
