/** A member is bound only beside others that have told their bindings, or that can't. */
import assert from "node:assert/strict";
import { World } from "../world";

const minute = 60_000;
const bound = (world: World, name: string): boolean => world.clusters.get(name)?.bound === true;

/** From when green is complete, blue's binding has lost its flag, and blue's API server tells nothing for so long. */
function losesItsFlag(world: World, silentMs: number, silence: (silent: boolean) => void): void {
  let since: number | null = null;
  world.watch = () => {
    const { intent } = world.record;
    if (since === null && intent?.move.kind === "provision" && world.clusters.has("green")) {
      since = world.now;
      world.clusters.get("blue")!.multiCluster = false;
    }
    if (since !== null) silence(world.now - since < silentMs);
  };
}

describe("an admit beside a member that does not answer for a moment", () => {
  for (const [how, silence] of Object.entries<(world: World, silent: boolean) => void>({
    "gives no answer": (world, silent) => void Object.assign(world.clusters.get("blue")!, { reachable: !silent }),
    "is throttled": (world, silent) => void (silent ? world.refusing.add("blue") : world.refusing.delete("blue")),
  }))
    it(`waits until that one has told its flag, when it ${how}`, async () => {
      const world = new World();
      losesItsFlag(world, 40_000, (silent) => silence(world, silent));
      const result = await world.upgrade();
      assert.equal(result.code, "EBG-PREFLIGHT", result.message);
      assert.match(result.message, /on blue binds the shared group of 'web' without multiClusterTargetGroup/);
      assert.equal(bound(world, "green"), false);
      world.watch = () => undefined;
      world.clusters.get("blue")!.multiCluster = true;
      assert.equal((await world.upgrade()).outcome, "done");
    });

  it("is not kept out by one that is dead, nor for long by one whose targets serve on", async () => {
    for (const dead of [true, false]) {
      const world = new World();
      assert.equal((await world.upgrade({ approveRetire: false })).outcome, "stopped");
      await world.run({ name: "rollback", member: null, percent: null });
      Object.assign(world.clusters.get("blue")!, { reachable: false, sick: dead });
      world.reconcile();
      const began = world.now;
      let boundAt: number | null = null;
      world.watch = () => {
        if (bound(world, "green")) boundAt ??= world.now;
      };
      const result = await world.run({ name: "admit", member: "green", percent: null });
      assert.equal(result.outcome, "done", result.message);
      const waited = (boundAt ?? Number.POSITIVE_INFINITY) - began;
      assert.ok(waited < (dead ? 3 : 10) * minute, `bound after ${waited / 1000} s`);
      assert.ok(
        world.events.some(
          ({ kind, ...event }) => kind === "note" && JSON.stringify(event).includes("blue can't be asked"),
        ),
      );
    }
  });

  it("waits no longer than a minute on the way back, when the one that is left for it gives no answer", async () => {
    const world = new World();
    assert.equal((await world.upgrade({ approveRetire: false })).outcome, "stopped");
    Object.assign(world.clusters.get("green")!, { reachable: false });
    let began: number | null = null;
    let boundAt: number | null = null;
    world.watch = () => {
      if (world.clusters.get("blue")?.running === true) began ??= world.now;
      if (bound(world, "blue")) boundAt ??= world.now;
    };
    await world.run({ name: "rollback", member: null, percent: null });
    const waited = (boundAt ?? Number.POSITIVE_INFINITY) - (began ?? 0);
    assert.ok(waited < 3 * minute, `bound after ${waited / 1000} s`);
  });
});
