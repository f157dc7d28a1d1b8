import assert from "node:assert/strict";
import { stackOf } from "../../../automation/rollout/apply-move";
import { DriverError } from "../../../automation/errors";
import { World } from "../world";

describe("a move's update", () => {
  for (const [what, code] of [
    ["whose plan would do more than it says", "EBG-PLAN-REFUSED"],
    ["whose preview fails for good", "EBG-UPDATE-FAILED"],
  ] as const)
    it(`a drain ${what} leaves the member's bindings protected`, async () => {
      const world = new World();
      const ports = world.ports.bind(world);
      world.ports = () => {
        const { pulumi, ...others } = ports();
        const preview: typeof pulumi.preview = async (...args) => {
          if (!world.calls.includes("unprotectBindings")) return await pulumi.preview(...args);
          if (code === "EBG-UPDATE-FAILED") throw new DriverError(code, "the provider can't be loaded", "see to it");
          const { operations, ...update } = await pulumi.preview(...args);
          const more = { operation: "update", type: "aws:eks/cluster:Cluster", urn: "urn:x", paths: ["version"] };
          return { ...update, operations: [...operations, { ...more, custom: true }] };
        };
        return { ...others, pulumi: { ...pulumi, preview } };
      };
      const result = await world.upgrade();
      assert.notEqual(result.outcome, "done");
      assert.ok(world.calls.includes("unprotectBindings"), "the drain was begun");
      const blue = world.clusters.get("blue");
      assert.deepEqual([blue?.bound, blue?.protectedBinding], [true, true], result.message);
    });

  /** The drain's update fails, and somebody ends the run there. */
  async function stoppedInDrain(fails: () => DriverError) {
    const world = new World();
    const stop = new AbortController();
    const ports = world.ports.bind(world);
    world.ports = () => {
      const { pulumi, ...others } = ports();
      const apply: typeof pulumi.apply = async (...args) => {
        if (!world.calls.includes("unprotectBindings")) return await pulumi.apply(...args);
        stop.abort();
        throw fails();
      };
      return { ...others, pulumi: { ...pulumi, apply } };
    };
    const result = await world.upgrade({ stop: stop.signal }).catch((error: DriverError) => error);
    return { world, result, blue: world.clusters.get("blue") };
  }

  it("a drain that is stopped after its update failed leaves the bindings that are left protected", async () => {
    const { world, result, blue } = await stoppedInDrain(
      () => new DriverError("EBG-UPDATE-FAILED", "Throttling: Rate exceeded", "again"),
    );
    assert.equal(world.record.intent?.move.kind, "drain", result.message);
    assert.deepEqual([blue?.bound, blue?.protectedBinding], [true, true], result.message);
  });

  it("a driver that was overtaken protects nothing: what another one is about to delete is not its own", async () => {
    const { world, blue } = await stoppedInDrain(() => new DriverError("EBG-FENCED", "somebody has moved on", "look"));
    assert.deepEqual([blue?.bound, blue?.protectedBinding], [true, false]);
    assert.ok(!world.calls.includes("protectAgain"));
  });
});

describe("the stack that a move updates", () => {
  const stands = { role: "active", version: "1.35", workload: "running" } as const;
  const change = { from: stands, to: stands };

  it("is the member's own for every move of one member", () => {
    for (const kind of ["provision", "admit", "drain", "upgrade", "scale", "retire"] as const)
      assert.deepEqual(stackOf({ kind, member: "green", ...change }), { kind: "member", member: "green" }, kind);
  });

  it("is the environment's for a shift, whoever's shares change", () =>
    assert.deepEqual(stackOf({ kind: "shift", changes: { blue: change, green: change } }), { kind: "environment" }));
});
