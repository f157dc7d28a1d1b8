/** Weights that somebody sets by hand, or that AWS does not tell, where they must not keep anybody from what is right. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { Killed } from "../world";
import { asked, bakeOf, once, sicken } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

const gateOf = (index: number) => (event: DriverEventBody) =>
  event.kind === "phase-started" && event.phase === "gate" && event.index === index;
const notes = (world: WeightedWorld): string =>
  world.events.map((event) => (event.kind === "note" ? event.message : "")).join("\n");
const byHand = (world: WeightedWorld, weights: Readonly<Record<string, number>>): void => {
  for (const port of ports) world.tell(port, weights);
};

describe("weights by hand", () => {
  it("are written over by a shift that was begun: no command puts them back while it is open", async () => {
    const world = new WeightedWorld();
    world.fault = { call: "modify api", nth: 2, kind: "before", error: () => new Killed() };
    await assert.rejects(world.upgrade(), Killed);
    world.fault = null;
    world.tell("web", { blue: 70, green: 30 });
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.match(
      notes(world),
      /'web' has blue 70, green 30 instead of .*; this shift was begun, so they are written anew/,
    );
    assert.equal(world.failingMs, 0);
  });

  it("that took everything from a dead member do not keep it from being drained", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    sicken(world, "blue");
    byHand(world, { blue: 0, green: 100 });
    world.now += 600_000;
    world.reconcile();
    world.failingMs = 0;
    const result = await world.run(asked("drain", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.record.placement["blue"]?.role, "standby");
    assert.equal(world.failingMs, 0, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("are no reason to give requests back to a dead member: what leads out is its drain", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    sicken(world, "blue");
    byHand(world, { blue: 0, green: 100 });
    world.now += 600_000;
    world.reconcile();
    const cycle = { "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }) };
    await assert.rejects(world.upgrade({ config: cycle }), { code: "EBG-DRIFT" });
    const drift = world.events.flatMap((event) =>
      event.kind === "finding" && event.message.startsWith("AWS has other weights") ? event : [],
    );
    assert.ok(drift.length > 0);
    for (const { message, remedy } of drift) {
      assert.match(message, /they keep requests from blue, which lacks healthy targets/);
      assert.match(remedy, /eks-blue-green drain blue --stack dev/);
      assert.doesNotMatch(remedy, /pulumi up/);
    }
  });

  it("that took everything from the old member, which is dead, do not stop its replacement", async () => {
    const world = new WeightedWorld();
    once(world, bakeOf(10), () => {
      sicken(world, "blue");
      byHand(world, { blue: 0, green: 100 });
    });
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(
      world.told.filter((one) => one.startsWith("api")),
      ["blue 90, green 10", "blue 0, green 100"].map((one) => `api: ${one}`),
    );
  });

  it("stop a drain all the same when they went the other way", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    byHand(world, { blue: 0, green: 100 });
    world.now += 600_000;
    await assert.rejects(world.run(asked("drain", "green")), { code: "EBG-DRIFT" });
  });
});

describe("weights that AWS does not tell", () => {
  it("do not keep the way back waiting: it writes all of them anyway", async () => {
    const world = new WeightedWorld();
    let from = 0;
    let written = 0;
    once(world, bakeOf(50), () => {
      world.erring.add("green");
      from = world.now;
    });
    world.weightsUntold = () => from > 0 && world.now < from + 600_000;
    const tell = world.tell.bind(world);
    world.tell = (port, weights) => {
      if (weights["blue"] === 100 && from > 0 && written === 0) written = world.now;
      tell(port, weights);
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(written > 0 && written - from < 120_000, `written after ${(written - from) / 1000} s`);
  });

  it("stop a good upgrade where it is, and do not turn it back", async () => {
    const world = new WeightedWorld();
    let from = 0;
    once(world, gateOf(6), () => (from = world.now));
    world.weightsUntold = () => from > 0 && world.now > from + 30_000 && world.now < from + 1_500_000;
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-AWS"], result.message);
    assert.match(result.remedy ?? "", /go on with: eks-blue-green upgrade/);
    assert.equal(world.record.rollout?.direction, "forward");
    world.now = from + 1_600_000;
    assert.equal((await world.upgrade()).outcome, "done");
    assert.equal(world.failingMs, 0);
  });
});
