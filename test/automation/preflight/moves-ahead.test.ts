/** A member that is half made has taken what a new one needs: neither going on nor going back is refused for that. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { goesBack, newVersionIn, stepsAhead } from "../../../automation/preflight/moves-ahead";
import type { Step } from "../../../stacks/record";
import type { SubnetReading } from "../../../automation/ports/readings";
import { plainNetwork } from "../no-adoption";
import { config, World } from "../world";

const rollback = { name: "rollback", member: null, percent: null } as const;
const inTheirs = {
  "eks-blue-green:network": JSON.stringify({
    existing: {
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-a", "subnet-b"],
      publicSubnetIds: ["subnet-c", "subnet-d"],
    },
  }),
};
const subnets = (freeAddresses: number): SubnetReading[] =>
  ["a", "b", "c", "d"].map((letter, index) => ({
    id: `subnet-${letter}`,
    vpcId: "vpc-1",
    zone: index % 2 === 0 ? "us-east-1a" : "us-east-1b",
    zoneId: index % 2 === 0 ? "use1-az6" : "use1-az1",
    freeAddresses,
  }));

/** Green's stack could not be finished; its interfaces have taken the addresses. `down`: why. */
async function halfMade(down: string): Promise<World> {
  const world = new World();
  world.network = { ...plainNetwork, subnets: subnets(200) };
  world.fault = {
    call: "apply",
    // Every time.
    get nth() {
      return world.calls.filter((call) => call === "apply").length;
    },
    kind: "before",
    error: () => new DriverError("EBG-UPDATE-FAILED", down, "look at the engine's output"),
  };
  assert.notEqual((await world.upgrade({ config: inTheirs })).outcome, "done");
  world.fault = null;
  assert.deepEqual([world.record.intent?.move.kind, world.record.intent?.move.member], ["provision", "green"]);
  world.network = { ...plainNetwork, subnets: subnets(3) };
  return world;
}

describe("too few free addresses", () => {
  it("stop an upgrade that has not begun", async () => {
    const world = new World();
    world.network = { ...plainNetwork, subnets: subnets(3) };
    await assert.rejects(world.upgrade({ config: inTheirs }), /EKS needs 6 free addresses .*subnet-a has 3/);
    assert.equal(world.record.rollout, null);
  });

  it("don't keep an upgrade from finishing the member that took them", async () => {
    const world = await halfMade("the engine was cut off");
    const result = await world.upgrade({ config: inTheirs });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([...world.clusters.keys()], ["green"]);
  });

  for (const [how, back] of Object.entries({
    "a rollback": (world: World) => world.run(rollback, { config: inTheirs }),
    "an upgrade whose config was set back": (world: World) =>
      world.upgrade({ config: { ...inTheirs, "eks-blue-green:kubernetesVersion": "1.34" } }),
  }))
    it(`don't keep ${how} from freeing them`, async () => {
      const world = await halfMade("the engine was cut off");
      world.calls.length = 0;
      const result = await back(world);
      assert.equal(result.outcome, "done", result.message);
      assert.equal(world.record.placement["green"]?.role, "absent");
      assert.ok(!world.calls.includes("network"), "nothing is made, so nobody asks");
    });

  it("are advice once a rollout has begun, for members that are still to be made", async () => {
    const world = new World("replace", ["blue", "green"]);
    world.network = { ...plainNetwork, subnets: subnets(200) };
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "rollout-started") stop.abort();
    };
    assert.equal((await world.upgrade({ config: inTheirs, stop: stop.signal })).outcome, "stopped");
    world.listen = () => undefined;
    assert.equal(world.record.intent, null);
    world.network = { ...plainNetwork, subnets: subnets(3) };
    const result = await world.upgrade({ config: inTheirs });
    assert.equal(result.outcome, "done", result.message);
    const told = world.events.flatMap((event) =>
      event.kind === "finding" && /EKS needs 6 free/.test(event.message) ? [event.severity] : [],
    );
    assert.deepEqual(told, ["recommended"]);
  });
});

describe("a chart repository that goes down while a member is made", () => {
  for (const [how, back] of Object.entries({
    "a rollback": (world: World) => world.run(rollback, { config: inTheirs }),
    "an upgrade whose config was set back": (world: World) =>
      world.upgrade({ config: { ...inTheirs, "eks-blue-green:kubernetesVersion": "1.34" } }),
  }))
    it(`keeps nobody from ${how}, which is what the failed step names`, async () => {
      const world = await halfMade("the chart can't be loaded");
      world.chartRepositoryDown = true;
      await assert.rejects(world.upgrade({ config: inTheirs }), /the member that is to be made needs it/);
      const result = await back(world);
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual([...world.clusters.keys()], ["blue"]);
    });
});

describe("what a run still does", () => {
  it("is all that is left while it goes forward, and nothing on any way back", async () => {
    const { record } = await halfMade("cut off");
    const steps = record.rollout?.steps ?? [];
    const wanted = config["eks-blue-green:kubernetesVersion"];
    assert.deepEqual(stepsAhead(record, steps, null, wanted), steps);
    assert.deepEqual(stepsAhead(record, steps, rollback, wanted), []);
    assert.deepEqual(stepsAhead(record, steps, null, "1.34"), []);
    const { rollout } = record;
    assert.ok(rollout !== null);
    const turned = { ...record, rollout: { ...rollout, direction: "back" as const } };
    assert.deepEqual(stepsAhead(turned, steps, null, wanted), []);
    // The config wants a newer version still: that is no way back.
    assert.equal(goesBack(record, null, "1.36"), false);
  });
});

it("the version that steps bring is that of the first member that they make or upgrade", () => {
  const placed = (version: string) => ({ role: "standby", version, workload: "running" }) as const;
  const step = (kind: "provision" | "upgrade" | "drain", version: string) =>
    ({ type: "move", kind, member: "green", to: placed(version) }) as unknown as Step;
  assert.equal(newVersionIn([step("drain", "1.33"), step("provision", "1.35"), step("upgrade", "1.36")]), "1.35");
  assert.equal(newVersionIn([step("upgrade", "1.36")]), "1.36");
  assert.equal(newVersionIn([step("drain", "1.33")]), undefined);
});
