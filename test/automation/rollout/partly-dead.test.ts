/** Where traffic is weighted: a member that is dead in one service, or in one look, or now and then. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { BlipsWorld } from "../blips-world";
import { evacuate } from "../evacuating";
import { asked, bakeOf, once, sicken, upgradeHalfWay } from "../happenings";
import { Killed } from "../world";

type Told = Pick<RolloutResult, "message" | "remedy"> & { readonly code: string | null; readonly outcome?: string };

/** What somebody sees who types a command. */
const told = (run: Promise<RolloutResult>): Promise<Told> =>
  run.catch((error: unknown) => {
    if (error instanceof DriverError) return error;
    throw error;
  });

/** Blue is what it was before, green what it is to be. */
const stoppedHalfWay = (): Promise<BlipsWorld> => upgradeHalfWay(new BlipsWorld());
function later(world: BlipsWorld, ms: number): void {
  world.now += ms;
  world.reconcile();
}

describe("a member that is dead in one of its services only", () => {
  it("keeps the others on the way back, where the member that it goes back from answers errors", async () => {
    const world = new BlipsWorld();
    once(world, bakeOf(50), () => {
      world.errsIn.add("web@green");
      once(
        world,
        (event) =>
          event.kind === "phase-started" && event.phase === "gate" && world.record.rollout?.direction === "back",
        () => world.deadIn.add("api@blue"),
      );
    });
    await world.upgrade();
    assert.ok(world.failingOf("web") < 1, "blue answers it");
  });

  it("is not drained out of an upgrade while it alone answers one of them", async () => {
    const world = new BlipsWorld();
    once(world, bakeOf(50), () => {
      world.errsIn.add("web@green");
      world.deadIn.add("api@blue");
    });
    const upgraded = await told(world.upgrade());
    assert.doesNotMatch(upgraded.remedy ?? "", /drain blue/);
    world.listen = () => undefined;
    assert.notEqual((await told(world.run(asked("drain", "blue")))).outcome, "done");
    assert.ok(world.failingOf("web") < 1, "blue answers it");
  });
});

describe("a member that is dead for a moment", () => {
  it("in the look of the turn, does not keep everything at the member that answers errors", async () => {
    const world = new BlipsWorld().bothServe({ blue: 100, green: 100 });
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake") world.erring.add("green");
      if (event.kind === "gate" && event.status === "failed") world.sickUntil.set("blue", world.now + 12_000);
    };
    const result = await world.run(asked("drain", "blue"));
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(world.record.placement["blue"]?.share, 100);
  });

  it("again and again, is not sent from drain to evacuate and back", async () => {
    const world = await stoppedHalfWay();
    world.flapping.add("blue");
    later(world, 61_000 - (world.now % 40_000));
    const drained = await told(world.run(asked("drain", "blue")));
    const evacuated = await told(evacuate(world, "blue", world.values));
    assert.equal(drained.code, "EBG-ROLLOUT-UNDER-WAY");
    assert.doesNotMatch(evacuated.remedy ?? "", /drain blue/);
    assert.match(evacuated.remedy ?? "", /upgrade/);
  });
});

describe("a member that is dead in the middle of an upgrade", () => {
  it("is drained once AWS tells its targets, after looks that it did not tell", async () => {
    const world = await stoppedHalfWay();
    sicken(world, "blue");
    later(world, 120_000);
    let looks = 0;
    world.untold = () => (looks += 1) <= 4;
    const drained = await told(world.run(asked("drain", "blue")));
    assert.equal(drained.outcome, "done", drained.message);
    assert.equal(world.failingShare(), 0);
  });

  it("is not drained while AWS tells nothing, and that is said", async () => {
    const world = await stoppedHalfWay();
    sicken(world, "blue");
    later(world, 120_000);
    world.untold = () => true;
    const drained = await told(world.run(asked("drain", "blue")));
    assert.equal(drained.code, "EBG-AWS", drained.message);
    assert.match(drained.message, /blue was not drained/);
  });

  it("behind a killed drain of it, nobody is sent to a way back that is refused", async () => {
    const world = await stoppedHalfWay();
    sicken(world, "blue");
    later(world, 120_000);
    world.calls.length = 0;
    world.fault = { call: "modify web", nth: 1, kind: "after", error: () => new Killed() };
    await assert.rejects(world.run(asked("drain", "blue")), Killed);
    world.fault = null;
    const upgraded = await told(world.upgrade());
    assert.equal(upgraded.code, "EBG-ROLLOUT-UNDER-WAY");
    assert.doesNotMatch(upgraded.remedy ?? "", /rollback/);
    const drained = await told(world.run(asked("drain", "blue")));
    assert.equal(drained.outcome, "done", drained.message);
  });

  it("does not keep a rollback from going to another one that is well", async () => {
    const world = new BlipsWorld(["blue", "green", "red"])
      .bothServe({ blue: 100, green: 0, red: 100 })
      .standBy("green");
    const stop = new AbortController();
    let bakes = 0;
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && (bakes += 1) === 2) stop.abort();
    };
    await world.upgrade({ stop: stop.signal });
    world.listen = () => undefined;
    world.erring.add("green");
    sicken(world, "blue");
    later(world, 60_000);
    const back = await told(world.run(asked("rollback")));
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.failingShare(), 0);
    assert.equal(world.record.placement["blue"]?.share, 0);
  });
});

describe("a way back in the middle of a cycle", () => {
  const cycle = {
    config: { "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }) } as never,
  };
  /** Until blue has no share; `draining`: until its targets leave. */
  async function blueIsOut(draining: boolean): Promise<BlipsWorld> {
    const world = new BlipsWorld(["blue", "green", "red"]).bothServe({ blue: 100, green: 100, red: 100 });
    const stop = new AbortController();
    const [kind, phase] = draining ? (["drain", "gate"] as const) : (["shift", "commit"] as const);
    once(
      world,
      (event) => event.kind === "phase-started" && event.phase === phase && world.record.intent?.move.kind === kind,
      () => stop.abort(),
    );
    const result = await world.upgrade({ ...cycle, stop: stop.signal });
    assert.equal(result.outcome, "stopped", result.message);
    world.listen = () => undefined;
    later(world, 60_000);
    return world;
  }
  const capacities = (world: BlipsWorld): (number | undefined)[] =>
    ["blue", "green", "red"].map((name) => world.record.placement[name]?.capacityPercent ?? 100);

  it("brings in again who was on its way out: its targets have left for that, and it is not dead", async () => {
    const world = await blueIsOut(true);
    const back = await told(world.run(asked("rollback"), cycle));
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.share, 100);
    assert.deepEqual(capacities(world), [100, 100, 100]);
  });

  it("leaves the others as large as they are when who was out has died: they go on carrying its part", async () => {
    const world = await blueIsOut(false);
    sicken(world, "blue");
    later(world, 60_000);
    const back = await told(world.run(asked("rollback"), cycle));
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.share, 0);
    assert.deepEqual(capacities(world), [100, 150, 150]);
    assert.equal(world.failingShare(), 0);
  });
});
