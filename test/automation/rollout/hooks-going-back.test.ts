import assert from "node:assert/strict";
import { wayOf } from "../../../automation/rollout/hooks";
import { DriverError } from "../../../automation/errors";
import type { MemberOutputs } from "../../../stacks/contract";
import { Killed, World, type Fault } from "../world";

const hook = (name: string, at: string) => ({ name, at, command: [`./${name}.sh`] });
const withHooks = (hooks: readonly object[], more: object = {}) => ({
  "eks-blue-green:hooks": JSON.stringify(hooks),
  "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", bakeSeconds: 300, ...more }),
});
const all = [
  hook("register", "after-provision"),
  hook("sync", "before-admit"),
  hook("tell", "after-drain"),
  hook("leave", "before-retire"),
];
const settings = withHooks(all);
const rollback = { name: "rollback", member: null, percent: null } as const;

const ran = (world: World): string[] =>
  world.hooked.map(({ facts: { name, at, member } }) => `${name} ${at} ${member}`);
const findings = (world: World): string[] =>
  world.events.flatMap((event) => (event.kind === "finding" && event.code === "EBG-HOOK" ? [event.message] : []));
const fails = () => ({ kind: "failed", why: "it ended with 1" }) as const;

/** The record can't be read once, when a move of that kind begins. */
class Unread extends World {
  private unread = false;
  at: string | null = null;
  constructor() {
    super();
    this.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "move" && event.step.kind === this.at) {
        this.unread = true;
        this.at = null;
      }
    };
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const readEnvironment: typeof own.pulumi.readEnvironment = async () => {
      if (!this.unread) return await own.pulumi.readEnvironment();
      this.unread = false;
      throw new DriverError("EBG-AWS", "the backend does not answer", "try again");
    };
    return { ...own, pulumi: { ...own.pulumi, readEnvironment } };
  }
}

/** An upgrade that is killed in the middle of a move. */
async function killed(world: World, fault: Omit<Fault, "error">, config = settings): Promise<void> {
  world.fault = { ...fault, error: () => new Killed() };
  await assert.rejects(world.upgrade({ config }), Killed);
  world.fault = null;
  world.hooked.length = 0;
}
const inDrain = { call: "unprotectBindings", nth: 1, kind: "before" } as const;
const madeNotReady = { call: "apply", nth: 1, kind: "after" } as const;

describe("hooks of moves that turn around", () => {
  it("are run for the member that comes back from a drain that was begun", async () => {
    const world = new World();
    await killed(world, inDrain);
    assert.equal(world.record.intent?.move.kind, "drain");
    const back = await world.run(rollback, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.deepEqual(ran(world), ["sync before-admit blue", "tell after-drain green"]);
    assert.equal(world.failingMs, 0);
  });

  it("are run once for a move that goes forward, also when another driver takes it over", async () => {
    const world = new World();
    await killed(world, { call: "apply", nth: 2, kind: "before" });
    assert.equal(world.record.intent?.move.kind, "admit");
    assert.equal((await world.upgrade({ config: settings })).outcome, "done");
    assert.deepEqual(ran(world), ["tell after-drain blue", "leave before-retire blue"]);
  });

  it("are run for a half-made member before it is destroyed, and stop its end when they fail", async () => {
    const world = new World();
    await killed(world, madeNotReady);
    world.hook = fails;
    const stopped = await world.run(rollback, { config: settings });
    assert.deepEqual([stopped.outcome, stopped.code], ["stopped", "EBG-HOOK"], stopped.message);
    assert.ok(world.clusters.has("green"));
    world.hook = () => ({ kind: "done" });
    const back = await world.run(rollback, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.ok(!world.clusters.has("green"));
    assert.deepEqual(new Set(ran(world)), new Set(["leave before-retire green"]));
  });

  it("are not run for a member that does not answer, because it may be half destroyed", async () => {
    const world = new World();
    await killed(world, madeNotReady);
    world.clusters.get("green")!.reachable = false;
    world.hook = fails;
    const back = await world.run(rollback, { config: settings });
    assert.notEqual(back.code, "EBG-HOOK", back.message);
    assert.deepEqual(ran(world), []);
  });

  it("are followed by a look: one that was bound meanwhile is not destroyed", async () => {
    const world = new World();
    await killed(world, madeNotReady);
    world.hook = () => {
      world.clusters.get("green")!.bound = true;
      world.reconcile();
      return { kind: "done" };
    };
    const back = await world.run(rollback, { config: settings });
    assert.equal(back.outcome, "stopped", back.message);
    assert.ok(world.clusters.has("green"));
  });

  it("leave a half-made member whose pods are somebody else's to a person, where nobody is asked otherwise", async () => {
    class Theirs extends World {
      override outputs(name: string): MemberOutputs | null {
        const outputs = super.outputs(name);
        if (outputs === null) return null;
        const web = { ...outputs.services["web"]!, workload: "external" as const, deployment: null, selector: {} };
        return { ...outputs, services: { web } };
      }
      override ports(): ReturnType<World["ports"]> {
        const own = super.ports();
        const externalWorkload = async () => ({
          service: { selects: true, ports: [80] },
          pods: { total: 3, ready: 3 },
          images: ["sha256:1"],
          objects: [],
        });
        return { ...own, kubernetes: { ...own.kubernetes, externalWorkload } };
      }
    }
    const world = new Theirs();
    const automatic = {
      ...withHooks([hook("tell", "after-drain")], { retire: "automatic" }),
      "eks-blue-green:services": JSON.stringify([
        { name: "web", namespace: "web", workload: "external", port: 80, targetPort: 8080, servicePort: 80 },
      ]),
    };
    await killed(world, madeNotReady, automatic);
    const asked = await world.run(rollback, { config: automatic, approveRetire: false });
    assert.match(asked.message, /needs approval; 3 pods of Service web\/web still run there/);
    assert.ok(world.clusters.has("green"));
    const back = await world.run(rollback, { config: automatic, approveRetire: true });
    assert.equal(back.outcome, "done", back.message);
    assert.ok(!world.clusters.has("green"));
  });
});

describe("hooks that fail on the way back", () => {
  it("are named at the end of a rollback, so that nobody has to look for them", async () => {
    const world = new World();
    assert.equal((await world.upgrade({ config: settings, approveRetire: false })).outcome, "stopped");
    world.hook = fails;
    const back = await world.run(rollback, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    const byHand = "do by hand what these hooks stand for: sync (before-admit blue), tell (after-drain green)";
    assert.equal((back.remedy ?? "").split(byHand).length, 2, back.remedy ?? "no remedy");
  });

  it("are named at the end of a rollout that walked back by itself", async () => {
    const world = new World();
    world.hook = ({ facts }) => (facts.direction === "back" ? fails() : { kind: "done" });
    world.listen = (event) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "drain")
        if (event.step.member === "blue") world.alarm = true;
      if (event.kind === "walk-back") world.alarm = false;
    };
    const result = await world.upgrade({
      config: withHooks(all, { alarms: ["errors"] }),
    });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.remedy ?? "", /do by hand what these hooks stand for: sync \(before-admit blue\)/);
  });

  it("have one minute together: what it does not reach is skipped, and said", async () => {
    const hooks = withHooks(["first", "second", "third"].map((name) => hook(name, "before-admit")));
    const world = new World();
    assert.equal((await world.upgrade({ config: hooks, approveRetire: false })).outcome, "stopped");
    world.hooked.length = 0;
    world.hook = ({ timeoutMs }) => {
      world.now += Math.min(timeoutMs, 50_000);
      return fails();
    };
    const back = await world.run(rollback, { config: hooks });
    assert.equal(back.outcome, "done", back.message);
    assert.deepEqual(
      world.hooked.map(({ timeoutMs }) => timeoutMs),
      [60_000, 10_000],
    );
    assert.match(
      findings(world).join("\n"),
      /hook third \(before-admit blue\) was not run; .*60 s.*; traffic goes back/,
    );
    assert.match(back.remedy ?? "", /third \(before-admit blue\)/);
  });
});

describe("the record that can't be read before a hook", () => {
  it("is one attempt that failed on the way forward, and ends no run", async () => {
    const world = new Unread();
    world.at = "admit";
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.at, null);
    assert.equal(ran(world).length, all.length);
  });

  it("keeps no traffic from going back: the hook is skipped, and said", async () => {
    const world = new Unread();
    assert.equal((await world.upgrade({ config: settings, approveRetire: false })).outcome, "stopped");
    world.hooked.length = 0;
    world.at = "admit";
    const back = await world.run(rollback, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.deepEqual(ran(world), ["tell after-drain green"]);
    assert.match(
      findings(world).join("\n"),
      /^hook sync \(before-admit blue\) was not run; the record could not be read/,
    );
    assert.match(back.remedy ?? "", /do by hand what these hooks stand for: sync \(before-admit blue\)/);
  });

  it("and a system that refuses to run anything are failed attempts, not the end of the driver", async () => {
    const world = new World();
    world.hook = () => {
      throw Object.assign(new Error("spawn ENOMEM"), { errno: -12, code: "ENOMEM", syscall: "spawn" });
    };
    const result = await world.upgrade({ config: settings });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-HOOK"], result.message);
    assert.match(result.message, /failed 3 times; it could not be run: spawn ENOMEM/);
    assert.ok(world.record.rollout !== null);
  });
});

describe("the id of a hook's call", () => {
  it("is another one when a way back turns once more, and the same when it is resumed", () => {
    const first = { direction: "back", reason: "web fails" } as const;
    const again = { direction: "back", reason: "blue is sick", again: true } as const;
    const over = { direction: "back", reason: "blue is sick" } as const;
    assert.equal(new Set([first, again, over].map(wayOf)).size, 3);
    assert.equal(wayOf(first), wayOf({ ...first }));
    assert.match(wayOf(first), /^back-[0-9a-f]{8}$/);
    assert.equal(wayOf({ direction: "forward", reason: null }), "forward");
  });
});
