/** Whoever should rise on the way back dies, and whoever should lose its share is well: the way back ends there. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { asked, bakeOf, once, sicken, upgradeHalfWay } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

const minutes = 60_000;

/** The upgrade turns at its second step because green answers errors; then blue dies and green is repaired. */
function turnsAndDies(world: WeightedWorld, when: (event: DriverEventBody) => boolean, wholly = false): void {
  once(world, bakeOf(50), () => {
    world.erring.add("green");
    once(world, when, () => {
      world.erring.delete("green");
      sicken(world, "blue");
      if (wholly) world.clusters.get("blue")!.reachable = false;
      world.failingMs = 0;
    });
  });
}
const goesBack = (world: WeightedWorld): boolean => world.record.rollout?.direction === "back";
const moments = (world: WeightedWorld) =>
  ({
    "before the shift back is written": ({ kind }: DriverEventBody) => kind === "walk-back",
    "as the shift back is applied": (event: DriverEventBody) =>
      event.kind === "phase-started" && event.phase === "act" && goesBack(world),
    "while the shift back is held": (event: DriverEventBody) =>
      event.kind === "phase-started" && event.phase === "gate" && goesBack(world),
    "before the drain behind the shift back": (event: DriverEventBody) =>
      event.kind === "step-started" && event.step.type === "move" && event.step.kind === "drain" && goesBack(world),
  }) as const;

function greenHasAll(world: WeightedWorld, result: RolloutResult): void {
  const { placement, rollout, intent } = world.record;
  assert.deepEqual([rollout, intent], [null, null], result.message);
  assert.deepEqual([placement["green"]?.share, placement["blue"]?.share], [100, 0], result.message);
  for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 0, green: 100 });
  assert.equal(world.failingShare(), 0);
  // Of these the hold is ten minutes: until then some node may still send requests to blue.
  assert.ok(world.failingMs < 15 * minutes, `requests failed for ${world.failingMs / 1000} s`);
}

describe("a way back whose goal dies", () => {
  for (const moment of Object.keys(moments(new WeightedWorld())) as (keyof ReturnType<typeof moments>)[])
    for (const wholly of [false, true]) {
      const died = wholly ? "with its cluster" : "its pods only";
      it(`gives everything to the member that it left, ${moment}, ${died}`, async () => {
        const world = new WeightedWorld();
        turnsAndDies(world, moments(world)[moment], wholly);
        const result = await world.upgrade();
        assert.equal(result.outcome, "walked-back", result.message);
        greenHasAll(world, result);
      });
    }

  for (const command of ["upgrade", "rollback"] as const)
    it(`does so when it is resumed by '${command}'`, async () => {
      const world = new WeightedWorld();
      const stop = new AbortController();
      once(world, bakeOf(50), () => {
        world.erring.add("green");
        world.listen = (event) => {
          if (event.kind === "phase-started" && event.phase === "gate" && goesBack(world)) stop.abort();
        };
      });
      assert.equal((await world.upgrade({ stop: stop.signal })).outcome, "stopped");
      world.erring.delete("green");
      sicken(world, "blue");
      world.failingMs = 0;
      world.listen = () => undefined;
      const result = await (command === "upgrade" ? world.upgrade() : world.run(asked("rollback")));
      greenHasAll(world, result);
    });

  it("does so when somebody asked for the way back", async () => {
    const world = await upgradeHalfWay(new WeightedWorld());
    once(
      world,
      ({ kind }) => kind === "walk-back",
      () => {
        sicken(world, "blue");
        world.failingMs = 0;
      },
    );
    greenHasAll(world, await world.run(asked("rollback")));
  });

  it("does so when it dies while the member that it left is drained", async () => {
    const world = new WeightedWorld();
    const drained = (event: DriverEventBody): boolean =>
      event.kind === "phase-started" &&
      event.phase === "gate" &&
      goesBack(world) &&
      world.record.intent?.move.kind === "drain";
    turnsAndDies(world, drained);
    greenHasAll(world, await world.upgrade());
  });

  it("goes on to the others that come back, without the one that died", async () => {
    const world = new WeightedWorld(["blue", "green", "red"]).bothServe({ blue: 100, red: 100 });
    const shares = { blue: 100, green: 0, red: 100 };
    for (const port of ports) Object.assign(world.routes[port], { api: shares, state: shares });
    let steps = 0;
    const second = (event: DriverEventBody): boolean =>
      event.kind === "step-started" && event.step.type === "bake" && (steps += 1) === 2;
    once(world, second, () => {
      world.erring.add("green");
      once(
        world,
        ({ kind }) => kind === "walk-back",
        () => sicken(world, "blue"),
      );
    });
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    const { placement, rollout, intent } = world.record;
    assert.deepEqual([rollout, intent], [null, null]);
    assert.deepEqual(
      [placement["blue"]?.share, placement["red"]?.share, placement["green"]?.role],
      [0, 100, "standby"],
    );
    assert.equal(world.failingShare(), 0);
  });

  it("leads out too when the member that it left answers errors still: the next command goes to who is well by then", async () => {
    const world = new WeightedWorld();
    once(world, bakeOf(50), () => {
      world.erring.add("green");
      once(
        world,
        ({ kind }) => kind === "walk-back",
        () => sicken(world, "blue"),
      );
    });
    const result = await world.upgrade();
    assert.notEqual(result.outcome, "done");
    world.clusters.get("blue")!.sick = false;
    world.now += 10 * minutes;
    world.reconcile();
    world.listen = () => undefined;
    const told = [`${result.outcome}: ${result.message} → ${result.remedy}`];
    for (let typed = 0; typed < 4 && world.failingShare() > 0; typed += 1) {
      const next = await world.run(asked("rollback"));
      told.push(`${next.outcome}: ${next.message} → ${next.remedy}`);
    }
    assert.equal(world.failingShare(), 0, told.join("\n"));
  });
});
