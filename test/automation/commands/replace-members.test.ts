/** `upgrade --replace`, and members that were made with other settings: an upgrade without another version. */
import assert from "node:assert/strict";
import { parseRecord, type RolloutCommand } from "../../../stacks/record";
import { commandsIn, describeAsked, withStack } from "../../../automation/text/command-line";
import { replaceOf } from "../../../automation/cli/commands/replace-option";
import { config, World } from "../world";

const replace = (member: string | null): RolloutCommand => ({ name: "replace", member, percent: null });
const roles = (world: World): string =>
  world.members
    .map((name) => `${name} ${world.record.placement[name]?.role} ${world.record.placement[name]?.version ?? "-"}`)
    .join(", ");
/** Green serves the wanted version, blue is gone. */
async function upgraded(): Promise<World> {
  const world = new World();
  const result = await world.upgrade({ approveRetire: true });
  assert.equal(result.outcome, "done", result.message);
  assert.equal(roles(world), "blue absent -, green active 1.35");
  return world;
}

describe("members that are made anew", () => {
  it("are replaced without another version, and nothing is left to do", async () => {
    const world = await upgraded();
    const result = await world.run(replace("green"), { approveRetire: true });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), "blue active 1.35, green absent -");
    assert.equal(world.record.rollout, null);
    assert.ok(world.leastHealthy >= 3);
    assert.equal((await world.upgrade()).outcome, "nothing-to-do");
  });

  it("wait for the approval like any other, and the same command goes on", async () => {
    const world = await upgraded();
    const first = await world.run(replace(null), { approveRetire: false });
    assert.equal(first.outcome, "stopped");
    assert.deepEqual(world.record.rollout?.command, replace(null));
    assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(world.record))).problems, []);
    await assert.rejects(world.upgrade({ approveRetire: true }), /'upgrade --replace-all' is under way/);
    const result = await world.run(replace(null), { approveRetire: true });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), "blue active 1.35, green absent -");
  });

  it("come back when the new one fails, with nothing held: the version is the same", async () => {
    const world = await upgraded();
    await world.run(replace("green"), { approveRetire: false });
    const result = await world.run({ name: "rollback", member: null, percent: null });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), "blue standby 1.35, green active 1.35");
    assert.equal(world.record.hold ?? null, null);
  });

  it("are named: one that is out of traffic is no member that another could replace", async () => {
    const world = await upgraded();
    await assert.rejects(world.run(replace("blue")), /blue is not in traffic, so there is nothing/);
  });

  it("are typed as options of upgrade, which every remedy can name", () => {
    assert.equal(describeAsked(replace("blue")), "upgrade --replace blue");
    assert.equal(describeAsked(replace(null)), "upgrade --replace-all");
    assert.equal(
      withStack("go on with: eks-blue-green upgrade --replace blue", "dev"),
      "go on with: eks-blue-green upgrade --replace blue --stack dev",
    );
    assert.equal(
      withStack("eks-blue-green upgrade --replace-all; then", "dev"),
      "eks-blue-green upgrade --replace-all --stack dev; then",
    );
    const [found] = commandsIn("eks-blue-green upgrade --replace blue --stack dev");
    assert.deepEqual([found?.stack, found?.options], ["dev", { "--replace": "blue" }]);
    assert.deepEqual(replaceOf({ replaceAll: true }), { replace: { all: true } });
    assert.deepEqual(replaceOf({ replace: "blue" }), { replace: "blue" });
    assert.deepEqual(replaceOf({}), {});
  });

  it("are planned like an upgrade where the config has other settings than they were made with", async () => {
    const world = await upgraded();
    const plan = await world.plan({ ...config });
    assert.deepEqual([plan.steps, plan.outdated], [[], undefined]);
  });
});
