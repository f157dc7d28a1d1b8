/** Which of two members it is that fails: the one that comes in, or the one that was there. */
import assert from "node:assert/strict";
import type { DriverError } from "../../../automation/errors";
import type { DriverEventBody } from "../../../automation/events";
import { startRollout, type Step } from "../../../stacks/record";
import { config, Killed, World } from "../world";

const minute = 60_000;
const bound = (world: World, name: string): boolean => world.clusters.get(name)?.bound === true;
const role = (world: World, name: string) => world.record.placement[name]?.role;

describe("a way back by itself that took out the wrong one", () => {
  for (const [how, befall] of Object.entries<(world: World) => void>({
    "begins to answer with errors": (world) => void world.erring.add("blue"),
    "gets sick": ({ clusters }) => void Object.assign(clusters.get("blue") ?? {}, { sick: true }),
  }))
    it(`takes it in again as soon as nothing answers, when the old one ${how} while the new one comes in`, async () => {
      const world = new World();
      let since: number | null = null;
      world.watch = () => {
        if (!bound(world, "green") || world.erring.has("blue")) return;
        since ??= world.now;
        if (world.now - since > 200_000) befall(world);
      };
      const result = await world.upgrade();
      assert.match(result.outcome, /walked-back|done/, result.message);
      assert.equal(role(world, "green"), "active");
      assert.equal(world.fails(), false);
      assert.ok(world.failingMs < 25 * minute, `requests failed for ${world.failingMs / 1000} s`);
    });
});

/** The load balancer sends some requests to a member that is out. */
class Trailing extends World {
  override failingShare(): number {
    const draining = [...this.targets.values()].some(
      ({ member, drainingSince }) => drainingSince !== null && this.erring.has(member),
    );
    return Math.max(super.failingShare(), draining ? 0.1 : 0);
  }
}

describe("an old member that begins to err while it leaves", () => {
  it("is taken out again, and the new one stays: all was answered until the old one was back", async () => {
    const world = new Trailing();
    let stayed = true;
    world.watch = () => {
      if (bound(world, "green") && !bound(world, "blue")) world.erring.add("blue");
      if (world.erring.size > 0) stayed &&= bound(world, "green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual([role(world, "blue"), role(world, "green")], ["standby", "active"]);
    assert.ok(stayed, "green left traffic");
    assert.equal(world.fails(), false);
  });
});

describe("an old member that errs before the new one comes in", () => {
  it("is left for the new one, which is not blamed for it", async () => {
    const world = new World();
    let left = false;
    world.watch = () => {
      if (world.record.intent?.move.kind === "provision") world.erring.add("blue");
      left ||= world.record.rollout?.direction === "back";
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.equal(role(world, "green"), "active");
    assert.equal(left, false, "it turned back");
    assert.equal(world.fails(), false);
  });

  /** Where the first run ends. */
  const phases: Readonly<Record<string, (event: DriverEventBody) => boolean>> = {
    "in the gate of the admit": (event) => event.kind === "gate" && event.reason === "initial",
    "in the bake": (event) => event.kind === "gate" && event.reason === "bake",
  };
  const steps = (world: World): string[] =>
    world.events.flatMap((event) =>
      event.kind === "step-started" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
  const errsFromProvision = (world: World): void => {
    world.watch = () => {
      if (world.record.intent?.move.kind === "provision") world.erring.add("blue");
    };
  };
  const curedBy = (world: World, result: { readonly outcome: string; readonly message: string }): void => {
    assert.equal(result.outcome, "done", result.message);
    assert.equal(role(world, "green"), "active");
    assert.equal(
      world.events.some(({ kind }) => kind === "walk-back"),
      false,
      "it turned back",
    );
    assert.equal(world.fails(), false);
    assert.equal(world.record.rollout, null);
  };

  for (const [where, isThere] of Object.entries(phases)) {
    it(`is left for the new one also when the run is stopped ${where} and begun again`, async () => {
      const world = new World();
      errsFromProvision(world);
      const stop = new AbortController();
      world.listen = (event) => {
        if (isThere(event)) stop.abort();
      };
      const stopped = await world.upgrade({ stop: stop.signal });
      assert.deepEqual([stopped.outcome, stopped.code], ["stopped", "EBG-STOPPED"], stopped.message);
      assert.deepEqual(Object.keys(world.record.rollout?.failingBefore ?? {}), ["web"]);
      world.events = [];
      curedBy(world, await world.upgrade());
    });

    it(`is left for the new one also when the driver is killed ${where} and another one goes on`, async () => {
      const world = new World();
      errsFromProvision(world);
      let dead = false;
      world.listen = (event) => {
        if (dead || !isThere(event)) return;
        dead = true;
        throw new Killed();
      };
      await assert.rejects(world.upgrade(), Killed);
      world.now += 20 * minute;
      world.reconcile();
      world.events = [];
      curedBy(world, await world.upgrade());
    });
  }

  it("is left for the new one also when something gets larger between the admit and the bake", async () => {
    const world = new World();
    const planned = (await world.plan(config)).steps.flatMap((step): Step[] => {
      if (step.type !== "move" || step.kind !== "admit") return [step];
      const from = step.to;
      return [step, { type: "move", kind: "scale", member: "green", from, to: { ...from, capacityPercent: 150 } }];
    });
    world.record = startRollout(world.record, {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      steps: planned,
      startedAt: "2026-01-01T00:00:00Z",
    });
    errsFromProvision(world);
    curedBy(world, await world.upgrade());
    assert.deepEqual(steps(world).slice(0, 4), ["provision green", "admit green", "scale green", "drain blue"]);
  });

  const stoppedWhen = async (world: World, isThere: (event: DriverEventBody) => boolean): Promise<void> => {
    errsFromProvision(world);
    const stop = new AbortController();
    world.listen = (event) => {
      if (isThere(event)) stop.abort();
    };
    const stopped = await world.upgrade({ stop: stop.signal });
    assert.equal(stopped.outcome, "stopped", stopped.message);
    world.watch = () => undefined;
  };
  const rollback = { name: "rollback", member: null, percent: null } as const;
  for (const [where, isThere] of Object.entries<(event: DriverEventBody) => boolean>({
    ...phases,
    "behind the old one's drain": (event) => event.kind === "gate" && event.gate === "blue is out",
  })) {
    it(`is not gone back to while requests fail, also when somebody asks for it ${where}`, async () => {
      const world = new Trailing();
      await stoppedWhen(world, isThere);
      await assert.rejects(world.run(rollback), (error: DriverError) => {
        assert.equal(error.code, "EBG-PLAN-IMPOSSIBLE");
        assert.match(error.message, /before green came in not one request to 'web' was answered, and some fail still/);
        assert.match(error.remedy, /finish it with what serves: eks-blue-green upgrade/);
        return true;
      });
      assert.equal(bound(world, "green"), true);
      curedBy(world, await world.upgrade());
    });

    it(`is gone back to when it has been mended, by who asks for it ${where}`, async () => {
      const world = new Trailing();
      await stoppedWhen(world, isThere);
      world.erring.clear();
      const result = await world.run(rollback);
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual([role(world, "blue"), role(world, "green")], ["active", "standby"]);
    });
  }

  it("is gone back to when the new one errs alone, once the old one has left", async () => {
    const world = new World();
    world.watch = () => {
      if (world.record.intent?.move.kind === "provision") world.erring.add("blue");
      if (bound(world, "green")) world.erring.delete("blue");
      if (bound(world, "green") && !bound(world, "blue")) world.erring.add("green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(role(world, "blue"), "active");
    assert.equal(world.fails(), false);
  });

  it("is named together with who stands by when an upgrade is refused for it", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    await world.run({ name: "rollback", member: null, percent: null });
    world.erring.add("blue");
    await assert.rejects(world.run(null, { retryVersion: true }), (error: DriverError) => {
      assert.match(error.message, /requests to 'web' failed/);
      assert.match(error.remedy, /bring in who stands by: eks-blue-green admit green/);
      return true;
    });
  });
});
