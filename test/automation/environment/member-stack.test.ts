import assert from "node:assert/strict";
import type { EnvironmentOutputs, MemberOutputs } from "../../../stacks/contract";
import { beginMove, startRollout } from "../../../stacks/record";
import { foreignTo } from "../../../automation/environment/member-stack";
import { readFamily } from "../../../automation/environment/state";
import { config, Killed, World } from "../world";

/** `dev` with a member `eu-blue`, beside the environment `dev-eu` whose member `blue` serves from the same stack. */
function besideNeighbour(): World {
  const world = new World("replace", ["blue", "eu-blue"]);
  const theirs = world.outputs("blue") as MemberOutputs;
  world.neighbours.set("eu-blue", { ...theirs, environment: "dev-eu", member: "blue", revision: 1 });
  return world;
}
const rollback = { name: "rollback", member: null, percent: null } as const;
const provisioning = (world: World, member = "eu-blue"): void => {
  const standby = { role: "standby", version: "1.35", workload: "running" } as const;
  const absent = { role: "absent", version: null, workload: "running" } as const;
  const step = { type: "move", kind: "provision", member, from: absent, to: standby } as const;
  const begun = startRollout(world.record, {
    id: "x",
    strategy: "replace",
    wantedVersion: "1.35",
    steps: [step],
    startedAt: "2026-01-01T00:00:00.000Z",
  });
  world.record = beginMove(begun, { step: 0, startedAt: "2026-01-01T00:00:00.000Z", by: "old", targetsBefore: {} });
};

describe("whose a member's stack is", () => {
  it("is what it says itself: outputs, else the names in its state, else its settings file", () => {
    const table: [Parameters<typeof foreignTo>[0], RegExp | null][] = [
      [{ outputs: null, owner: null, resources: 0 }, null],
      [{ outputs: { environment: "dev", member: "eu-blue" }, resources: 9 }, null],
      [{ outputs: { environment: "dev-eu", member: "blue" }, resources: 9 }, /member 'blue' of environment 'dev-eu'/],
      [{ outputs: { environment: "dev-eu-blue", record: {} }, resources: 9 }, /the environment 'dev-eu-blue' itself/],
      [{ outputs: { bucket: "x" }, resources: 9 }, /none of this package's/],
      [{ outputs: null, owner: { environment: "dev-eu", member: "blue" }, resources: 0 }, /'dev-eu'/],
      [{ outputs: null, owner: { environment: "dev", member: "eu-blue" }, resources: 3 }, null],
      [{ outputs: null, owner: null, resources: 3 }, /nobody can tell/],
    ];
    for (const [reading, expected] of table) {
      const whose = foreignTo(reading, "dev", "eu-blue");
      if (expected === null) assert.equal(whose, null, JSON.stringify(reading));
      else assert.match(whose ?? "", expected);
    }
  });

  it("keeps an upgrade from beginning when the new member's name is another environment's stack", async () => {
    const world = besideNeighbour();
    const before = structuredClone(world.record);
    await assert.rejects(world.upgrade(), { code: "EBG-FOREIGN-STACK", message: /'blue' of environment 'dev-eu'/ });
    assert.deepEqual([world.record, world.trespasses], [before, []], "nothing was begun, and nothing touched");
  });

  it("leaves the neighbour's cluster alone on every way out of a provision that an older driver began", async () => {
    const setBack = { ...config, "eks-blue-green:kubernetesVersion": "1.34" };
    for (const out of ["rollback", "set back"] as const) {
      const world = besideNeighbour();
      provisioning(world);
      await assert.rejects(world.upgrade(), (error: { code: string; remedy: string }) => {
        assert.match(error.remedy, /eks-blue-green rollback --stack dev/);
        return error.code === "EBG-FOREIGN-STACK";
      });
      const result =
        out === "rollback" ? await world.run(rollback) : await world.upgrade({ approveRetire: true, config: setBack });
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(world.trespasses, [], out);
      assert.equal(world.record.rollout, null);
      assert.equal(world.record.placement["eu-blue"]?.role, "absent");
    }
  });

  it("stops every command when the stack of a deployed member has become somebody else's", async () => {
    const world = besideNeighbour();
    const { placement } = world.record;
    const standby = { role: "standby", version: "1.33", workload: "stopped" } as const;
    world.record = { ...world.record, placement: { ...placement, "eu-blue": standby } };
    await assert.rejects(world.upgrade({ approveRetire: true }), { code: "EBG-FOREIGN-STACK" });
    await assert.rejects(world.run({ name: "admit", member: "eu-blue", percent: null }), { code: "EBG-FOREIGN-STACK" });
    assert.deepEqual(world.trespasses, []);
  });

  it("does not crash on an environment that stands where a member's stack would be", async () => {
    const world = new World("replace", ["blue", "eu"]);
    world.neighbours.set("eu", { ...world.environmentOutputs(), environment: "dev-eu" } as EnvironmentOutputs);
    provisioning(world, "eu");
    const family = await readFamily(world.ports(), "dev");
    assert.deepEqual([Object.keys(family.members), Object.keys(family.foreign)], [["blue"], ["eu"]]);
  });

  it("is asked once more right before the destroy: a stack that changed hands meanwhile is left alone", async () => {
    const world = new World();
    const theirs = { ...(world.outputs("blue") as MemberOutputs), environment: "other", member: "blue" };
    world.watch = () => {
      if (world.record.intent?.move.kind === "retire" && world.calls.at(-1) === "previewDestroy")
        world.neighbours.set("blue", theirs);
    };
    const end = await world.upgrade().catch((error: unknown) => error);
    assert.match(String((end as { code: string }).code), /EBG-FOREIGN-STACK/);
    assert.deepEqual(world.trespasses, []);
    assert.ok(world.clusters.has("blue"));
  });
});

describe("retiring", () => {
  it("is fenced inside the destroy itself: a driver that slept behind its last look destroys nothing", async () => {
    const world = new World();
    const sleeping = world.ports.bind(world);
    world.ports = () => {
      const ports = sleeping();
      const destroy: typeof ports.pulumi.destroy = (...args) => {
        // Between the look and the engine's lock: another driver finished the retire and made blue anew.
        world.record = { ...world.record, revision: world.record.revision + 3 };
        return ports.pulumi.destroy(...args);
      };
      return { ...ports, pulumi: { ...ports.pulumi, destroy } };
    };
    await assert.rejects(world.upgrade(), (error: { code: string }) => error.code === "EBG-FENCED");
    assert.ok(world.clusters.has("blue"));
  });

  it("looks at the bindings of a member that was half made: one that was bound meanwhile is not destroyed", async () => {
    const world = new World();
    world.fault = { call: "apply", nth: 1, kind: "after", error: () => new Killed() };
    await assert.rejects(world.upgrade(), Killed);
    world.fault = null;
    const green = world.clusters.get("green");
    assert.ok(green !== undefined);
    green.bound = true;
    world.reconcile();
    const result = await world.run(rollback, { approveRetire: true });
    assert.equal(result.outcome, "stopped", result.message);
    assert.match(result.message, /green is not destroyed/);
    assert.ok(world.clusters.has("green"));
    green.sick = true;
    world.targets.clear();
    world.clusters.set("green", { ...green, running: false });
    assert.match((await world.run(rollback, { approveRetire: true })).message, /green is not destroyed: .*bound/);
    world.clusters.set("green", { ...green, bound: false });
    world.reconcile();
    world.now += 600_000;
    world.reconcile();
    assert.equal((await world.run(rollback, { approveRetire: true })).outcome, "done");
    assert.equal(world.clusters.has("green"), false);
  });
});
