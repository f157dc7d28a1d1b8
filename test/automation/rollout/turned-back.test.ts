/** Ways back that lead to a member that is no better: asked for, or turned again. */
import assert from "node:assert/strict";
import type { RolloutCommand } from "../../../stacks/record";
import { World } from "../world";

const minute = 60_000;
const rollback: RolloutCommand = { name: "rollback", member: null, percent: null };
const bound = (world: World, name: string): boolean => world.clusters.get(name)?.bound === true;
const role = (world: World, name: string) => world.record.placement[name]?.role;
const atRest = (world: World): void => {
  assert.equal(world.record.rollout, null);
  assert.equal(world.record.intent, null);
};

describe("a rollback of a member that errs as it comes in again, upgraded in place", () => {
  /** Stopped in the gate behind blue's admit, when it is healthy. */
  async function admitted(world: World): Promise<void> {
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "gate" && event.gate === "blue serves" && event.reason === "hold") stop.abort();
    };
    const stopped = await world.upgrade({ stop: stop.signal });
    assert.equal(stopped.outcome, "stopped", stopped.message);
    world.listen = () => undefined;
    world.failingMs = 0;
  }
  const out = (world: World, result: { readonly outcome: string; readonly message: string }): void => {
    assert.equal(role(world, "blue"), "standby", result.message);
    assert.equal(role(world, "green"), "active");
    atRest(world);
    assert.equal(world.fails(), false);
    assert.ok(world.failingMs < 10 * minute, `requests failed for ${world.failingMs / 1000} s`);
  };

  it("takes it out when requests fail already", async () => {
    const world = new World("cycle");
    await admitted(world);
    world.erring.add("blue");
    world.now += 4 * minute;
    const result = await world.run(rollback);
    assert.equal(result.outcome, "done", result.message);
    out(world, result);
  });

  it("takes it out when they begin to fail only then, and says that this is not what was asked for", async () => {
    const world = new World("cycle");
    await admitted(world);
    world.watch = () => {
      if (world.record.rollout?.direction === "back") world.erring.add("blue");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "walked-back", result.message);
    out(world, result);
  });

  it("takes it out when they begin to fail while the others get smaller again", async () => {
    const world = new World("cycle");
    await admitted(world);
    world.watch = () => {
      const { rollout: way, intent } = world.record;
      if (way?.direction === "back" && intent?.move.kind === "scale") world.erring.add("blue");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "walked-back", result.message);
    out(world, result);
  });
});

describe("a rollback while some requests still go to the old member that has left, and errs", () => {
  it("never takes the new one out: more requests fail with the old one than before it came in again", async () => {
    class Trailing extends World {
      override failingShare(): number {
        const draining = [...this.targets.values()].some(
          ({ member, drainingSince }) => drainingSince !== null && this.erring.has(member),
        );
        return Math.max(super.failingShare(), draining ? 0.1 : 0);
      }
    }
    const world = new Trailing();
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "gate" && event.gate === "blue is out") stop.abort();
    };
    assert.equal((await world.upgrade({ stop: stop.signal })).outcome, "stopped");
    world.listen = () => undefined;
    world.erring.add("blue");
    let stayed = true;
    world.watch = () => {
      stayed &&= bound(world, "green");
    };
    const result = await world.run(rollback);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
    assert.ok(stayed, "green left traffic");
    atRest(world);
    assert.equal((await world.upgrade()).outcome, "done");
  });
});

describe("a way back that turned again, to a new member that stays sick", () => {
  it("ends with the old one as soon as that one is well again, by the same command", async () => {
    const world = new World();
    const sick = (name: string, is: boolean): void => void Object.assign(world.clusters.get(name) ?? {}, { sick: is });
    world.watch = () => {
      const { rollout: way, intent } = world.record;
      if (way?.direction === "forward" && intent === null && way.steps[way.done]?.type === "bake") sick("green", true);
      if (way?.direction === "back" && !bound(world, "green") && way.again !== true) sick("blue", true);
    };
    const both = await world.upgrade();
    assert.equal(both.outcome, "failed", both.message);
    assert.equal(world.record.rollout?.again, true);
    world.watch = () => undefined;
    sick("blue", false);
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
    atRest(world);
    assert.equal(world.fails(), false);
  });
});

describe("a way back in a cycle of three that takes out the wrong one", () => {
  it("ends, and says that requests fail still, though their share comes and goes: a person can take out another", async () => {
    class Uneven extends World {
      private asked = 0;
      override failingShare(): number {
        const share = super.failingShare();
        if (this.record.rollout?.direction !== "back") return share;
        this.asked += 1;
        return share === 0 ? 0 : Math.min(1, Math.max(0.1, share + (this.asked % 2 === 0 ? 0.25 : -0.25)));
      }
    }
    const world = new Uneven("cycle", ["blue", "green", "red"]);
    let since = 0;
    world.watch = () => {
      if (!bound(world, "blue") && world.clusters.get("blue")?.version === "1.35") since ||= world.now;
      if (since > 0 && bound(world, "blue")) world.erring.add("green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /requests failed before, and still do/);
    atRest(world);
    assert.deepEqual([role(world, "blue"), role(world, "green"), role(world, "red")], ["standby", "active", "active"]);
    assert.ok(world.failingMs < 15 * minute, `it took ${world.failingMs / 1000} s`);
    const admitted = await world.run({ name: "admit", member: "blue", percent: null });
    assert.deepEqual([admitted.outcome, admitted.code], ["done", "EBG-GATE"], admitted.message);
    assert.match(
      admitted.remedy ?? "",
      /^if green answers with errors, take it out: eks-blue-green drain green --stack dev; if red /,
    );
    const again = await world.run({ name: "admit", member: "blue", percent: null });
    assert.deepEqual([again.outcome, again.code], ["nothing-to-do", "EBG-GATE"], again.message);
    assert.match(
      again.remedy ?? "",
      /^if green answers with errors, take it out: eks-blue-green drain green --stack dev; if red /,
    );
    assert.equal((await world.run({ name: "drain", member: "green", percent: null })).outcome, "done");
    assert.equal(world.fails(), false);
  });
});
