import assert from "node:assert/strict";
import { config, World } from "../world";

const rollout = JSON.parse(config["eks-blue-green:rollout"]) as object;
const service = (JSON.parse(config["eks-blue-green:services"]) as object[])[0];
const minute = 60_000;
const bound = (world: World, name: string): boolean => world.clusters.get(name)?.bound === true;

describe("the gate behind an admit", () => {
  it("walks back within a minute when requests fail, also when a target of the new member is not healthy", async () => {
    for (const sick of [[], ["10.42.2.3:8080"]]) {
      const world = new World();
      for (const id of sick) world.sickPods.add(id);
      world.watch = () => {
        if (bound(world, "green")) world.erring.add("green");
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "walked-back", result.message);
      assert.equal(world.record.placement["blue"]?.role, "active");
      assert.ok(world.failingMs < 2 * minute, `requests failed for ${world.failingMs / 1000} s`);
    }
  });

  it("walks back from a member whose pods crash one after the other while some requests fail", async () => {
    const world = new World();
    const pods = world.pods.bind(world);
    let since = 0;
    world.pods = (name) => {
      if (name !== "green" || !bound(world, "green")) return pods(name);
      since ||= world.now;
      // Each is up for a minute and away for half a minute.
      return pods(name).filter((_, index) => (world.now - since + index * 30_000) % 90_000 < minute);
    };
    world.fails = () => bound(world, "green") && since > 0 && world.now - since > 200_000;
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /requests to 'web' failed/);
    assert.ok(world.failingMs < 2 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });

  it("is passed while an autoscaler adds a pod every few minutes: those that came in are held, no others", async () => {
    const world = new World();
    let since = 0;
    world.watch = () => {
      if (!bound(world, "green")) return;
      since ||= world.now;
      world.autoscaler.set("green", Math.min(15, 3 + Math.floor((world.now - since) / (3 * minute))));
    };
    // A target is `initial` for most of the time until the next one comes.
    const state = world.state.bind(world);
    world.state = (id, target) => {
      const seen = state(id, target);
      return seen === "healthy" && target.member === "green" && world.now - target.since < 150_000 ? "initial" : seen;
    };
    const services = JSON.stringify([{ ...service, autoscaled: true }]);
    const result = await world.upgrade({ config: { "eks-blue-green:services": services } });
    assert.equal(result.outcome, "done", result.message);
    const admit = world.events.find(
      (event) => event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit",
    );
    assert.ok(
      admit?.kind === "step-finished" && admit.seconds > 300 && admit.seconds < 1200,
      "held once, and not longer",
    );
  });

  it("holds to the end when AWS does not tell the targets in single looks", async () => {
    const world = new World();
    let looks = 0;
    // One of forty looks, of five seconds each.
    world.untold = () => bound(world, "green") && bound(world, "blue") && ++looks % 40 === 0;
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    const admit = world.events.find(
      (event) => event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit",
    );
    assert.ok(admit?.kind === "step-finished" && admit.seconds < 900, "the hold did not begin anew");
  });

  it("holds anew when AWS did not tell the targets for minutes: nobody knows what was in between", async () => {
    const world = new World();
    let since = 0;
    world.untold = () => {
      if (bound(world, "green")) since ||= world.now;
      return since > 0 && world.now - since > 200_000 && world.now - since < 500_000;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    const admit = world.events.find(
      (event) => event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit",
    );
    assert.ok(admit?.kind === "step-finished" && admit.seconds > 780, "held for 300 s behind the silence");
  });

  /** Green fails some requests for 20 seconds, every so often: never as long as is tolerated. */
  const now = (world: World, everyMs: number, times: number): void => {
    let since = 0;
    world.watch = () => {
      if (bound(world, "green") && bound(world, "blue")) since ||= world.now;
      const at = world.now - since;
      const fails = since > 0 && at > 200_000 && at % everyMs < 20_000 && at / everyMs < times;
      if (fails) world.erring.add("green");
      else world.erring.delete("green");
    };
  };

  it("walks back when requests fail now and then, so that the hold begins anew again and again", async () => {
    const world = new World();
    now(world, 4 * minute, Number.POSITIVE_INFINITY);
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /began anew \d+ times/);
    assert.equal(world.clusters.get("blue")?.bound, true);
  });

  it("is passed when requests failed a few times", async () => {
    const world = new World();
    now(world, 4 * minute, 4);
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
  });

  it("walks back when requests fail though every fifth look at the targets is throttled", async () => {
    const world = new World();
    let looks = 0;
    world.untold = () => world.erring.has("green") && ++looks % 5 === 0;
    world.watch = () => {
      if (bound(world, "green")) world.erring.add("green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(world.failingMs < 2 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });
});

describe("the gate behind a drain", () => {
  it("waits for connections that drain as long as the config lets them, whatever the gate's timeout", async () => {
    const world = new World();
    world.drainSeconds = 3600;
    const services = JSON.stringify([{ ...service, deregistrationDelaySeconds: 3600 }]);
    const result = await world.upgrade({ config: { "eks-blue-green:services": services } });
    assert.equal(result.outcome, "done", result.message);
  });

  it("gives up on targets that drain for longer than the config lets them", async () => {
    const world = new World();
    world.drainSeconds = 40_000;
    const result = await world.upgrade();
    assert.notEqual(result.outcome, "done");
    assert.match(result.message, /still draining/);
  });

  it("walks back when requests fail though every fifth look at the targets is throttled", async () => {
    const world = new World();
    let looks = 0;
    world.untold = () => world.erring.has("green") && ++looks % 5 === 0;
    world.watch = () => {
      if (world.record.intent?.move.kind === "drain" && !bound(world, "blue")) world.erring.add("green");
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(world.failingMs < 10 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });
});

describe("the gate behind a growth", () => {
  it("walks back when requests fail before the new pods are ready", async () => {
    const world = new World();
    const inner = world.ports.bind(world);
    world.ports = () => {
      const ports = inner();
      return {
        ...ports,
        kubernetes: {
          ...ports.kubernetes,
          deployment: async (...args) => {
            const seen = await ports.kubernetes.deployment(...args);
            return seen === null || world.clusters.get("blue")?.percent === 100 ? seen : { ...seen, ready: 3 };
          },
        },
      };
    };
    world.watch = () => {
      if (world.clusters.get("blue")?.percent === 200) world.erring.add("blue");
      else world.erring.delete("blue");
    };
    const result = await world.run(
      { name: "scale", member: "blue", percent: 200 },
      { config: { "eks-blue-green:kubernetesVersion": "1.34" } },
    );
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(world.failingMs < 5 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });
});

describe("a bake", () => {
  it("judges requests and targets while CloudWatch does not tell its alarms", async () => {
    const world = new World();
    const baking = (): boolean => world.record.rollout?.done === 2 || world.erring.size > 0;
    world.alarmsUntold = () => bound(world, "green") && baking();
    world.watch = () => {
      if (bound(world, "green") && world.record.intent === null) world.erring.add("green");
    };
    const result = await world.upgrade({
      config: { "eks-blue-green:rollout": JSON.stringify({ ...rollout, alarms: ["web-5xx"] }) },
    });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(world.failingMs < 2 * minute, `requests failed for ${world.failingMs / 1000} s`);
  });
});
