/** Requests fail, and people take out the member that answers them. */
import assert from "node:assert/strict";
import { whoseFailures } from "../../../automation/observation/whose-part";
import { asked } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

describe("a drain of the member that answers", () => {
  for (const [blue, green] of [
    [100, 100],
    [10, 90],
    [90, 10],
    [20, 80],
  ] as const)
    it(`is never done when nothing answers without it: blue ${blue}, green ${green}`, async () => {
      const world = new WeightedWorld().bothServe({ blue, green });
      world.erring.add("green");
      const result = await world.run(asked("drain", "blue"));

      assert.notEqual(result.outcome, "done", result.message);
      assert.deepEqual([world.record.rollout, world.record.intent], [null, null]);
      for (const port of ports) assert.ok((world.routes[port].api["blue"] ?? 0) > 0, result.message);
    });

  it("is a failure, and says how to take it back, where so few were answered that no gate could tell", async () => {
    const world = new WeightedWorld().bothServe({ blue: 4, green: 96 });
    world.erring.add("green");
    const result = await world.run(asked("drain", "blue"));
    assert.equal(result.outcome, "failed", result.message);
    assert.match(result.message, /not one request to 'web'.* is answered without blue/);
    assert.match(result.remedy ?? "", /^bring it back: eks-blue-green admit blue --stack dev$/);
  });
});

describe("whose requests fail", () => {
  const seen = (failed: number, sent = 32) => ({ probes: { web: { sent, failed, firstFailure: null } } });
  const both = ["blue", "green"];
  it("is told by the parts of weighted traffic when they differ", () => {
    assert.equal(whoseFailures(seen(3), { blue: 90, green: 10 }, both), "green");
    assert.equal(whoseFailures(seen(28), { blue: 90, green: 10 }, both), "blue");
    assert.equal(whoseFailures(seen(16), { blue: 50, green: 50 }, both), null);
    assert.equal(whoseFailures(seen(0), { blue: 90, green: 10 }, both), null);
    assert.equal(whoseFailures(seen(16), { blue: 60, green: 40 }, both), null);
  });
  it("is named when nothing is to be done: one of them is taken out, and it is the right one", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 20 });
    world.erring.add("green");
    const result = await world.run(asked("admit", "blue"));
    assert.match(
      result.remedy ?? "",
      /^as many requests fail as green gets, so take it out: .*drain green --stack dev/,
    );
    assert.equal((await world.run(asked("drain", "green"))).outcome, "done");
    assert.equal(world.failingShare(), 0);
  });
});
