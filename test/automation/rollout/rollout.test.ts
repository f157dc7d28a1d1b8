import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { PlannedOperation } from "../../../automation/ports";
import { config, Killed, World } from "../world";

const rollout = JSON.parse(config["eks-blue-green:rollout"]) as object;
const withAlarm = { "eks-blue-green:rollout": JSON.stringify({ ...rollout, alarms: ["web-5xx"] }) };
const done = (world: World): void => {
  assert.deepEqual(world.record.placement["green"], { role: "active", version: "1.35", workload: "running" });
  assert.equal(world.record.placement["blue"]?.role, "absent");
  assert.equal(world.record.rollout, null);
  assert.equal(world.record.intent, null);
  assert.deepEqual([...world.clusters.keys()], ["green"]);
};
const moves = (world: World): string[] =>
  world.events.flatMap((event) =>
    event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
  );
const serves = (world: World): void =>
  assert.ok(world.leastHealthy >= 3, `at one point only ${world.leastHealthy} targets took traffic`);

describe("rollout", () => {
  it("replaces blue by green, and the load balancer always has targets that take traffic", async () => {
    const world = new World();
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(moves(world), ["provision green", "admit green", "drain blue", "scale blue", "retire blue"]);
    done(world);
    serves(world);
    assert.equal((await world.upgrade()).outcome, "nothing-to-do");
  });

  it("writes the last move's placement and the rollout's end at once", async () => {
    const world = new World();
    await world.upgrade();
    const afterLast = world.calls.slice(world.calls.lastIndexOf("destroy") + 1);
    assert.deepEqual(
      afterLast.filter((call) => call === "writeRecord"),
      ["writeRecord"],
    );
  });

  it("emits a sample of targets in every second of waiting, and phases that add up", async () => {
    const world = new World();
    await world.upgrade();
    assert.ok(world.events.filter((event) => event.kind === "targets").length > 20);
    const finished = world.events.filter((event) => event.kind === "step-finished");
    for (const event of finished) {
      const sum = Object.values(event.phases).reduce((total, seconds) => total + (seconds ?? 0), 0);
      assert.ok(sum <= event.seconds + 0.001, `${sum} > ${event.seconds}`);
    }
  });

  it("goes on wherever it is killed: before and after every effect", async function () {
    this.timeout(300_000);
    const reference = new World();
    await reference.upgrade();
    const counts = new Map<string, number>();
    for (const call of reference.calls) counts.set(call, (counts.get(call) ?? 0) + 1);
    assert.ok(reference.calls.length > 20);
    for (const [call, times] of counts) {
      for (let nth = 1; nth <= times; nth += 1) {
        for (const kind of ["before", "after"] as const) {
          const world = new World();
          world.fault = { call, nth, kind, error: () => new Killed() };
          await assert.rejects(world.upgrade(), Killed, `${kind} ${call} ${nth}`);
          world.fault = null;
          const result = await world.upgrade();
          // Killed behind its very last effect, everything was done.
          const last = kind === "after" && call === "writeRecord" && nth === times;
          assert.equal(
            result.outcome,
            last ? "nothing-to-do" : "done",
            `killed ${kind} ${call} ${nth}: ${result.message}`,
          );
          done(world);
          serves(world);
        }
      }
    }
  });

  it("survives every update that fails once or loses its answer", async () => {
    for (const call of ["apply", "destroy", "preview"]) {
      for (const kind of ["before", "after"] as const) {
        for (let nth = call === "preview" ? 3 : 1; nth <= (call === "destroy" ? 1 : 4); nth += 1) {
          const world = new World();
          world.fault = { call, nth, kind, error: () => new DriverError("EBG-UPDATE-FAILED", "throttled", "again") };
          const result = await world.upgrade();
          assert.equal(result.outcome, "done", `${kind} ${call} ${nth}: ${result.message}`);
          serves(world);
        }
      }
    }
  });

  it(
    "goes on with a move whose first attempt changed everything and got nothing ready: the engine repeats it " +
      "without a changed path",
    async () => {
      const deployment: PlannedOperation = {
        operation: "update",
        type: "kubernetes:apps/v1:Deployment",
        urn: "urn:pulumi:dev-blue::p::t::blue-web",
        paths: [],
        custom: true,
      };
      for (const incomplete of [true, false]) {
        const world = new World();
        const scale = world.ports.bind(world);
        world.ports = () => {
          const ports = scale();
          return {
            ...ports,
            pulumi: {
              ...ports.pulumi,
              apply: async (...args) => {
                const applied = await ports.pulumi.apply(...args);
                // provision, admit, drain, scale.
                if (world.calls.filter((call) => call === "apply").length !== 4)
                  return ((world.extraOperations = []), applied);
                world.extraOperations = [incomplete ? { ...deployment, incomplete: true } : deployment];
                throw new DriverError("EBG-UPDATE-FAILED", "timed out waiting for web", "again");
              },
            },
          };
        };
        const result = await world.upgrade();
        if (incomplete) {
          assert.equal(result.outcome, "done", result.message);
          done(world);
        } else {
          assert.equal(result.code, "EBG-PLAN-REFUSED");
          assert.equal(world.record.intent?.move.kind, "scale", "half done: the move stays open");
        }
        serves(world);
      }
    },
  );

  it("takes a record for written when only the answer was lost", async () => {
    for (let nth = 1; nth <= 8; nth += 1) {
      const world = new World();
      world.fault = {
        call: "writeRecord",
        nth,
        kind: "after",
        error: () => new DriverError("EBG-UPDATE-FAILED", "connection lost", "again"),
      };
      assert.equal((await world.upgrade()).outcome, "done", String(nth));
    }
  });

  it("writes the record again when the write failed of something that may pass", async () => {
    for (let nth = 1; nth <= 8; nth += 1) {
      const world = new World();
      world.fault = {
        call: "writeRecord",
        nth,
        kind: "before",
        error: () => new DriverError("EBG-UPDATE-FAILED", "14 UNAVAILABLE: No connection established", "again"),
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "done", `${nth}: ${result.message}`);
      done(world);
      assert.equal(
        world.events.filter(
          (event) =>
            event.kind === "note" && event.message.startsWith("the record was not written, trying again (2 of 3)"),
        ).length,
        1,
        String(nth),
      );
    }
  });

  it("gives up a record that can't be written after three attempts, changes nothing more, and goes on later", async () => {
    const world = new World();
    const inner = world.ports.bind(world);
    let [attempts, broken] = [0, false];
    world.ports = () => {
      const ports = inner();
      return {
        ...ports,
        pulumi: {
          ...ports.pulumi,
          writeRecord: async (...args) => {
            if (world.record.intent?.move.kind === "drain") broken = true;
            if (!broken) return await ports.pulumi.writeRecord(...args);
            attempts += 1;
            throw new DriverError("EBG-UPDATE-FAILED", "the backend is down", "again");
          },
        },
      };
    };
    await assert.rejects(world.upgrade(), { code: "EBG-UPDATE-FAILED", message: /the backend is down/ });
    assert.equal(attempts, 3);
    assert.equal(world.record.intent?.move.kind, "drain", "it stays as it was written last");
    serves(world);
    world.ports = inner;
    assert.equal((await world.upgrade()).outcome, "done");
    done(world);
  });

  it("stops at once when another driver has written the record", async () => {
    for (let nth = 1; nth <= 7; nth += 1) {
      const world = new World();
      world.fault = {
        call: "writeRecord",
        nth,
        kind: "before",
        error: () => {
          world.record = { ...world.record, revision: world.record.revision + 1 };
          return new DriverError("EBG-FENCED", "moved on", "status");
        },
      };
      await assert.rejects(world.upgrade(), { code: "EBG-FENCED" });
      const last = world.calls.at(-1);
      assert.equal(last, "writeRecord", "nothing was done after the fence");
      assert.equal(world.events.at(-1)?.kind, "rollout-finished");
    }
  });

  it("walks back when the new member never gets healthy, and keeps it as a standby", async () => {
    const world = new World();
    world.watch = () => {
      const green = world.clusters.get("green");
      if (green) green.sick = true;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(result.code, "EBG-WALKED-BACK");
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.equal(world.record.placement["green"]?.role, "standby");
    serves(world);
  });

  it("walks back after the drain: the old member is scaled up and admitted before the new one goes", async () => {
    const world = new World();
    world.watch = () => {
      // Green fails once blue is stopped.
      const green = world.clusters.get("green");
      if (green && world.clusters.get("blue")?.running === false) green.sick = true;
    };
    const result = await world.upgrade();
    // Blue comes back; green is drained last.
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual(moves(world).slice(-3), ["scale blue", "admit blue", "drain green"]);
    assert.equal(world.record.placement["blue"]?.role, "active");
  });

  it("walks back from the middle of the drain when the new member answers with errors, also after a kill", async () => {
    for (const killed of [false, true]) {
      const world = new World();
      world.watch = () => {
        if (world.record.intent?.move.kind === "drain" && world.clusters.get("blue")?.bound === false)
          world.erring.add("green");
      };
      if (killed) {
        world.fault = { call: "apply", nth: 3, kind: "after", error: () => new Killed() };
        await assert.rejects(world.upgrade(), Killed);
        world.fault = null;
      }
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.deepEqual(moves(world).slice(-2), ["admit blue", "drain green"]);
      assert.equal(world.record.placement["blue"]?.role, "active");
      assert.equal(world.record.rollout, null);
    }
  });

  it("does not drain the old member, resumed after a while, when the new one answers with errors by then", async () => {
    const world = new World();
    world.fault = { call: "unprotectBindings", nth: 1, kind: "before", error: () => new Killed() };
    await assert.rejects(world.upgrade(), Killed);
    world.fault = null;
    world.erring.add("green");
    let blueStayed = true;
    world.watch = () => {
      blueStayed &&= world.clusters.get("blue")?.bound === true;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(blueStayed, "blue left traffic");
    assert.equal(world.record.placement["blue"]?.role, "active");
    serves(world);
  });

  it(
    "does not drain the old member when the new one has begun to answer errors while the backend kept the plan " +
      "waiting",
    async () => {
      const world = new World();
      // Lifting the protection took ten minutes and lost its answer; the attempt is repeated.
      world.fault = {
        call: "unprotectBindings",
        nth: 1,
        kind: "before",
        error: () => {
          world.now += 600_000;
          world.erring.add("green");
          return new DriverError("EBG-DEADLINE", "no answer within the deadline", "run again");
        },
      };
      let blueStayed = true;
      world.watch = () => {
        blueStayed &&= world.clusters.get("blue")?.bound === true;
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.ok(blueStayed, "blue left traffic");
      serves(world);
    },
  );

  it("never counts on a member whose binding is still being deleted", async () => {
    const world = new World();
    world.watch = () => {
      const green = world.clusters.get("green");
      if (green?.bound) world.deleting.add("green");
    };
    const result = await world.upgrade();
    assert.notEqual(result.outcome, "done");
    assert.match(result.message, /still being deleted/);
    assert.equal(world.record.placement["blue"]?.role, "active");
    serves(world);
  });

  it("walks back on an alarm during a bake", async () => {
    const world = new World();
    world.watch = () => {
      if (world.clusters.get("green")?.bound) world.alarm = true;
    };
    const result = await world.upgrade({ config: withAlarm });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /alarm web-5xx rings/);
    serves(world);
  });

  it("refuses to begin when a binding lacks the multi-cluster flag", async () => {
    const world = new World();
    (world.clusters.get("blue") as { multiCluster: boolean }).multiCluster = false;
    await assert.rejects(
      world.upgrade(),
      (error: DriverError) =>
        error.code === "EBG-PREFLIGHT" && /multiClusterTargetGroup/.test(error.message) && /kubectl/.test(error.remedy),
    );
    assert.equal(world.record.revision, 1);
  });

  it("refuses to admit when the flag is dropped after the preflight", async () => {
    const world = new World();
    world.watch = () => {
      if (world.clusters.has("green")) (world.clusters.get("blue") as { multiCluster: boolean }).multiCluster = false;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "stopped", result.message);
    assert.equal(world.clusters.get("green")?.bound, false);
    assert.equal(world.record.intent, null);
  });

  it("stops before the drain of a member that refuses the driver, and does not suggest to evacuate it", async () => {
    const world = new World();
    world.refusing.add("blue");
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-KUBERNETES"], result.message);
    assert.match(
      result.message,
      /could not drain blue: it can't be asked \(blue refuses GET \/version: 401 Unauthorized\)/,
    );
    assert.match(result.remedy ?? "", /^get an access entry; then go on with/);
    serves(world);
    world.refusing.clear();
    assert.equal((await world.upgrade()).outcome, "done");
    done(world);
  });

  it("with the old member's API server dead, provisions and admits the new one and says what it could not do", async () => {
    const world = new World();
    (world.clusters.get("blue") as { reachable: boolean }).reachable = false;
    const result = await world.upgrade();
    assert.equal(result.outcome, "stopped", result.message);
    assert.equal(result.code, "EBG-MEMBER-UNREACHABLE");
    assert.match(result.message, /could not drain blue/);
    assert.equal(world.record.placement["green"]?.role, "active");
    assert.ok(world.clusters.get("green")?.bound);
    (world.clusters.get("blue") as { reachable: boolean }).reachable = true;
    assert.equal((await world.upgrade()).outcome, "done");
    done(world);
  });

  it("asks before it destroys, and goes on when approved later", async () => {
    const world = new World();
    const result = await world.upgrade({ approveRetire: false });
    assert.equal(result.outcome, "stopped");
    assert.match(result.remedy ?? "", /--approve-retire/);
    assert.ok(world.clusters.has("blue"));
    assert.equal((await world.upgrade()).outcome, "done");
    done(world);
  });

  it("withdraws a move whose plan would do more than it says", async () => {
    const world = new World();
    world.extraOperations = [
      {
        operation: "update",
        type: "aws:eks/nodeGroup:NodeGroup",
        urn: "urn:pulumi:dev-green::p::t::green-nodes",
        paths: ["amiType"],
        custom: true,
      },
    ];
    const result = await world.upgrade();
    assert.equal(result.outcome, "stopped");
    assert.equal(result.code, "EBG-PLAN-REFUSED");
    assert.match(result.message, /green-nodes/);
    assert.equal(world.record.intent, null);
    world.extraOperations = [];
    assert.equal((await world.upgrade()).outcome, "done");
  });

  it("stops at the next safe point when asked, anywhere, and goes on later", async function () {
    this.timeout(300_000);
    for (let after = 1; after < 120; after += 7) {
      const world = new World();
      const stop = new AbortController();
      let seen = 0;
      world.watch = () => {
        seen += 1;
        if (seen > after) stop.abort();
      };
      const result = await world.upgrade({ stop: stop.signal });
      world.watch = () => undefined;
      if (result.outcome === "done") continue;
      assert.equal(result.outcome, "stopped");
      assert.equal((await world.upgrade()).outcome, "done");
      done(world);
      serves(world);
    }
  });

  it("deregisters leftovers that no other member lists", async () => {
    const world = new World();
    const stray = "10.42.1.9:8080";
    world.targets.set(stray, { member: "nobody", since: world.now - 600_000, drainingSince: null });
    // The stray is in blue's snapshot because blue's controller once listed it.
    const pods = world.pods.bind(world);
    world.pods = (name) =>
      name === "blue" && world.clusters.get("blue")?.bound && world.clusters.get("blue")?.running
        ? [...pods(name), stray]
        : name === "nobody"
          ? [stray]
          : pods(name);
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(world.calls.includes("deregister"));
    assert.ok(!world.targets.has(stray) || world.targets.get(stray)?.drainingSince !== null);
  });

  const autoscaled = {
    "eks-blue-green:services": JSON.stringify([
      { ...(JSON.parse(config["eks-blue-green:services"]) as object[])[0], autoscaled: true },
    ]),
  };

  it("an autoscaler's service is drained only when the others have as many targets as leave", async () => {
    const world = new World();
    world.autoscaler.set("blue", 12).set("green", 1);
    world.reconcile();
    world.now += 600_000;
    const result = await world.upgrade({ config: autoscaled });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /enough stays without blue: without blue 1 healthy targets stay in 'web', 12 must/);
    assert.match(result.remedy ?? "", /raise minReplicas of the HorizontalPodAutoscaler on green/);
    assert.equal(world.record.placement["blue"]?.role, "active");
    world.autoscaler.set("green", 12);
    assert.equal((await world.upgrade({ config: autoscaled })).outcome, "done");
    done(world);
  });

  it("that number is in the record: a drain that is resumed asks for it, though its targets have left", async () => {
    const world = new World();
    world.autoscaler.set("blue", 12).set("green", 12);
    world.reconcile();
    world.now += 600_000;
    const drained = () => world.record.intent?.move.kind === "drain" && world.clusters.get("blue")?.bound === false;
    world.watch = () => {
      if (drained()) throw new Killed();
    };
    await assert.rejects(world.upgrade({ config: autoscaled }), Killed);
    world.watch = () => undefined;
    assert.deepEqual(world.record.rollout?.healthyBefore, { blue: { web: 12 } });
    world.autoscaler.set("green", 11);
    const result = await world.upgrade({ config: autoscaled });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /without blue 11 healthy targets stay in 'web', 12 must/);
  });
});
