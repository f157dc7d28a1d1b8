/**
 * A target that was taken out behind its controller's back, in a rollout: put back by the driver where that is safe,
 * named where it is not.
 */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { World } from "../world";

const resets = (world: World): number => world.calls.filter((call) => call === "resetCheckpoint").length;
const notes = (world: World): string[] =>
  world.events.flatMap((event) => (event.kind === "note" ? [event.message] : []));

describe("rollout, with drift", () => {
  it("puts a target of the old member back before it goes on", async () => {
    const world = new World();
    world.take(world.pods("blue")[0]!);
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(resets(world) >= 1);
    assert.match(
      notes(world).join("\n"),
      /1 targets of blue were taken out of 'web' behind its controller's back \(10\.42\.1\.1:8080\): made its controller look again \(checkpoint of TargetGroupBinding web\/web removed\)/,
    );
    assert.equal(world.record.placement["green"]?.role, "active");
  });

  it("asks again until the controller's cache has run out, and waits that long", async () => {
    const world = new World();
    world.take(world.pods("blue")[0]!);
    // The first gate that looks at blue begins only when green is made; its cache is young then.
    world.watch = () => {
      if (world.calls.filter((call) => call === "apply").length === 2 && world.cachedUntil === 0)
        world.cachedUntil = world.now + 300_000;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(resets(world) >= 4, `${resets(world)}`);
  });

  it("walks back when nothing brings the target back, and says what a person can do", async () => {
    const world = new World();
    world.take(world.pods("blue")[0]!);
    world.cachedUntil = Number.POSITIVE_INFINITY;
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(
      result.message,
      /1 of 3 targets of blue were taken out of 'web' behind its controller's back: 10\.42\.1\.1:8080/,
    );
    assert.match(result.remedy ?? "", /kubectl -n kube-system rollout restart .*controller/);
    assert.ok(resets(world) <= 20, `${resets(world)}`);
  });

  it("never makes the controller of a member look again that is on its way out", async () => {
    const world = new World("cycle", ["blue", "green"]);
    // Every look of a gate while blue is drained finds one of its targets missing.
    const pods = world.pods("blue");
    world.watch = () => {
      const move = world.record.intent?.move;
      if (move?.kind === "drain" && move.member === "blue" && world.clusters.get("blue")?.bound)
        for (const id of pods) world.taken.add(id);
      if (move?.kind !== "drain" || move.member !== "blue") return;
      assert.equal(resets(world), 0);
    };
    const result = await world.run({ name: "drain", member: "blue", percent: null });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(resets(world), 0);
  });

  it("goes on when the controller can't be asked, and asks again", async () => {
    const world = new World();
    world.take(world.pods("blue")[0]!);
    world.fault = {
      call: "resetCheckpoint",
      nth: 1,
      kind: "before",
      error: () => new DriverError("EBG-KUBERNETES", "failed calling webhook: connection refused", "run again"),
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.match(notes(world).join("\n"), /its controller can't be made to look again now: failed calling webhook/);
    assert.ok(resets(world) >= 2);
  });
});
