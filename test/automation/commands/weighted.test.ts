/** Commands with weighted traffic, from the plan to its end, in a world whose load balancer follows late. */
import assert from "node:assert/strict";
import { Killed } from "../world";
import { asked } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

const shares = (world: WeightedWorld): string =>
  world.members
    .map((name) => {
      const stands = world.record.placement[name];
      return `${name} ${stands?.role} ${stands?.share ?? "-"}`;
    })
    .join(", ");
/** The record, AWS and what users saw agree. */
function sound(world: WeightedWorld): void {
  assert.deepEqual([world.record.rollout, world.record.intent], [null, null]);
  for (const port of ports)
    for (const name of world.members)
      assert.equal(world.routes[port].api[name], world.record.placement[name]?.share ?? 0, `${port} ${name}`);
  assert.equal(world.failingMs, 0, `requests failed for ${world.failingMs / 1000} s`);
}
const vectors = (world: WeightedWorld): string[] =>
  world.told.filter((one) => one.startsWith("web: ")).map((one) => one.slice("web: ".length));

describe("commands with weighted traffic", () => {
  it("upgrade moves requests as the config's steps say", async () => {
    const world = new WeightedWorld();
    const result = await world.upgrade({ approveRetire: true });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(shares(world), "blue absent -, green active 100");
    assert.deepEqual(vectors(world), ["blue 90, green 10", "blue 50, green 50", "blue 0, green 100"]);
    sound(world);
  });

  it("rollback of an upgrade that waits for its approval is one shift", async () => {
    const world = new WeightedWorld();
    assert.equal((await world.upgrade({ approveRetire: false })).outcome, "stopped");
    world.told.length = 0;
    const result = await world.run(asked("rollback"));
    assert.equal(result.outcome, "done", result.message);
    assert.equal(shares(world), "blue active 100, green standby -");
    assert.deepEqual(vectors(world), ["blue 100, green 0"]);
    sound(world);
  });

  it("drain and admit take a member out and in again", async () => {
    const world = new WeightedWorld();
    await world.upgrade({ approveRetire: true });
    let result = await world.run(asked("admit", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.equal(shares(world), "blue active 100, green active 100");
    sound(world);
    world.told.length = 0;
    result = await world.run(asked("drain", "green"));
    assert.equal(result.outcome, "done", result.message);
    assert.equal(shares(world), "blue active 100, green standby -");
    assert.deepEqual(vectors(world), ["blue 100, green 0"]);
    sound(world);
  });

  it("drain of the last one that serves is refused", async () => {
    const world = new WeightedWorld();
    await assert.rejects(world.run(asked("drain", "blue")), /blue can't leave traffic/);
    sound(world);
  });

  it("an upgrade whose new member answers errors at its first step ends with the old one alone", async () => {
    const world = new WeightedWorld();
    world.erring.add("green");
    const result = await world.upgrade({ approveRetire: true });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(shares(world), "blue active 100, green standby -");
    assert.deepEqual(vectors(world), ["blue 90, green 10", "blue 100, green 0"]);
    for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 100, green: 0 });
  });

  for (const [where, index, phase, vectorsAtEnd] of [
    ["in the first bake", 3, "gate", 2],
    ["in the second bake", 5, "gate", 3],
    ["while the first step is held", 2, "gate", 2],
    ["before the second step is written", 4, "act", 3],
    ["while the second step is held", 4, "gate", 3],
    ["while the last step is held", 6, "gate", 3],
  ] as const)
    it(`an upgrade moves everything at once when the old member dies ${where}: nothing else would end the outage`, async () => {
      const world = new WeightedWorld();
      world.listen = (event) => {
        if (event.kind !== "phase-started" || event.index !== index || event.phase !== phase) return;
        const blue = world.clusters.get("blue");
        assert.ok(blue !== undefined);
        blue.sick = true;
      };
      const result = await world.upgrade({ approveRetire: true });
      assert.equal(result.outcome, "done", result.message);
      assert.equal(shares(world), "blue absent -, green active 100");
      assert.equal(vectors(world).at(-1), "blue 0, green 100");
      assert.ok(vectors(world).length <= vectorsAtEnd, vectors(world).join("; "));
      assert.deepEqual([world.record.rollout, world.record.intent], [null, null]);
      assert.ok(world.failingMs < 2_000_000, `${world.failingMs / 1000} s`);
    });

  it("an upgrade stops where both members are sick: neither way is better", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind !== "step-started" || event.index !== 3) return;
      for (const name of world.members) {
        const one = world.clusters.get(name);
        if (one !== undefined) one.sick = true;
      }
    };
    const result = await world.upgrade({ approveRetire: true });
    assert.equal(result.outcome, "failed", result.message);
    assert.deepEqual(vectors(world), ["blue 90, green 10"]);
  });

  /** From blue at 100 and green standing by, or both in traffic. */
  async function start(bothServe: boolean): Promise<WeightedWorld> {
    const world = new WeightedWorld();
    assert.equal((await world.upgrade({ approveRetire: false })).outcome, "stopped");
    assert.equal((await world.run(asked("rollback"))).outcome, "done");
    if (bothServe) assert.equal((await world.run(asked("admit", "green"))).outcome, "done");
    world.paceMs = 25_000;
    world.calls.length = 0;
    world.told.length = 0;
    return world;
  }

  for (const [what, command, bothServe, ends] of [
    ["admit", asked("admit", "green"), false, "blue active 100, green active 100"],
    ["drain", asked("drain", "blue"), true, "blue standby -, green active 100"],
  ] as const)
    it(`${what} goes on wherever it is killed`, async function () {
      this.timeout(600_000);
      const reference = await start(bothServe);
      assert.equal((await reference.run(command)).outcome, "done");
      assert.equal(shares(reference), ends);
      const calls = [...reference.calls];
      assert.ok(calls.includes("modify web") && calls.includes("modify api"));
      for (const [index, call] of calls.entries()) {
        const nth = calls.slice(0, index + 1).filter((one) => one === call).length;
        const world = await start(bothServe);
        world.fault = { call, nth, kind: "after", error: () => new Killed() };
        await assert.rejects(world.run(command), Killed, `after ${call} ${nth}`);
        world.fault = null;
        const result = await world.run(command);
        assert.ok(["done", "nothing-to-do"].includes(result.outcome), `after ${call} ${nth}: ${result.message}`);
        assert.equal(shares(world), ends);
        sound(world);
      }
    });
});
