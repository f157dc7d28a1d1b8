import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { evacuate } from "../evacuating";
import { Killed, World } from "../world";
import { ports, WeightedWorld } from "../weighted-world";

describe("evacuate beside an open move", () => {
  it("keeps the other member's move: it is finished afterwards, and the rest is planned anew", async () => {
    const world = new World("cycle", ["blue", "green", "red"]);
    const stop = new AbortController();
    // The first move makes green larger; the driver dies in its gate, with the size changed and not committed.
    world.fault = { call: "apply", nth: 1, kind: "after", error: () => new Error("killed") };
    await assert.rejects(world.upgrade({ stop: stop.signal }), /killed/);
    world.fault = null;
    const open = world.record.intent?.move;
    assert.ok(open?.kind === "scale");
    assert.equal(open.to.capacityPercent, 150);
    const mover = open?.member ?? "";
    // Another one dies with all its pods.
    const dead = world.members.find((name) => name !== mover && name !== "blue") ?? "";
    Object.assign(world.clusters.get(dead) ?? {}, { reachable: false, sick: true });
    const out = await evacuate(world, dead);
    assert.equal(out.outcome, "done", out.message);
    assert.match(out.remedy ?? "", new RegExp(`finish 'scale ${mover}'.*eks-blue-green upgrade --stack dev`));
    assert.deepEqual(world.record.intent?.move, open);
    const rest = await world.upgrade();
    assert.deepEqual([rest.outcome, rest.code], ["stopped", "EBG-STOPPED"], rest.message);
    assert.match(rest.message, new RegExp(`'scale ${mover}', which was open .* is finished`));
    assert.match(rest.remedy ?? "", /run the same command again: eks-blue-green upgrade/);
    assert.equal(world.record.placement[mover]?.capacityPercent, 150);
    assert.deepEqual([world.record.rollout, world.record.intent], [null, null]);
    assert.equal(world.clusters.get(mover)?.percent, 150);
  });
});

describe("evacuate of one that still serves while another in traffic is sick", () => {
  it("and `upgrade` don't send people to each other: the sick one is repaired, then it is done", async () => {
    const world = new World("cycle", ["blue", "green", "red"]);
    let drains = 0;
    let dead = "";
    let sick = "";
    world.listen = (event) => {
      if (event.kind !== "step-started" || event.step.type !== "move" || event.step.kind !== "drain") return;
      drains += 1;
      if (drains !== 2) return;
      dead = event.step.member;
      sick = world.members.find((name) => name !== dead && world.record.placement[name]?.version === "1.34") ?? "";
      world.clusters.get(dead)!.reachable = false;
      world.clusters.get(sick)!.sick = true;
    };
    const stopped = await world.upgrade();
    assert.notEqual(stopped.outcome, "done");
    assert.match(stopped.remedy ?? "", new RegExp(`repair ${sick}.*evacuate ${dead}`));
    const refused = await evacuate(world, dead).catch((error: unknown) => error as DriverError);
    assert.ok(refused instanceof DriverError);
    assert.match(refused.message, new RegExp(`${dead} still serves.*${sick} is in traffic, and unhealthy`));
    assert.match(refused.remedy, new RegExp(`^first repair ${sick}: .*then run the same command again`));
    assert.doesNotMatch(refused.remedy, /upgrade/);
    world.clusters.get(sick)!.sick = false;
    const out = await evacuate(world, dead);
    assert.equal(out.outcome, "done", out.message);
    assert.equal(world.record.placement[dead]?.evacuated !== undefined, true);
  });
});

describe("evacuate where traffic is weighted", () => {
  const evacuateBlue = (world: WeightedWorld) => evacuate(world, "blue", { ...world.values });
  /** Its API server is gone; its pods serve on, or are gone with it. */
  const dead = (podsToo: boolean): WeightedWorld => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: false, sick: podsToo });
    return world;
  };
  const isOut = (world: WeightedWorld): void => {
    const { placement, rollout, intent, evacuation } = world.record;
    assert.equal(placement["blue"]?.role, "standby");
    assert.ok(placement["blue"]?.evacuated);
    assert.equal(placement["blue"]?.share, undefined);
    assert.equal(placement["green"]?.share, 100);
    assert.deepEqual([rollout, intent, evacuation ?? null], [null, null, null]);
    for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 0, green: 100 });
  };

  it("takes the share away first, in every route, and no request of the others fails", async () => {
    const world = dead(false);
    const out = await evacuateBlue(world);
    assert.equal(out.outcome, "done", out.message);
    isOut(world);
    assert.equal(world.failingMs, 0);
    const shifted = world.calls.indexOf("modify api");
    assert.ok(shifted > 0 && shifted < world.calls.indexOf("deregister"), world.calls.join(", "));
  });

  it("does so when the member's pods are gone with it: what fails already keeps nobody from that", async () => {
    const world = dead(true);
    const out = await evacuateBlue(world);
    assert.equal(out.outcome, "done", out.message);
    isOut(world);
    assert.ok(world.failingMs < 700_000, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("takes over a shift that leads back to the dead member: one that `rollback` began in its middle", async () => {
    const world = dead(false);
    world.fault = { call: "modify api", nth: 1, kind: "before", error: () => new Killed() };
    await assert.rejects(evacuateBlue(world), Killed);
    world.fault = null;
    world.dead = false;
    world.calls.length = 0;
    world.fault = { call: "writeRecord", nth: 1, kind: "after", error: () => new Killed() };
    await assert.rejects(world.run({ name: "rollback", member: null, percent: null }), Killed);
    world.fault = null;
    world.dead = false;
    world.clusters.get("blue")!.sick = true;
    assert.equal(world.record.rollout?.direction, "back");
    assert.equal(world.record.intent?.move.kind, "shift");
    const out = await evacuateBlue(world);
    assert.equal(out.outcome, "done", out.message);
    isOut(world);
    assert.equal(world.failingShare(), 0);
  });

  it("goes on wherever it is killed", async function () {
    this.timeout(120_000);
    const reference = dead(false);
    await evacuateBlue(reference);
    for (const [at, call] of reference.calls.entries()) {
      const world = dead(false);
      const nth = reference.calls.slice(0, at + 1).filter((one) => one === call).length;
      world.fault = { call, nth, kind: "after", error: () => new Killed() };
      await assert.rejects(evacuateBlue(world), Killed, `${call} ${nth}`);
      world.fault = null;
      world.dead = false;
      if (world.record.placement["blue"]?.evacuated === undefined) {
        const out = await evacuateBlue(world);
        assert.equal(out.outcome, "done", `${call} ${nth}: ${out.message}`);
      }
      isOut(world);
      assert.equal(world.failingMs, 0, `${call} ${nth}`);
    }
  });

  it("ends a rollout that was planned with it, but not while a move of that is open", async () => {
    const world = new WeightedWorld(["blue", "green", "red"]).bothServe({ blue: 100, green: 100, red: 100 });
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: false });
    const startedAt = "2026-01-01T00:00:00Z";
    const red = { role: "active", version: "1.34", workload: "running", share: 100 } as const;
    const larger = { ...red, capacityPercent: 150 };
    const step = { type: "move", kind: "scale", member: "red", from: red, to: larger } as const;
    const { type: _type, ...move } = step;
    const rollout = { id: "r", strategy: "cycle", wantedVersion: "1.34", steps: [step], done: 0, startedAt } as const;
    world.record = {
      ...world.record,
      rollout: { ...rollout, direction: "forward", reason: null },
      intent: { move, step: 0, startedAt, by: "ann", targetsBefore: {} },
    };
    const refused = await evacuateBlue(world).catch((error: unknown) => error as DriverError);
    assert.ok(refused instanceof DriverError);
    assert.match(refused.message, /'scale red' is open .*blue still gets a part of the requests/);
    assert.match(
      refused.remedy,
      /let it end: eks-blue-green upgrade --stack dev.*eks-blue-green evacuate blue --stack dev/,
    );
    assert.deepEqual(world.told, []);
    world.record = { ...world.record, intent: null };
    assert.equal((await evacuateBlue(world)).outcome, "done");
    assert.ok(world.record.placement["blue"]?.evacuated);
    for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 0, green: 100, red: 100 });
  });

  it("is refused for the last one that serves, before anything is shifted", async () => {
    const world = new WeightedWorld();
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: false });
    await assert.rejects(evacuateBlue(world), { code: "EBG-EVACUATE", message: /without blue nobody would serve/ });
    assert.deepEqual(world.told, []);
  });
});
