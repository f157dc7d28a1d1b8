import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { World } from "../world";

const admits = (event: DriverEventBody): boolean =>
  event.kind === "step-started" && event.step.type === "move" && event.step.kind === "admit";

describe("a chart repository that is down", () => {
  it("stops an upgrade that would make a member before anything is changed", async () => {
    const world = new World();
    world.chartRepositoryDown = true;
    const before = structuredClone(world.record);
    await assert.rejects(world.upgrade(), /chart of dev-blue's controller can't be loaded .*is to be made needs it/s);
    assert.deepEqual(world.record, before);
  });

  it("stops nothing once the new member is there", async () => {
    const world = new World();
    world.listen = (event) => {
      if (admits(event)) world.chartRepositoryDown = true;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(world.chartRepositoryDown);
    assert.deepEqual([...world.clusters.keys()], ["green"]);
  });

  it("does not keep a command from going on with a rollout, nor from turning it back", async () => {
    for (const then of ["upgrade", "rollback"] as const) {
      const world = new World();
      world.listen = (event) => {
        if (!admits(event)) return;
        world.chartRepositoryDown = true;
        world.controllerDown.add("blue");
      };
      assert.equal((await world.upgrade()).outcome, "stopped");
      world.controllerDown.clear();
      world.listen = () => undefined;
      const result =
        then === "upgrade" ? await world.upgrade() : await world.run({ name: "rollback", member: null, percent: null });
      assert.equal(result.outcome, "done", result.message);
    }
  });
});
