/** Where traffic is weighted: a member has no healthy target for a moment, or in one service, and is no dead one. */
import assert from "node:assert/strict";
import { asked, sicken } from "../happenings";
import { BlipsWorld } from "../blips-world";
import { Killed } from "../world";

describe("a member that dies where others carry its part from then on", () => {
  const three = (): BlipsWorld =>
    new BlipsWorld(["blue", "green", "red"]).bothServe({ blue: 100, green: 0, red: 100 }).standBy("green");
  const size = (world: BlipsWorld, name: string): number => world.record.placement[name]?.capacityPercent ?? 100;
  const atBake = (world: BlipsWorld, nth: number, what: () => void): void => {
    let seen = 0;
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && (seen += 1) === nth) what();
    };
  };

  it("a way back without it ends with those that stay as large as both were", async () => {
    const world = three();
    atBake(world, 2, () => sicken(world, "red"));
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(size(world, "blue"), 200);
  });

  it("a drain that cuts an admit short sees to their sizes", async () => {
    const world = three();
    const stop = new AbortController();
    atBake(world, 1, () => stop.abort());
    await world.run(asked("admit", "green"), { stop: stop.signal });
    world.listen = () => undefined;
    sicken(world, "blue");
    world.now += 60_000;
    world.reconcile();
    const result = await world.run(asked("drain", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.ok(size(world, "red") > 100, `red is at ${size(world, "red")} % and carries 91 % of what two carried`);
  });
});

describe("a member that has no healthy target for a moment", () => {
  it("does not make an admit give an untried newcomer everything, nor excuse what that one fails", async () => {
    const world = new BlipsWorld().bothServe({ blue: 100, green: 0 }).standBy("green");
    world.erring.add("green");
    world.sickUntil.set("blue", world.now + 20_000);
    const result = await world.run(asked("admit", "green"));
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(world.most <= 10, `${world.most} % failed`);
  });

  it("is well again when the admit goes on: by steps", async () => {
    const world = new BlipsWorld().bothServe({ blue: 100, green: 0 }).standBy("green");
    world.erring.add("green");
    sicken(world, "blue");
    world.reconcile();
    world.fault = { call: "writeRecord", nth: 1, kind: "after", error: () => new Killed() };
    await assert.rejects(world.run(asked("admit", "green")), Killed);
    world.fault = null;
    world.clusters.get("blue")!.sick = false;
    world.now += 3_600_000;
    world.reconcile();
    world.most = 0;
    await world.run(asked("admit", "green"));
    assert.ok(world.most <= 10, `${world.most} % failed`);
  });

  for (const [seconds, most] of [
    [45, 10],
    [70, 100],
  ] as const)
    it(`does not leave everything with a bad newcomer of an upgrade: for ${seconds} s before the first shift`, async () => {
      const world = new BlipsWorld();
      world.erring.add("green");
      let begun = 0;
      let ended = 0;
      world.listen = (event) => {
        if (event.kind === "step-started" && event.step.type === "move" && event.step.kind === "shift" && begun === 0) {
          begun = world.now;
          world.sickUntil.set("blue", world.now + seconds * 1000);
        }
        if (event.kind === "walk-back") ended = world.now;
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.ok(world.most <= most, `${world.most} % failed`);
      if (seconds === 70) assert.ok(ended - begun < 180_000, `turned after ${(ended - begun) / 1000} s`);
    });

  for (const [what, dies] of [
    ["one bad look", (world: BlipsWorld) => world.sickUntil.set("blue", world.now + 15_000)],
    ["dead in one service", (world: BlipsWorld) => world.deadIn.add("api@blue")],
  ] as const)
    it(`is drained when the others have grown: ${what}`, async () => {
      const world = new BlipsWorld().bothServe({ blue: 100, green: 100 });
      dies(world);
      const kinds: string[] = [];
      world.listen = (event) => {
        if (event.kind === "step-started" && event.step.type === "move") kinds.push(event.step.kind);
      };
      await world.run(asked("drain", "blue"));
      assert.deepEqual(kinds, ["scale", "shift", "drain"]);
    });
});

describe("a member that is dead in one service, beside a newcomer that errs in another", () => {
  for (const errs of [false, true])
    it(`is ${errs ? "not emptied: nobody else answers what it still serves" : "emptied where nothing of that fails"}`, async () => {
      const world = new BlipsWorld();
      let begun = false;
      const { ports } = world;
      world.ports = () => {
        const all = ports.call(world);
        const probe: typeof all.aws.probe = (...args) =>
          begun && errs ? Promise.resolve({ sent: args[1], failed: 1, firstFailure: "503" }) : all.aws.probe(...args);
        return { ...all, aws: { ...all.aws, probe } };
      };
      world.listen = (event) => {
        if (begun || event.kind !== "step-started" || event.step.type !== "bake") return;
        begun = true;
        world.deadIn.add("api@blue");
      };
      await world.upgrade();
      assert.ok(begun);
      assert.equal(world.told.includes("web: blue 0, green 100"), !errs);
    });
});
