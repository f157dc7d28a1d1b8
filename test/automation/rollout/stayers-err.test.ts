/** Where traffic is weighted: requests fail, and their share says that it is not the newcomer's doing. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { asked, bakeOf, once } from "../happenings";
import { WeightedWorld } from "../weighted-world";

type When = (world: WeightedWorld) => (event: DriverEventBody) => boolean;

/** The nth gate behind a move of this kind. */
const gateOf =
  (kind: string, nth = 1): When =>
  (world) => {
    let seen = 0;
    return (event) =>
      event.kind === "phase-started" &&
      event.phase === "gate" &&
      world.record.intent?.move.kind === kind &&
      (seen += 1) === nth;
  };
const bake =
  (percent: number): When =>
  () =>
    bakeOf(percent);
const toldOfWeb = (world: WeightedWorld): string[] => world.told.filter((one) => one.startsWith("web: "));

const [tenth, half, all, none] = [
  "web: blue 90, green 10",
  "web: blue 50, green 50",
  "web: blue 0, green 100",
  "web: blue 100, green 0",
];

describe("the old member answers errors while the new one comes in", () => {
  for (const [where, when, told] of [
    ["in the gate of the new one's admit", gateOf("admit"), [all]],
    ["while the first step is held", gateOf("shift", 1), [tenth, all]],
    ["in the first bake", bake(10), [tenth, all]],
    ["while the second step is held", gateOf("shift", 2), [tenth, half, all]],
  ] as const)
    it(`upgrade gives the new one everything: ${where}`, async () => {
      const world = new WeightedWorld();
      once(world, when(world), () => world.erring.add("blue"));
      const result = await world.upgrade();
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(toldOfWeb(world), told);
      assert.equal(world.failingShare(), 0);
    });

  for (const [where, when, told] of [
    ["in the second bake", bake(50), [tenth, half, none, all]],
    ["while the last step is held", gateOf("shift", 3), [tenth, half, all, none, all]],
  ] as const)
    it(`upgrade goes back where halves say nothing, and ends with the one that answered: ${where}`, async () => {
      const world = new WeightedWorld();
      once(world, when(world), () => world.erring.add("blue"));
      const result = await world.upgrade();
      assert.deepEqual([result.outcome, result.code], ["walked-back", "EBG-WALKED-BACK"], result.message);
      assert.match(result.message, /traffic is on green/);
      assert.match(result.remedy ?? "", /^to finish with what serves: eks-blue-green upgrade/);
      assert.deepEqual(toldOfWeb(world), told);
      assert.equal(world.failingShare(), 0);
      const again = await world.upgrade();
      assert.equal(again.outcome, "done", again.message);
      assert.equal(world.record.placement["blue"]?.role, "absent");
    });

  for (const percent of [10, 50])
    it(`upgrade goes back to the old one where both err (${percent} %)`, async () => {
      const world = new WeightedWorld();
      once(world, bakeOf(percent), () => ["blue", "green"].forEach((name) => world.erring.add(name)));
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.deepEqual(toldOfWeb(world), percent === 10 ? [tenth, none] : [tenth, half, none]);
    });

  it("when the new one errs too behind that shift, it goes back, and nobody is sent to and fro", async () => {
    const world = new WeightedWorld();
    once(world, bakeOf(10), () => {
      world.erring.add("blue");
      once(world, gateOf("shift", 1)(world), () => world.erring.add("green"));
    });
    const result = await world.upgrade();
    assert.notEqual(result.outcome, "done");
    assert.ok(toldOfWeb(world).length <= 5, toldOfWeb(world).join("; "));
  });

  it("admit gives the newcomer everything, and says who errs", async () => {
    const world = new WeightedWorld();
    once(world, bakeOf(9.1), () => world.erring.add("blue"));
    const result = await world.run(asked("admit", "green"));
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
    assert.match(result.message, /^blue answers with errors, so all requests were given to the others/);
    assert.match(result.remedy ?? "", /^take it out: eks-blue-green drain blue/);
    assert.equal(world.failingShare(), 0);
  });

  it("an admit beside one whose requests always failed goes by one step, and then all at once", async () => {
    const world = new WeightedWorld();
    world.erring.add("blue");
    const result = await world.run(asked("admit", "green"));
    assert.equal(result.outcome, "stopped", result.message);
    assert.deepEqual(toldOfWeb(world), ["web: blue 100, green 10", all]);
    assert.equal(world.failingShare(), 0);
  });

  it("a cycle: whoever comes back gets everything when the other one errs, and later steps don't hide who came in", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    const cycle = { "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }) };
    once(
      world,
      (event) => event.kind === "step-started" && event.step.type === "bake" && /^blue .* serves/.test(event.step.why),
      () => world.erring.add("green"),
    );
    const result = await world.upgrade({ config: cycle as never });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
    assert.match(result.message, /^green answers with errors, so all requests were given to the others/);
    assert.equal(world.failingShare(), 0);
  });

  for (const isRepaired of [true, false])
    it(`a rollback to the one that errs is tried, and is over at once where it ${isRepaired ? "does not" : "still does"}`, async () => {
      const world = new WeightedWorld();
      const stop = new AbortController();
      once(world, bakeOf(10), () => {
        world.erring.add("blue");
        once(world, gateOf("shift", 1)(world), () => stop.abort());
      });
      await world.upgrade({ stop: stop.signal });
      assert.deepEqual(world.record.rollout?.erring, ["blue"]);
      if (isRepaired) world.erring.clear();
      world.listen = () => undefined;
      const [told, since] = [toldOfWeb(world).length, world.failingMs];
      const result = await world.run(asked("rollback"));
      const back = toldOfWeb(world).slice(told);
      assert.equal(world.failingShare(), 0, result.message);
      if (isRepaired) assert.deepEqual([result.outcome, back], ["done", [none]], result.message);
      else {
        assert.notEqual(result.outcome, "done");
        assert.deepEqual(back, [none, all]);
        // The lag of the weights, there and back.
        assert.ok(world.failingMs - since < 2 * world.lagMs, String(world.failingMs - since));
      }
    });
});
