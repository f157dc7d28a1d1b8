import assert from "node:assert/strict";
import { abandon } from "../../../automation/planning/cancel-rollout";
import { DriverError } from "../../../automation/errors";
import { beginMove, startRollout } from "../../../stacks/record";
import { plan } from "../../../automation/planning/replace";
import { Killed, World } from "../world";

const wanting = (version: string) => ({ "eks-blue-green:kubernetesVersion": version });

describe("giving a rollout up", () => {
  it("destroys a member that keeps failing to be made, once approved, and ends the rollout", async () => {
    const world = new World();
    assert.equal((await failing(world)).outcome, "failed");
    assert.equal(world.record.intent?.move.kind, "provision");
    const asked = await world.upgrade({ config: wanting("1.34"), approveRetire: false });
    assert.equal(asked.outcome, "stopped");
    assert.match(asked.remedy ?? "", /--approve-retire/);
    assert.equal(world.record.rollout?.direction, "forward");
    const result = await world.upgrade({ config: wanting("1.34") });
    assert.deepEqual([result.outcome, result.code, result.remedy], ["done", null, null], "it was asked for: a success");
    assert.equal(result.message, "given up: the config wants 1.34 again; traffic is on blue (1.34)");
    assert.equal(world.record.rollout, null);
    assert.equal(world.record.intent, null);
    assert.equal(world.record.placement["green"]?.role, "absent");
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.deepEqual([...world.clusters.keys()], ["blue"]);
    assert.ok(world.leastHealthy >= 3);
    assert.equal((await world.upgrade({ config: wanting("1.34") })).outcome, "nothing-to-do");
  });

  it("is what rollback does with one that is half made, once approved; the config is left as it is", async () => {
    const world = new World();
    await failing(world);
    const rollback = { name: "rollback", member: null, percent: null } as const;
    const asked = await world.run(rollback, { approveRetire: false });
    assert.deepEqual([asked.outcome, asked.code], ["stopped", "EBG-STOPPED"]);
    assert.match(asked.remedy ?? "", /--approve-retire/);
    assert.equal(world.record.rollout?.direction, "forward", "nothing was turned");
    const result = await world.run(rollback);
    assert.deepEqual([result.outcome, result.code], ["done", null]);
    assert.match(result.remedy ?? "", /^1\.35 is held from now on: /);
    assert.match(result.message, /^rolled back: .*traffic is on blue \(1\.34\)$/);
    assert.deepEqual(
      [world.record.rollout, world.record.intent, world.record.placement["green"]?.role],
      [null, null, "absent"],
    );
    assert.deepEqual([...world.clusters.keys()], ["blue"]);
    assert.ok(world.leastHealthy >= 3);
    assert.equal((await world.upgrade()).code, "EBG-HELD");
    assert.equal((await world.upgrade({ retryVersion: true })).outcome, "done", "and it can be begun anew");
  });

  it("says so too when it was killed on its way; and is not done when the config wants the new version once more", async () => {
    for (const wanted of ["1.34", "1.35"]) {
      const world = new World();
      await failing(world);
      world.fault = { call: "destroy", nth: 1, kind: "before", error: () => new Killed() };
      await assert.rejects(world.upgrade({ config: wanting("1.34") }), Killed);
      world.fault = null;
      assert.equal(world.record.rollout?.givenUp, true);
      const result = await world.upgrade({ config: wanting(wanted) });
      assert.equal(world.record.rollout, null);
      assert.equal(world.record.placement["green"]?.role, "absent");
      if (wanted === "1.34")
        assert.deepEqual(
          [result.outcome, result.message],
          ["done", "given up: the config wants 1.34 again; traffic is on blue (1.34)"],
        );
      else {
        assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"]);
        assert.match(result.message, /had been given up.*The config wants 1\.35/);
        assert.equal((await world.upgrade()).outcome, "done");
      }
    }
  });

  it("a rollout that can't be given up any more is finished, and that is not called done", async () => {
    const world = new World();
    world.fault = { call: "apply", nth: 3, kind: "after", error: () => new Killed() };
    await assert.rejects(world.upgrade(), Killed);
    world.fault = null;
    assert.equal(world.record.intent?.move.kind, "drain");
    const result = await world.upgrade({ config: wanting("1.36") });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"]);
    assert.match(
      result.message,
      /the rollout to 1\.35, which was under way, is finished; traffic is on green \(1\.35\)\. The config wants 1\.36/,
    );
  });

  it("is refused once traffic has moved, and for a version that nobody serves", () => {
    const world = new World();
    const steps = plan(world.record.placement, { version: "1.35", members: ["blue", "green"] }, "replace", {
      minActive: 1,
      bakeSeconds: 0,
    });
    const common = {
      id: "x",
      strategy: "replace" as const,
      wantedVersion: "1.35",
      steps,
      startedAt: "2026-01-01T00:00:00Z",
    };
    const started = startRollout(world.record, common);
    assert.equal(abandon(started, "1.34").kind, "steps");
    assert.equal(abandon(started, "1.33").kind, "no");
    const admitting = {
      ...started,
      placement: { ...started.placement, green: { role: "standby", version: "1.35", workload: "running" } as const },
      rollout: { ...started.rollout!, done: 1 },
    };
    const provisioned = abandon(admitting, "1.34");
    assert.deepEqual(
      provisioned.kind === "steps" &&
        provisioned.steps.map((step) => (step.type === "move" ? `${step.kind} ${step.member}` : step.type)),
      ["scale green", "retire green"],
    );
    const begun = beginMove(admitting, { step: 1, startedAt: "2026-01-01T00:00:00Z", by: "me", targetsBefore: {} });
    assert.equal(abandon(begun, "1.34").kind, "no");
  });
});

/** Runs with a world whose every `apply` fails. */
async function failing(world: World): Promise<{ outcome: string }> {
  const ports = world.ports.bind(world);
  world.ports = () => {
    const real = ports();
    return {
      ...real,
      pulumi: {
        ...real.pulumi,
        apply: async () => {
          throw new DriverError("EBG-UPDATE-FAILED", "no capacity", "wait");
        },
      },
    };
  };
  try {
    return await world.upgrade();
  } finally {
    world.ports = ports;
  }
}
