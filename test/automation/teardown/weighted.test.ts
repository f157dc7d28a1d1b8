import assert from "node:assert/strict";
import { runTeardown, type TeardownResult } from "../../../automation/commands/teardown";
import type { TeardownPort } from "../../../automation/ports";
import type { RolloutCommand } from "../../../stacks/record";
import { config } from "../world";
import { WeightedWorld } from "../weighted-world";

const never = new AbortController().signal;
const admitGreen: RolloutCommand = { name: "admit", member: "green", percent: null };

class Ending extends WeightedWorld {
  environmentDestroyed = false;
  async teardown(): Promise<TeardownResult> {
    const teardown: TeardownPort = {
      protectedResources: async () => 0,
      previewEnvironmentDestroy: async () => ({ operations: [], plan: "" }),
      destroyEnvironment: async () => {
        this.environmentDestroyed = true;
        return { changes: {}, seconds: 1 };
      },
      leftovers: async () => [],
      madeForServices: async () => [],
      inTheWay: async () => [],
      usersOfGroup: async () => [],
    };
    this.events = [];
    return await runTeardown(
      { ...this.ports(), teardown },
      { ...config, ...this.values },
      {
        environment: "dev",
        emit: (event) => this.events.push(event),
        stop: never,
        cancel: never,
        approveRetire: async () => true,
        commandName: "eks-blue-green teardown --stack dev --yes-delete dev",
        probes: true,
        confirm: async () => "dev",
      },
    );
  }
  moves(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move"
        ? [`${event.step.kind} ${event.step.member ?? Object.keys(event.step.changes).join(", ")}`]
        : [],
    );
  }
}

/** Both members serve. */
async function both(): Promise<Ending> {
  const world = new Ending();
  await world.upgrade({ approveRetire: true });
  world.failingMs = 0;
  const result = await world.run({ ...admitGreen, member: "blue" });
  assert.equal(result.outcome, "done", result.message);
  return world;
}

describe("teardown with weighted traffic", () => {
  it("gathers the requests on one member, drains that one last, and destroys everything", async () => {
    const world = await both();
    await world.teardown();
    assert.deepEqual(world.moves().slice(0, 3), ["shift blue", "drain blue", "drain green"]);
    assert.ok(world.environmentDestroyed);
    assert.deepEqual([...world.clusters.keys()], []);
  });

  it("is not stopped by a member that answers errors, whoever it is", async () => {
    for (const sick of ["blue", "green"]) {
      const world = await both();
      world.erring.add(sick);
      await world.teardown();
      assert.ok(world.environmentDestroyed, sick);
    }
  });
});
