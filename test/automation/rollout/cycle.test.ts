import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { capacityOf } from "../../../stacks/record";
import { Killed, World } from "../world";

const moves = (world: World): string[] =>
  world.events.flatMap((event) =>
    event.kind === "step-finished" && event.step.type === "move"
      ? [`${event.step.kind} ${event.step.member}${event.step.kind === "scale" ? ` ${capacityOf(event.step.to)}` : ""}`]
      : [],
  );
const wanting = (version: string) => ({ config: { "eks-blue-green:kubernetesVersion": version } });
const active = (version: string) => ({ role: "active", version, workload: "running" });

/** Every `apply` that would raise a member's version fails, and leaves its nodes behind. */
function stuck(world: World, member: string): () => void {
  const ports = world.ports.bind(world);
  world.ports = () => {
    const real = ports();
    const apply: typeof real.pulumi.apply = async (stack, context, plan, signal) => {
      const nodes = world.clusters.get(member)?.nodes ?? "";
      const applied = await real.pulumi.apply(stack, context, plan, signal);
      const cluster = world.clusters.get(member);
      if (stack.kind !== "member" || stack.member !== member || cluster === undefined || cluster.version === nodes)
        return applied;
      cluster.nodes = nodes;
      throw new DriverError("EBG-UPDATE-FAILED", "PodEvictionFailure: Reached max retries", "look at the budget");
    };
    return { ...real, pulumi: { ...real.pulumi, apply } };
  };
  return () => void (world.ports = ports);
}

describe("cycle, through the loop", () => {
  it("upgrades two members over two minors, and two members' worth of targets always take traffic", async () => {
    const world = new World("cycle");
    const result = await world.upgrade(wanting("1.36"));
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(moves(world), [
      "scale green 200",
      "drain blue",
      "upgrade blue",
      "upgrade blue",
      "admit blue",
      "scale blue 200",
      "drain green",
      "scale green 100",
      "upgrade green",
      "upgrade green",
      "admit green",
      "scale blue 100",
      "scale blue 100",
    ]);
    assert.deepEqual(world.record.placement, { blue: active("1.36"), green: active("1.36") });
    assert.ok(world.leastHealthy >= 6, `only ${world.leastHealthy} targets took traffic at one point`);
    assert.equal((await world.upgrade(wanting("1.36"))).outcome, "nothing-to-do");
  });

  it("goes on wherever it is killed: before and after every effect, and the floor holds", async function () {
    // Hundreds of rollouts: half a minute alone, minutes on a machine that does other things.
    this.timeout(600_000);
    const reference = new World("cycle", ["blue", "green", "red"]);
    await reference.upgrade();
    const counts = new Map<string, number>();
    for (const call of reference.calls) counts.set(call, (counts.get(call) ?? 0) + 1);
    for (const [call, times] of counts) {
      for (let nth = 1; nth <= times; nth += 1) {
        for (const kind of ["before", "after"] as const) {
          const world = new World("cycle", ["blue", "green", "red"]);
          world.fault = { call, nth, kind, error: () => new Killed() };
          await assert.rejects(world.upgrade(), Killed, `${kind} ${call} ${nth}`);
          world.fault = null;
          const result = await world.upgrade();
          assert.ok(
            ["done", "nothing-to-do"].includes(result.outcome),
            `killed ${kind} ${call} ${nth}: ${result.message}`,
          );
          assert.deepEqual(world.record.placement, {
            blue: active("1.35"),
            green: active("1.35"),
            red: active("1.35"),
          });
          assert.ok(world.leastHealthy >= 9, `killed ${kind} ${call} ${nth}: only ${world.leastHealthy}`);
        }
      }
    }
  });

  it(
    "a member that can't be upgraded stays out, the others carry its load, and the same command ends it once it is " +
      "repaired",
    async () => {
      const world = new World("cycle");
      const repair = stuck(world, "blue");
      const result = await world.upgrade();
      assert.deepEqual(
        world.events.filter((event) => event.kind === "note" && event.message.startsWith("trying again")),
        [],
        "EKS has tried long enough",
      );
      assert.equal(result.outcome, "failed");
      assert.match(result.message, /PodEvictionFailure.*blue is on its way to 1\.35 and can't go back.*green serve/s);
      assert.match(result.remedy ?? "", /budget/);
      assert.deepEqual(
        [world.record.placement["blue"]?.role, world.record.placement["green"]],
        ["standby", { ...active("1.34"), capacityPercent: 200 }],
      );
      assert.equal(world.record.intent?.move.kind, "upgrade");
      await assert.rejects(world.run({ name: "rollback", member: null, percent: null }), {
        code: "EBG-PLAN-IMPOSSIBLE",
        message: /can't go back/,
      });
      repair();
      assert.equal((await world.upgrade()).outcome, "done");
      assert.deepEqual(world.record.placement, { blue: active("1.35"), green: active("1.35") });
      assert.ok(world.leastHealthy >= 6);
    },
  );

  it("a member that serves badly after its upgrade goes out again; the other one keeps the size that carries both", async () => {
    const world = new World("cycle");
    const emit = world.watch;
    world.watch = () => {
      const blue = world.clusters.get("blue");
      if (blue !== undefined && blue.version === "1.35") blue.sick = true;
      emit();
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual(world.record.placement, {
      blue: { role: "standby", version: "1.35", workload: "running" },
      green: { ...active("1.34"), capacityPercent: 200 },
    });
    assert.equal(world.record.rollout, null);
    assert.ok(world.leastHealthy >= 6);
    assert.match(result.remedy ?? "", /eks-blue-green admit blue/);
  });

  it("is turned around on request before anything was upgraded; afterwards members come back at what they are", async () => {
    for (const cut of [1, 2, 4]) {
      const world = new World("cycle");
      const stop = new AbortController();
      let seen = 0;
      const push = world.events.push.bind(world.events);
      world.watch = () => {
        seen = Math.max(seen, world.record.rollout?.done ?? 0);
        if (seen >= cut) stop.abort();
      };
      assert.equal((await world.upgrade({ stop: stop.signal })).outcome, "stopped");
      world.watch = () => undefined;
      void push;
      await assert.rejects(world.run({ name: "drain", member: "green", percent: null }), (error: DriverError) => {
        assert.equal(error.code, "EBG-ROLLOUT-UNDER-WAY");
        assert.match(error.message, /'upgrade' is under way since \d{4}-.*'drain green' was not begun/);
        return true;
      });
      const back = await world.run({ name: "rollback", member: null, percent: null });
      assert.equal(back.outcome, "done", back.message);
      assert.match(back.message, /^rolled back/);
      for (const name of ["blue", "green"])
        assert.deepEqual(
          [world.record.placement[name]?.role, capacityOf(world.record.placement[name])],
          ["active", 100],
        );
      assert.ok(world.leastHealthy >= 6);
    }
  });
});

describe("planned work on one member", () => {
  const command = (name: "admit" | "drain" | "scale", member: string, percent: number | null = null) => ({
    name,
    member,
    percent,
  });

  it("drain scales the others first; admit brings it back; scale ends it; nothing is ever missing", async () => {
    const world = new World("cycle");
    assert.equal((await world.run(command("drain", "blue"))).outcome, "done");
    assert.deepEqual(moves(world), ["scale green 200", "drain blue"]);
    await assert.rejects(world.run(command("scale", "green", 100)), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /carry 100 %, and traffic needs 200 %/,
    });
    await assert.rejects(world.run(command("drain", "green")), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /0 other member/,
    });
    assert.equal((await world.run(command("drain", "blue"))).outcome, "nothing-to-do");
    assert.equal((await world.run(command("admit", "blue"))).outcome, "done");
    assert.equal((await world.run(command("scale", "green", 100))).outcome, "done");
    assert.deepEqual(world.record.placement, { blue: active("1.34"), green: active("1.34") });
    assert.ok(world.leastHealthy >= 6);
  });

  it("is resumed by the same command after a kill, and by no other", async () => {
    const world = new World("cycle");
    world.fault = { call: "apply", nth: 2, kind: "after", error: () => new Killed() };
    await assert.rejects(world.run(command("drain", "blue")), Killed);
    world.fault = null;
    await assert.rejects(world.upgrade(), {
      code: "EBG-ROLLOUT-UNDER-WAY",
      message: /'drain blue' is under way since .*'drain blue', was begun by /,
      remedy: /eks-blue-green drain blue --stack dev; or turn it around: eks-blue-green rollback/,
    });
    await assert.rejects(world.run(command("drain", "green")), { code: "EBG-ROLLOUT-UNDER-WAY" });
    assert.equal((await world.run(command("drain", "blue"))).outcome, "done");
    assert.equal(world.record.placement["blue"]?.role, "standby");
  });

  it("makes a member that is absent, at the version that serves", async () => {
    const world = new World();
    assert.equal((await world.run(command("admit", "green"))).outcome, "done");
    assert.deepEqual(world.record.placement, { blue: active("1.34"), green: active("1.34") });
    await assert.rejects(world.run(command("admit", "teal")), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /no member 'teal'/,
    });
  });

  it("rollback brings the old member back that still stands by, and says when none does", async () => {
    const world = new World();
    const waiting = await world.upgrade({ approveRetire: false });
    assert.equal(waiting.outcome, "stopped");
    const back = await world.run({ name: "rollback", member: null, percent: null });
    assert.equal(back.outcome, "done", back.message);
    assert.deepEqual(
      [world.record.placement["blue"]?.role, world.record.placement["green"]?.role],
      ["active", "standby"],
    );
    // The new one stands by; the rollout is over.
    assert.equal(world.record.rollout, null);
    const again = new World();
    await again.upgrade();
    await assert.rejects(again.run({ name: "rollback", member: null, percent: null }), {
      code: "EBG-PLAN-IMPOSSIBLE",
      message: /nothing to go back to/,
      remedy: /second environment/,
    });
  });
});
