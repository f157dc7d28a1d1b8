import assert from "node:assert/strict";
import { World } from "../world";

describe("a load balancer controller that is down", () => {
  it("a controller that goes down on the way stops it only where that member is needed", async () => {
    const world = new World();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "move" && event.step.kind === "admit")
        world.controllerDown.add("blue");
    };
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-PREFLIGHT"], result.message);
    assert.match(result.message, /could not drain blue: its load balancer controller does not run \(0 of 1/);
    assert.match(result.remedy ?? "", /kubectl .*dev-blue.*eks-blue-green upgrade.*eks-blue-green evacuate blue/);
    assert.equal(world.record.placement["green"]?.role, "active");
    assert.equal(world.record.intent, null);
    world.controllerDown.clear();
    assert.equal((await world.upgrade()).outcome, "done");
    assert.equal(world.record.rollout, null);
    assert.deepEqual([...world.clusters.keys()], ["green"]);
  });
});
