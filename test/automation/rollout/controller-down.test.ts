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

  it("is no reason to stop while one of two pods restarts, nor while the only one is back within the minute", async () => {
    for (const restartMs of [0, 40_000]) {
      const world = new World();
      const inner = world.ports.bind(world);
      const since = new Map<string, number>();
      world.listen = (event) => {
        if (event.kind !== "step-started" || event.step.type !== "move") return;
        if (event.step.kind === "admit" || event.step.kind === "drain") since.set(event.step.member, world.now);
      };
      let seenDown = 0;
      world.ports = () => {
        const ports = inner();
        const controller: typeof ports.kubernetes.controller = async (member) => {
          const state = await ports.kubernetes.controller(member);
          const restarts = world.now < (since.get(member.member) ?? Number.NEGATIVE_INFINITY) + (restartMs || 60_000);
          if (!restarts) return state;
          seenDown += 1;
          return restartMs === 0
            ? { ...state, available: false, running: true, message: "1 of 2 pods ready" }
            : { ...state, available: false, running: false, message: "0 of 1 pods ready" };
        };
        return { ...ports, kubernetes: { ...ports.kubernetes, controller } };
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual([...since.keys()], ["green", "blue"]);
      assert.ok(seenDown >= 2);
    }
  });
});
