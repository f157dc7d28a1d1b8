/** A weighted upgrade through the driver's real loop: in steps, back again, killed anywhere, with others at work. */
import assert from "node:assert/strict";
import { readFamily } from "../../../automation/environment/state";
import { DriverError } from "../../../automation/errors";
import { baselineOf } from "../../../automation/observation/baseline";
import { learnOwners } from "../../../automation/observation/target-owners";
import { plainLook } from "../../../automation/observation/observe";
import { runRollout, type RolloutResult } from "../../../automation/rollout/rollout";
import { Session } from "../../../automation/rollout/session";
import { startRollout } from "../../../stacks/record";
import { Killed } from "../world";
import { ports, replacing, WeightedWorld } from "../weighted-world";

const never = new AbortController().signal;

/** What a command does behind preflight: goes on with the record's rollout, or begins one with these steps. */
async function go(world: WeightedWorld, percents: readonly number[] = [10, 50, 100]): Promise<RolloutResult> {
  world.dead = false;
  world.events = [];
  const all = world.ports();
  const family = await readFamily(all, "dev");
  const session = new Session(all, family.environment, family.record, {
    emit: (event) => {
      world.events.push(event);
      world.listen(event);
    },
    stop: never,
    cancel: never,
    approveRetire: async () => true,
    commandName: "eks-blue-green upgrade --stack dev",
    probes: true,
  });
  Object.assign(session.members, family.members);
  const seen = await session.look({ ...plainLook, probes: 16 });
  session.owners = learnOwners(session.owners, seen);
  if (session.record.rollout === null)
    session.record = startRollout(session.record, {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      steps: replacing(percents),
      startedAt: session.isoNow(),
      baseline: baselineOf(seen, session.owners, session.active()),
    });
  return await runRollout(session);
}

const done = (world: WeightedWorld): void => {
  const { placement, rollout, intent } = world.record;
  assert.deepEqual(placement["green"], { role: "active", version: "1.35", workload: "running", share: 100 });
  assert.equal(placement["blue"]?.role, "absent");
  assert.deepEqual([rollout, intent], [null, null]);
  for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 0, green: 100 });
};
const back = (world: WeightedWorld): void => {
  const { placement, rollout, intent } = world.record;
  assert.equal(placement["blue"]?.share, 100);
  assert.equal(placement["green"]?.role, "standby");
  assert.deepEqual([rollout, intent], [null, null]);
  for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 100, green: 0 });
};
const unharmed = (world: WeightedWorld): void =>
  assert.equal(world.failingMs, 0, `requests failed for ${world.failingMs / 1000} s`);
const vectorsOf = (world: WeightedWorld, port: string): string[] =>
  world.told.filter((one) => one.startsWith(`${port}: `)).map((one) => one.slice(port.length + 2));

describe("a weighted upgrade", () => {
  it("takes over step by step, in every route, and no request fails", async () => {
    const world = new WeightedWorld();
    const result = await go(world);
    assert.equal(result.outcome, "done", result.message);
    done(world);
    unharmed(world);
    for (const port of ports)
      assert.deepEqual(vectorsOf(world, port), ["blue 90, green 10", "blue 50, green 50", "blue 0, green 100"]);
  });

  it("goes back in one shift when the newcomer answers errors at its first step, and keeps it as a standby", async () => {
    const world = new WeightedWorld();
    world.erring.add("green");
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    back(world);
    for (const port of ports) assert.deepEqual(vectorsOf(world, port), ["blue 90, green 10", "blue 100, green 0"]);
    assert.ok(world.failingMs < 700_000, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("goes back from the middle in one shift, to the shares of before", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && event.step.why.includes("50 %"))
        world.erring.add("green");
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    back(world);
    assert.deepEqual(vectorsOf(world, "api"), ["blue 90, green 10", "blue 50, green 50", "blue 100, green 0"]);
  });

  it("goes back as soon as an alarm rings while a shift holds", async () => {
    const world = new WeightedWorld();
    const rollout = { strategy: "replace", bakeSeconds: 300, alarms: ["web-5xx"] };
    let rung = 0;
    let written = 0;
    world.listen = (event) => {
      const holds = event.kind === "gate" && event.reason === "hold" && event.gate.includes("10 %");
      if (!holds || world.alarm) return;
      world.alarm = true;
      rung = world.now;
    };
    const tell = world.tell.bind(world);
    world.tell = (port, weights) => {
      if (weights["blue"] === 100) written = world.now;
      tell(port, weights);
    };
    const result = await world.upgrade({ config: { "eks-blue-green:rollout": JSON.stringify(rollout) } });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /alarm web-5xx rings/);
    back(world);
    assert.ok(rung > 0 && written - rung < 60_000, `${(written - rung) / 1000} s`);
    assert.ok(!world.told.some((one) => one.includes("green 50")), world.told.join("; "));
  });

  it("goes back though the old member's cluster is silent: weights need nothing of it", async () => {
    const world = new WeightedWorld();
    world.erring.add("green");
    world.listen = (event) => {
      const blue = world.clusters.get("blue");
      if (blue !== undefined && event.kind === "walk-back") blue.reachable = false;
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    back(world);
  });

  it("goes on wherever it is killed: before and after every effect, between two routes as well", async function () {
    this.timeout(600_000);
    const fresh = (): WeightedWorld => {
      const world = new WeightedWorld();
      // Long rests: fewer looks.
      world.paceMs = 25_000;
      return world;
    };
    const reference = fresh();
    await go(reference, [50, 100]);
    done(reference);
    const counts = new Map<string, number>();
    for (const call of reference.calls) counts.set(call, (counts.get(call) ?? 0) + 1);
    assert.deepEqual([counts.get("modify web"), counts.get("modify api")], [2, 2]);
    for (const [call, times] of counts) {
      for (let nth = 1; nth <= times; nth += 1) {
        for (const kind of ["before", "after"] as const) {
          const world = fresh();
          world.fault = { call, nth, kind, error: () => new Killed() };
          await assert.rejects(go(world, [50, 100]), Killed, `${kind} ${call} ${nth}`);
          world.fault = null;
          if (kind === "after" && call === "writeRecord" && nth === times) continue;
          const result = await go(world, [50, 100]);
          assert.equal(result.outcome, "done", `killed ${kind} ${call} ${nth}: ${result.message}`);
          done(world);
          unharmed(world);
          for (const vector of vectorsOf(world, "web"))
            assert.ok(["blue 50, green 50", "blue 0, green 100"].includes(vector), `${call} ${nth}: ${vector}`);
        }
      }
    }
  });

  it("goes back wherever it is killed on the way back", async function () {
    this.timeout(600_000);
    const fresh = (): WeightedWorld => {
      const world = new WeightedWorld();
      world.paceMs = 10_000;
      world.erring.add("green");
      return world;
    };
    const reference = fresh();
    await go(reference, [50, 100]);
    back(reference);
    const from = reference.calls.lastIndexOf("modify web");
    assert.ok(from > reference.calls.indexOf("modify web"), "there and back again");
    for (let at = reference.calls.indexOf("modify web"); at < reference.calls.length - 1; at += 1) {
      const call = reference.calls[at] ?? "";
      const nth = reference.calls.slice(0, at + 1).filter((one) => one === call).length;
      const world = fresh();
      world.fault = { call, nth, kind: "after", error: () => new Killed() };
      await assert.rejects(go(world, [50, 100]), Killed, `${call} ${nth}`);
      world.fault = null;
      await go(world, [50, 100]);
      back(world);
    }
  });

  const failing = (message: string): DriverError => new DriverError("EBG-UPDATE-FAILED", message, "again");

  it("writes the same weights again when AWS throttled one of two routes, or an answer was lost", async () => {
    for (const kind of ["before", "after"] as const)
      for (const port of ports) {
        const world = new WeightedWorld();
        world.fault = { call: `modify ${port}`, nth: 1, kind, error: () => failing("Throttling") };
        const result = await go(world, [50, 100]);
        assert.equal(result.outcome, "done", `${kind} ${port}: ${result.message}`);
        done(world);
        unharmed(world);
        assert.deepEqual(new Set(vectorsOf(world, port)), new Set(["blue 50, green 50", "blue 0, green 100"]));
      }
  });

  it("goes back to the vector of before when a rule can't be changed: none stays half-way", async () => {
    const world = new WeightedWorld();
    world.modify = (port) => {
      if (port === "api" && world.record.rollout?.direction === "forward") throw failing("TooManyRequests");
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /shift blue, green, after \d+ attempts/);
    back(world);
    unharmed(world);
    assert.deepEqual(vectorsOf(world, "web"), ["blue 90, green 10", "blue 100, green 0"]);
    assert.deepEqual(vectorsOf(world, "api"), []);
  });

  it("puts back what somebody changes while it holds, and begins the hold anew", async () => {
    const world = new WeightedWorld();
    let meddled = false;
    world.listen = (event) => {
      if (meddled || event.kind !== "gate" || !/green 10 %.*may still route/.test(event.message)) return;
      meddled = true;
      world.tell("web", { blue: 20, green: 80 });
    };
    const result = await go(world);
    assert.equal(result.outcome, "done", result.message);
    done(world);
    unharmed(world);
    assert.deepEqual(vectorsOf(world, "web").slice(0, 3), [
      "blue 90, green 10",
      "blue 20, green 80",
      "blue 90, green 10",
    ]);
    const notes = world.events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
    assert.ok(notes.some((note) => note.includes("writing the weights once more: 'web' has blue 20, green 80")));
  });

  it("gives up, back to where it was, when somebody changes a rule again and again", async () => {
    const world = new WeightedWorld();
    world.watch = () => {
      const { intent, rollout } = world.record;
      if (intent?.move.kind === "shift" && rollout?.direction === "forward" && world.routes.api.api["green"] === 10)
        world.tell("api", { blue: 100, green: 0 });
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /AWS does not have the weights yet: 'api' has blue 100, green 0/);
    back(world);
  });

  it("stops before a shift when AWS has other weights than the record, and goes on when they are put back", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && event.step.why.includes("10 %"))
        world.tell("api", { blue: 70, green: 30 });
    };
    const result = await go(world);
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-DRIFT"], result.message);
    assert.match(result.message, /'api' has blue 70, green 30 instead of blue 90, green 10. Nothing was shifted/);
    assert.match(result.remedy ?? "", /pulumi up --refresh --stack dev; then go on with: eks-blue-green upgrade/);
    assert.equal(world.record.intent, null);
    assert.deepEqual(vectorsOf(world, "web"), ["blue 90, green 10"]);
    world.listen = () => undefined;
    world.tell("api", { blue: 90, green: 10 });
    assert.equal((await go(world)).outcome, "done");
    done(world);
  });

  it("waits for weights that AWS does not tell for a while, and stops when it stays so", async () => {
    const world = new WeightedWorld();
    world.weightsUntold = () => Math.floor(world.now / 60_000) % 2 === 0;
    const result = await go(world);
    assert.equal(result.outcome, "done", result.message);
    unharmed(world);
    const silent = new WeightedWorld();
    silent.weightsUntold = () => true;
    const stopped = await go(silent);
    assert.deepEqual([stopped.outcome, stopped.code], ["stopped", "EBG-AWS"], stopped.message);
    assert.match(stopped.message, /AWS did not tell the weights of the members' target groups/);
    assert.deepEqual(silent.told, []);
  });

  it("does nothing more when another driver has moved on between the plan and the update", async () => {
    const world = new WeightedWorld();
    world.fault = {
      call: "apply",
      nth: 3,
      kind: "before",
      error: () => {
        world.record = { ...world.record, revision: world.record.revision + 1 };
        return new DriverError("EBG-FENCED", "moved on", "status");
      },
    };
    await assert.rejects(go(world), { code: "EBG-FENCED" });
    assert.deepEqual(world.told, []);
    assert.equal(world.calls.at(-1), "apply");
  });

  it("withdraws a shift whose plan has more in it, before anything is changed", async () => {
    const world = new WeightedWorld();
    world.watch = () => {
      const shifts = world.record.intent?.move.kind === "shift";
      world.extraOperations = shifts
        ? [{ operation: "update", type: "aws:lb/listener:Listener", urn: "u::web", paths: ["sslPolicy"], custom: true }]
        : [];
    };
    const result = await go(world);
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-PLAN-REFUSED"], result.message);
    assert.equal(world.record.intent, null);
    assert.deepEqual(world.told, []);
  });

  it("does not give a member requests whose targets are not all healthy: it waits, then goes back", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit")
        world.sickPods.add("10.42.2.1:8080");
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /green can take more: .*10\.42\.2\.1:8080 is unhealthy/);
    assert.deepEqual(world.told, []);
    unharmed(world);
  });

  it("does not empty a member while those that stay are too few", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && event.step.why.includes("50 %"))
        world.autoscaler.set("green", 1);
    };
    const result = await go(world);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /enough stays without blue/);
    assert.ok(!world.told.some((one) => one.includes("green 100")), world.told.join("; "));
    unharmed(world);
  });

  it("drains nobody to whom AWS still gives requests", async () => {
    const world = new WeightedWorld();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && event.step.why.includes("100 %"))
        world.tell("web", { blue: 5, green: 100 });
    };
    const result = await go(world);
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-DRIFT"], result.message);
    assert.match(result.message, /blue is not drained: .*\(5 in 'web'\)/);
    assert.ok(world.clusters.get("blue")?.bound);
    unharmed(world);
  });
});
