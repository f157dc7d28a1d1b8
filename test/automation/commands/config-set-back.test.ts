/** The config says what is wanted: a version that is set back, and one that was rolled back. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { parseRecord } from "../../../stacks/record";
import { mayRetireAs } from "../../../automation/planning/cancel-rollout";
import { config, World } from "../world";

const wants = (version: string) => ({ ...config, "eks-blue-green:kubernetesVersion": version });
const rollback = { name: "rollback", member: null, percent: null } as const;
const roles = (world: World): string =>
  world.members
    .map((name) => `${name} ${world.record.placement[name]?.role} ${world.record.placement[name]?.version ?? "-"}`)
    .join(", ");
const old = "blue active 1.34, green standby 1.35";

/** An upgrade that was cancelled when the nth step of this kind had begun. */
async function cancelledIn(
  world: World,
  what: (event: DriverEventBody) => boolean,
  approveRetire = true,
): Promise<void> {
  const stop = new AbortController();
  world.listen = (event) => {
    if (what(event)) stop.abort();
  };
  const result = await world.upgrade({ stop: stop.signal, approveRetire });
  world.listen = () => undefined;
  assert.equal(result.outcome, "stopped", result.message);
}
const inBake =
  (nth: number) =>
  (event: DriverEventBody): boolean =>
    event.kind === "step-started" && event.step.type === "bake" && event.index >= nth;

describe("a version that is set back while the old member stands by", () => {
  for (const [where, what] of Object.entries({
    "in the first bake": inBake(0),
    "in the second bake": inBake(4),
    "in the middle of the drain": (event: DriverEventBody) =>
      event.kind === "phase-started" && event.phase === "gate" && event.index === 3,
  }))
    it(`is a rollback, whatever is approved: ${where}`, async () => {
      const world = new World();
      await cancelledIn(world, what);
      const result = await world.upgrade({ approveRetire: true, config: wants("1.34") });
      assert.equal(result.outcome, "done", result.message);
      assert.equal(roles(world), old);
      assert.ok(world.clusters.has("blue") && world.record.rollout === null);
      assert.ok(world.leastHealthy >= 3);
    });

  it("is a rollback too when the upgrade waits for its approval", async () => {
    const world = new World();
    assert.equal((await world.upgrade({ approveRetire: false })).outcome, "stopped");
    const result = await world.upgrade({ approveRetire: true, config: wants("1.34") });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), old);
  });

  it("is a rollback too when nothing is under way: the standby of that version comes in again", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    // As an evacuation leaves it: the rollout is gone from the record.
    world.record = { ...world.record, rollout: null };
    const result = await world.upgrade({ approveRetire: true, config: wants("1.34") });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), old);
  });

  it("is said by `plan` as well", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    world.record = { ...world.record, rollout: null };
    const steps = (await world.plan(wants("1.34"))).steps.flatMap((step) =>
      step.type === "move" ? [`${step.kind} ${step.member}`] : [],
    );
    assert.deepEqual(steps, ["scale blue", "admit blue", "drain green"]);
  });

  it("keeps the member that the config wants when there is no way back: nothing is destroyed", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    const blue = world.clusters.get("blue");
    assert.ok(blue !== undefined);
    // Its API server is gone: it can't be brought in again.
    blue.reachable = false;
    const result = await world.upgrade({ approveRetire: true, config: wants("1.34") });
    assert.notEqual(result.outcome, "done");
    assert.match(result.remedy ?? "", /eks-blue-green/);
    assert.ok(world.clusters.has("blue"));
  });
});

describe("retire", () => {
  it("destroys nobody whose version the config wants, approved or not, and names rollback", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    // The way back is broken, so the rollout stays forward.
    world.erring.add("blue");
    world.record = {
      ...world.record,
      rollout: { ...(world.record.rollout as NonNullable<typeof world.record.rollout>), direction: "forward" },
    };
    const rollout = world.record.rollout;
    assert.ok(rollout !== null);
    const doomed = world.record.placement["blue"]?.version ?? null;
    assert.equal(mayRetireAs(rollout, doomed, "1.34"), false);
    assert.equal(mayRetireAs(rollout, doomed, "1.33"), false, "older still: nobody knows what is meant");
    assert.equal(mayRetireAs(rollout, doomed, "1.35"), true);
    assert.equal(mayRetireAs(rollout, doomed, "1.36"), true, "on the way to a later one");
    const sameVersion = { ...rollout, wantedVersion: "1.34" };
    assert.equal(mayRetireAs(sameVersion, "1.34", "1.34"), true, "an evacuated member of the version that is wanted");
  });
});

describe("a version that was rolled back", () => {
  async function rolledBack(): Promise<World> {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    assert.match(result.remedy ?? "", /1\.35.*--retry-version/s, "the end of a rollback says what holds the version");
    assert.equal(roles(world), old);
    return world;
  }

  it("is not tried again by the next run of a pipeline, which says so and what lifts it", async () => {
    const world = await rolledBack();
    for (const again of [1, 2]) {
      const result = await world.upgrade({ approveRetire: true });
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-HELD"], `run ${again}: ${result.message}`);
      assert.match(result.message, /1\.35 was rolled back/);
      assert.match(result.remedy ?? "", /upgrade --retry-version --stack dev/);
      assert.equal(roles(world), old);
    }
  });

  it("is tried again when somebody says so", async () => {
    const world = await rolledBack();
    const result = await world.upgrade({ approveRetire: true, retryVersion: true });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(roles(world), "blue absent -, green active 1.35");
    assert.equal(world.record.hold ?? null, null);
  });

  it("is free again once the config has wanted another version", async () => {
    const world = await rolledBack();
    await world.upgrade({ approveRetire: false, config: wants("1.34") });
    assert.equal(world.record.hold ?? null, null);
    // That run was about to take the leftover away: it is given up first, because the leftover is wanted now.
    const first = await world.upgrade({ approveRetire: true });
    assert.match(first.remedy ?? "", /run the same command again/);
    assert.equal((await world.upgrade({ approveRetire: true })).outcome, "done");
    assert.equal(roles(world), "blue absent -, green active 1.35");
  });

  it("is held from the first step of the rollback on, whoever finishes it", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "step-started") stop.abort();
    };
    assert.equal((await world.run(rollback, { stop: stop.signal })).outcome, "stopped");
    world.listen = () => undefined;
    assert.equal(world.record.hold?.version, "1.35");
    await world.upgrade({ approveRetire: true });
    assert.equal(roles(world), old);
    assert.equal((await world.upgrade({ approveRetire: true })).code, "EBG-HELD");
  });

  it("is in the record, and is read back as it was written", async () => {
    const world = await rolledBack();
    const read = parseRecord(JSON.parse(JSON.stringify(world.record)));
    assert.deepEqual(read.record?.hold, world.record.hold);
    const bad = { ...world.record, hold: { version: "latest" } };
    assert.match(parseRecord(bad).problems.join(), /hold\.version/);
  });

  it("is no matter of planned work that was turned around", async () => {
    const world = new World("cycle");
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "step-started") stop.abort();
    };
    await world.run({ name: "drain", member: "blue", percent: null }, { stop: stop.signal });
    world.listen = () => undefined;
    await world.run(rollback);
    assert.equal(world.record.hold ?? null, null);
  });
});
