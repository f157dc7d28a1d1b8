/** Members that were made with other settings are replaced by an upgrade; rolled back, those settings are held. */
import assert from "node:assert/strict";
import type { MemberOutputs } from "../../../stacks/contract";
import { nodesWanted } from "../../../stacks/config/nodes-made";
import { parseRecord } from "../../../stacks/record";
import { config, World } from "../world";

const rollback = { name: "rollback", member: null, percent: null } as const;
const withTypes = (type: string) => ({
  "eks-blue-green:cluster": JSON.stringify({
    nodes: { instanceTypes: [type], desiredSize: 2, minSize: 2, maxSize: 4 },
  }),
});
const newer = { config: { ...config, ...withTypes("m7i.large") } };

/** Clusters keep what the config said when they were made. */
class MadeWorld extends World {
  private readonly made: Record<string, MemberOutputs["made"]> = {};
  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) {
      delete this.made[name];
      return null;
    }
    const made = (this.made[name] ??= {
      privateSubnetIds: [],
      privateEndpoint: null,
      kmsKeyArn: null,
      createdBy: null,
      nodes: nodesWanted(this.deployed),
    });
    return { ...outputs, made };
  }
}
const roles = (world: World): string =>
  world.members.map((name) => `${name} ${world.record.placement[name]?.role}`).join(", ");

/** Green serves the wanted version, made with the settings of then. */
async function settled(): Promise<MadeWorld> {
  const world = new MadeWorld();
  const result = await world.upgrade({ approveRetire: true });
  assert.equal(result.outcome, "done", result.message);
  assert.equal((await world.upgrade()).outcome, "nothing-to-do");
  return world;
}

describe("an upgrade to other settings at the same version", () => {
  it("replaces the member that was made with the former ones, and is done then", async () => {
    const world = await settled();
    const plan = await world.plan(newer.config);
    assert.deepEqual(
      Object.entries(plan.outdated ?? {}).map(([name, all]) => [name, all.map(({ path }) => path)]),
      [["green", ["cluster.nodes.instanceTypes"]]],
    );
    const result = await world.upgrade({ approveRetire: true, ...newer });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), "blue active, green absent");
    assert.equal((await world.upgrade(newer)).outcome, "nothing-to-do");
  });

  it("that was rolled back is held, says how to stay or to try again, and is tried again when asked", async () => {
    const world = await settled();
    assert.equal((await world.upgrade({ approveRetire: false, ...newer })).outcome, "stopped");
    const back = await world.run(rollback, newer);
    assert.equal(back.outcome, "done", back.message);
    assert.equal(roles(world), "blue standby, green active");
    assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(world.record))).record?.hold, world.record.hold);
    const held = await world.upgrade({ approveRetire: true, ...newer });
    assert.deepEqual([held.outcome, held.code], ["stopped", "EBG-HELD"]);
    assert.match(held.message, /1\.35 with cluster\.nodes\.instanceTypes \["m7i\.large"\] was rolled back/);
    assert.match(held.remedy ?? "", /set that back .*eks-blue-green up --stack dev.*upgrade --retry-version/);
    const again = await world.upgrade({ approveRetire: true, retryVersion: true, ...newer });
    assert.equal(again.outcome, "done", again.message);
    assert.equal(roles(world), "blue active, green absent");
  });

  it("is no longer held when the config says something else", async () => {
    const world = await settled();
    await world.upgrade({ approveRetire: false, ...newer });
    await world.run(rollback, newer);
    const other = { config: { ...config, ...withTypes("m8g.large") } };
    const result = await world.upgrade({ approveRetire: true, ...other });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.record.hold ?? null, null);
  });
});
