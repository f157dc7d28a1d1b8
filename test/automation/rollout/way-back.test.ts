import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { RolloutCommand } from "../../../stacks/record";
import { config, World } from "../world";

const minute = 60_000;
const rollback: RolloutCommand = { name: "rollback", member: null, percent: null };
const work = (name: "admit" | "drain" | "scale", member: string, percent: number | null = null): RolloutCommand => ({
  name,
  member,
  percent,
});
const service = (JSON.parse(config["eks-blue-green:services"]) as object[])[0];
const autoscaled = { "eks-blue-green:services": JSON.stringify([{ ...service, autoscaled: true }]) };
const rollout = JSON.parse(config["eks-blue-green:rollout"]) as object;
const withAlarm = { "eks-blue-green:rollout": JSON.stringify({ ...rollout, alarms: ["web-5xx"] }) };
const asDeployed = { "eks-blue-green:kubernetesVersion": "1.34" };
const bound = (world: World, name: string): boolean => world.clusters.get(name)?.bound === true;
const role = (world: World, name: string) => world.record.placement[name]?.role;
const atRest = (world: World): void => {
  assert.equal(world.record.rollout, null);
  assert.equal(world.record.intent, null);
};
/** Green serves at 1.35, and blue waits for the approval of its end. */
async function untilApproval(world: World, options: { readonly config?: Partial<typeof config> } = {}): Promise<void> {
  const result = await world.upgrade({ approveRetire: false, ...options });
  assert.equal(result.code, "EBG-STOPPED", result.message);
  assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
  world.failingMs = 0;
  world.leastHealthy = Number.POSITIVE_INFINITY;
}

describe("a rollback onto an old member that answers with errors", () => {
  it("never takes the good one out, says so, and the upgrade can be finished afterwards", async () => {
    const world = new World();
    await untilApproval(world);
    world.erring.add("blue");
    let greenStayed = true;
    world.watch = () => {
      greenStayed &&= bound(world, "green");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /requests to 'web' failed.*traffic is on green \(1\.35\)/s);
    assert.ok(greenStayed, "green left traffic");
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
    atRest(world);
    assert.ok(world.failingMs < 3 * minute, `requests failed for ${world.failingMs / 1000} s`);
    assert.equal((await world.upgrade()).outcome, "done");
  });

  it("brings the good one back in when errors begin only after it has left", async () => {
    const world = new World();
    await untilApproval(world);
    world.watch = () => {
      if (!bound(world, "green")) world.erring.add("blue");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
    atRest(world);
    assert.equal(world.fails(), false);
  });

  it("goes on to the old one when it is the new one that errs as soon as the old one comes in", async () => {
    const world = new World();
    await untilApproval(world);
    world.watch = () => {
      if (bound(world, "blue")) world.erring.add("green");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
    atRest(world);
    assert.equal(world.fails(), false);
    assert.ok(world.failingMs < 12 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("does so too when the upgrade was finished before", async () => {
    const world = new World();
    await untilApproval(world);
    world.record = { ...world.record, rollout: null };
    world.watch = () => {
      if (bound(world, "blue")) world.erring.add("green");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
    assert.equal(world.fails(), false);
  });

  it("goes on when the new one gets sick while the old one comes in, or beside it", async () => {
    for (const when of ["admit", "bake"]) {
      const world = new World();
      await untilApproval(world);
      world.watch = () => {
        const { rollout: way, intent } = world.record;
        const bakes = intent === null && way?.steps[way.done]?.type === "bake";
        if (bound(world, "blue") && (when === "admit" || bakes)) world.clusters.get("green")!.sick = true;
      };
      const result = await world.run(rollback);
      assert.equal(result.outcome, "done", `${when}: ${result.message}`);
      assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
      atRest(world);
    }
  });

  it("does not wait for the new one in the bake when it was bad before, or nothing is known of before", async () => {
    for (const known of [true, false]) {
      const world = new World();
      await untilApproval(world);
      if (known) world.erring.add("green");
      world.watch = () => {
        const { rollout: way, intent } = world.record;
        if (intent === null && way?.steps[way.done]?.type === "bake" && way.direction === "back")
          world.clusters.get("green")!.sick = true;
        // As an earlier version of the driver left it.
        if (!known && way?.turned !== undefined)
          world.record = { ...world.record, rollout: { ...way, baseline: undefined, turned: undefined } as never };
      };
      const result = await world.run(rollback);
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
      atRest(world);
    }
  });

  it("says that requests still fail where both err, and where it was known before", async () => {
    for (const before of [true, false]) {
      const world = new World();
      await untilApproval(world);
      if (before) world.erring.add("green").add("blue");
      world.watch = () => {
        if (bound(world, "blue")) world.erring.add("green").add("blue");
      };
      const result = await world.run(rollback);
      atRest(world);
      assert.match(result.message, /still do: 32 of 32 to 'web' \(reset\)/);
      if (before) assert.deepEqual([result.outcome, result.code], ["done", "EBG-GATE"], "no success for a pipeline");
    }
  });

  it("takes the old one in again when without it nothing answers: it was the new one that erred", async () => {
    const world = new World();
    await untilApproval(world);
    const bakes = (): boolean => {
      const { rollout: way, intent } = world.record;
      return way?.direction === "back" && intent === null && way.steps[way.done]?.type === "bake";
    };
    world.watch = () => {
      if (bound(world, "blue") && bakes()) world.erring.add("green");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
    atRest(world);
    assert.equal(world.fails(), false);
    assert.ok(world.failingMs < 25 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("leads out of a record in which the good one is out already and nothing answers", async () => {
    const world = new World();
    await untilApproval(world);
    world.watch = () => {
      if (!bound(world, "green")) throw new DriverError("EBG-CREDENTIALS", "the job was cancelled", "again");
    };
    await assert.rejects(world.run(rollback));
    world.watch = () => undefined;
    assert.equal(world.record.intent?.move.kind, "drain");
    // As an earlier version of the driver left it: without a word of what there was before.
    world.record = {
      ...world.record,
      rollout: { ...world.record.rollout!, baseline: undefined, turned: undefined } as never,
    };
    world.erring.add("blue");
    const result = await world.run(rollback);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"], result.message);
    atRest(world);
  });
});

describe("a way back onto an autoscaled service", () => {
  it("does not drain the new member before the old one has grown to its size", async () => {
    for (const grows of [true, false]) {
      const world = new World();
      world.autoscaler.set("blue", 12).set("green", 12);
      world.reconcile();
      world.now += 600_000;
      await untilApproval(world, { config: autoscaled });
      // Stopped and started again, an autoscaler begins at minReplicas.
      world.autoscaler.set("blue", 2);
      let at = 0;
      world.watch = () => {
        if (!bound(world, "blue")) return;
        at ||= world.now;
        if (grows && world.now - at > 10 * minute) world.autoscaler.set("blue", 12);
      };
      const result = await world.run(rollback, { config: autoscaled });
      assert.ok(world.leastHealthy >= 12, `at one point only ${world.leastHealthy} targets took traffic`);
      assert.equal(role(world, "blue"), "active", result.message);
      if (grows) assert.equal(result.outcome, "done", result.message);
      else {
        assert.equal(role(world, "green"), "active", result.message);
        assert.match(result.message, /without green 2 healthy targets stay in 'web', 12 must/);
        world.autoscaler.set("blue", 12);
        assert.equal((await world.run(rollback, { config: autoscaled })).outcome, "done");
        assert.equal(role(world, "green"), "standby");
      }
    }
  });

  it("keeps both in traffic when an alarm turned it and the old one stays small", async () => {
    const world = new World();
    world.autoscaler.set("blue", 12).set("green", 12);
    world.reconcile();
    world.now += 600_000;
    world.reconcile();
    world.leastHealthy = Number.POSITIVE_INFINITY;
    world.watch = () => {
      if (role(world, "blue") !== "standby" || world.alarm) return;
      world.alarm = true;
      world.autoscaler.set("blue", 2);
    };
    const result = await world.upgrade({ config: { ...autoscaled, ...withAlarm } });
    assert.ok(
      world.leastHealthy >= 12,
      `at one point only ${world.leastHealthy} targets took traffic: ${result.message}`,
    );
    assert.equal(role(world, "green"), "active");
  });
});

describe("an old member with a target that has been unhealthy for weeks", () => {
  it("is upgraded all the same", async () => {
    const world = new World();
    world.sickPods.add("10.42.1.3:8080");
    world.reconcile();
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    atRest(world);
  });

  it("is rolled back to as well", async () => {
    const world = new World();
    world.sickPods.add("10.42.1.3:8080");
    world.reconcile();
    await untilApproval(world);
    // What leaves has three that are good; the old one never had more than two.
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
  });

  it("turns back when it gets worse while the new one comes in", async () => {
    const world = new World();
    world.sickPods.add("10.42.1.3:8080");
    world.reconcile();
    world.watch = () => {
      if (bound(world, "green") && bound(world, "blue")) world.sickPods.add("10.42.1.2:8080");
    };
    const result = await world.upgrade();
    assert.notEqual(result.outcome, "done");
    assert.match(result.message, /2 of 3 targets of blue are unhealthy/);
  });
});

describe("a way back that can't be gone", () => {
  it("stays on the new member when the old one's pods don't start again, and the upgrade can be finished", async () => {
    const world = new World();
    const inner = world.ports.bind(world);
    world.ports = () => {
      const ports = inner();
      return {
        ...ports,
        kubernetes: {
          ...ports.kubernetes,
          deployment: async (member, ...rest) => {
            const seen = await ports.kubernetes.deployment(member, ...rest);
            return member.member === "blue" && world.alarm && seen !== null
              ? { ...seen, ready: 0, available: false }
              : seen;
          },
        },
      };
    };
    let rang = 0;
    world.watch = () => {
      if (world.clusters.get("blue")?.running === false) rang ||= world.now;
      world.alarm = rang > 0;
    };
    const result = await world.upgrade({ config: withAlarm, approveRetire: false });
    // Blue is stopped right before its end is approved, so the bake behind the drain is the last that can turn.
    if (result.code === "EBG-STOPPED") {
      const back = await world.run(rollback, { config: withAlarm });
      assert.equal(back.outcome, "walked-back", back.message);
      assert.match(back.message, /traffic is on green/);
    }
    atRest(world);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
    world.watch = () => undefined;
    world.alarm = false;
    assert.equal((await world.upgrade({ config: withAlarm })).outcome, "done");
  });

  it("is gone though AWS does not tell the targets in the look that decides, nor for minutes", async () => {
    for (const silentMs of [1, 4 * minute]) {
      const world = new World();
      let failedAt = 0;
      world.untold = () => failedAt > 0 && world.now - failedAt < silentMs;
      world.watch = () => {
        if (bound(world, "green")) world.erring.add("green");
      };
      const sink = world.events;
      void sink;
      const push = (): boolean => world.events.some((event) => event.kind === "gate" && event.status === "failed");
      const inner = world.ports.bind(world);
      world.ports = () => {
        const ports = inner();
        return {
          ...ports,
          aws: {
            ...ports.aws,
            targets: async (arn) => {
              if (push()) failedAt ||= world.now;
              return await ports.aws.targets(arn);
            },
          },
        };
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.ok(failedAt > 0);
    }
  });

  it("is written though somebody holds the environment's stack for a quarter of an hour", async () => {
    const world = new World();
    let lockedFrom = 0;
    const inner = world.ports.bind(world);
    world.ports = () => {
      const ports = inner();
      return {
        ...ports,
        pulumi: {
          ...ports.pulumi,
          writeRecord: async (expected, record, signal) => {
            if (record.rollout?.direction === "back") lockedFrom ||= world.now;
            if (lockedFrom > 0 && world.now - lockedFrom < 15 * minute) {
              world.now += 2 * minute;
              throw new DriverError("EBG-STACK-LOCKED", "the stack is locked by somebody", "wait");
            }
            return await ports.pulumi.writeRecord(expected, record, signal);
          },
        },
      };
    };
    world.watch = () => {
      if (bound(world, "green")) world.erring.add("green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
  });
});

describe("commands that are typed when something is broken", () => {
  const dead = (world: World, name: string): void => {
    const cluster = world.clusters.get(name)!;
    Object.assign(cluster, { reachable: false, sick: true });
  };
  it("admit a member onto a load balancer that has nobody healthy", async () => {
    const world = new World();
    dead(world, "blue");
    world.reconcile();
    const result = await world.run(work("admit", "green"), { config: asDeployed });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(role(world, "green"), "active");
  });

  it("bring a standby in when nobody is in traffic, as the refused upgrade says", async () => {
    const world = new World();
    const { blue, green } = world.record.placement;
    world.record = { ...world.record, placement: { blue: { ...blue!, role: "standby" }, green: green! } };
    Object.assign(world.clusters.get("blue")!, { bound: false, protectedBinding: false });
    world.reconcile();
    const refused = await world.upgrade().catch((error: unknown) => error);
    assert.ok(refused instanceof DriverError);
    assert.match(refused.remedy, /eks-blue-green admit blue/);
    const result = await world.run(work("admit", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.equal((await world.upgrade()).outcome, "done");
  });

  it("go on with an admit when the only other member dies meanwhile and the new one is healthy", async () => {
    const world = new World();
    world.watch = () => {
      if (bound(world, "green")) dead(world, "blue");
    };
    const result = await world.upgrade();
    assert.equal(role(world, "green"), "active", result.message);
    assert.equal(world.record.intent, null);
  });

  it("drain one of two that answers with errors, or rings the alarm", async () => {
    for (const rings of [true, false]) {
      const world = new World("cycle");
      world.erring.add("green");
      world.alarm = rings;
      const result = await world.run(work("drain", "green"), {
        config: {
          ...asDeployed,
          "eks-blue-green:rollout": JSON.stringify({
            strategy: "cycle",
            bakeSeconds: 300,
            minCapacityPercent: 50,
            ...(rings ? { alarms: ["web-5xx"] } : {}),
          }),
        },
      });
      assert.equal(result.outcome, "done", result.message);
      assert.equal(role(world, "green"), "standby");
      assert.equal(world.fails(), false);
    }
  });

  it("scale up a member that is overloaded, and admit a standby because the other one fails", async () => {
    const world = new World("cycle");
    world.erring.add("green");
    const scaled = await world.run(work("scale", "blue", 200), { config: asDeployed });
    assert.equal(scaled.outcome, "done", scaled.message);
    world.erring.clear();
    const half = {
      ...asDeployed,
      "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300, minCapacityPercent: 50 }),
    };
    assert.equal((await world.run(work("drain", "blue"), { config: half })).outcome, "done");
    world.erring.add("green");
    const admitted = await world.run(work("admit", "blue"), { config: half });
    assert.equal(admitted.outcome, "done", admitted.message);
    assert.equal(role(world, "blue"), "active");
  });
});

describe("an address that another member has by now", () => {
  it("is not waited for any more behind a drain", async () => {
    const world = new World();
    // Blue's last pod has gone, and green's autoscaler got its address.
    const pods = world.pods.bind(world);
    const moved = "10.42.1.3:8080";
    const draining = (): boolean =>
      world.record.intent?.move.kind === "drain" && world.record.intent.move.member === "blue";
    world.pods = (name) => {
      if (!draining()) return pods(name);
      return name === "green" ? [...pods(name), moved] : pods(name).filter((id) => id !== moved);
    };
    world.watch = () => {
      const target = world.targets.get(moved);
      if (draining() && target !== undefined && !bound(world, "blue"))
        Object.assign(target, {
          member: "green",
          drainingSince: null,
          since: Math.min(target.since, world.now - 600_000),
        });
    };
    const result = await world.upgrade({ approveRetire: false });
    assert.equal(result.code, "EBG-STOPPED", result.message);
    assert.equal(role(world, "blue"), "standby");
  });
});
