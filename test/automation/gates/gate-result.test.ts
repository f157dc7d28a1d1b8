import assert from "node:assert/strict";
import fc from "fast-check";
import { bad, freshMemory, goodFor, waiting, type Decided } from "../../../automation/gates/gate-result";

const toleratedMs = 3_000;
const holdMs = 3_000;
/**
 * Rounds a quarter of a second apart: true is a good one. Answers the status that ended it, and after how many rounds.
 */
function run(rounds: Iterable<boolean>): { readonly status: string; readonly rounds: number } {
  let memory = freshMemory;
  let now = 0;
  let count = 0;
  for (const good of rounds) {
    const decided: Decided = good
      ? goodFor(memory, now, holdMs, "bake", "", "")
      : bad(memory, now, toleratedMs, waiting("probe", "requests failed"), "");
    memory = decided.memory;
    count += 1;
    if (decided.decision.status !== "waiting") return { status: decided.decision.status, rounds: count };
    now += 250;
  }
  return { status: "waiting", rounds: count };
}
const repeat = (times: number, ...rounds: boolean[]): boolean[] => Array.from({ length: times }, () => rounds).flat();

describe("a gate that waits for good rounds", () => {
  it("passes after the hold, and forgives one bad round", () => {
    assert.deepEqual(run(repeat(40, true)), { status: "passed", rounds: 13 });
    assert.equal(run([...repeat(4, true), false, ...repeat(40, true)]).status, "passed");
  });
  it("fails when it is bad for longer than tolerated", () =>
    assert.deepEqual(run(repeat(40, false)), { status: "failed", rounds: 13 }));
  it(
    "fails just as soon when every few rounds look good: half the targets fail, and all requests of a round may " +
      "reach the other half",
    () => {
      assert.deepEqual(run(repeat(40, false, true, true)), { status: "failed", rounds: 13 });
      assert.equal(run(repeat(40, true, true, true, true, false)).status, "failed");
    },
  );
  it("never passes within the hold after a bad round, and never fails without a bad round", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 120 }), (rounds) => {
        const ended = run(rounds);
        const seen = rounds.slice(0, ended.rounds);
        if (ended.status === "passed") assert.ok(seen.slice(-13).every((good) => good));
        if (ended.status === "failed") assert.equal(seen.at(-1), false);
      }),
    );
  });
});
