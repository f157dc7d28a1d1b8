import assert from "node:assert/strict";
import { variablesOf } from "../../../automation/adapters/hooks/hook-runner";
import type { HookCall } from "../../../automation/ports/hooks";
import { config, Killed, World } from "../world";

const hook = (name: string, at: string, more: object = {}) => ({
  name,
  at,
  command: [`./${name}.sh`, "--wait"],
  ...more,
});
const all = [
  hook("register", "after-provision"),
  hook("sync", "before-admit"),
  hook("tell", "after-drain"),
  hook("leave", "before-retire"),
];
const withHooks = (hooks: readonly object[], more: Readonly<Record<string, unknown>> = {}) => ({
  "eks-blue-green:hooks": JSON.stringify(hooks),
  "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", bakeSeconds: 300, ...more }),
});
const settings = withHooks(all);

const variable = (world: World, name: string): string[] =>
  world.hooked.map(({ facts }) => variablesOf(facts)[`EKS_BLUE_GREEN_HOOK_${name}`] ?? "");
/** `sync before-admit green`. */
const ran = (world: World): string[] => {
  const [names, points, members] = [variable(world, "NAME"), variable(world, "AT"), variable(world, "MEMBER")];
  return names.map((name, index) => `${name} ${points[index]} ${members[index]}`);
};
const inOrder = [
  "register after-provision green",
  "sync before-admit green",
  "tell after-drain blue",
  "leave before-retire blue",
];
/** Steps and hooks as they were told, in the order in which they ended. */
const told = (world: World): string[] =>
  world.events.flatMap((event) =>
    event.kind === "hook" && event.status === "finished"
      ? [`hook ${event.hook}`]
      : event.kind === "step-finished" && event.step.type === "move"
        ? [`${event.step.kind} ${event.step.member}`]
        : [],
  );
const failing =
  (name: string) =>
  ({ facts }: Pick<HookCall, "facts">) =>
    facts.name === name
      ? ({ kind: "failed", why: "it ended with 1: no route to host" } as const)
      : ({ kind: "done" } as const);

describe("hooks of a rollout", () => {
  it("are run once each, around the moves that they name, for the member that is moved", async () => {
    const world = new World();
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(ran(world), inOrder);
    assert.deepEqual(
      told(world).filter((line) => !line.startsWith("scale")),
      [
        "hook register",
        "provision green",
        "hook sync",
        "admit green",
        "hook tell",
        "drain blue",
        "hook leave",
        "retire blue",
      ],
    );
    const [first] = world.hooked;
    assert.ok(first !== undefined);
    assert.deepEqual(first.action, { kind: "command", command: ["./register.sh", "--wait"] });
    assert.equal(first.timeoutMs, 300_000);
    const variables = variablesOf(first.facts);
    assert.deepEqual(variables, {
      EKS_BLUE_GREEN_HOOK_ID: first.facts.id,
      EKS_BLUE_GREEN_HOOK_NAME: "register",
      EKS_BLUE_GREEN_HOOK_AT: "after-provision",
      EKS_BLUE_GREEN_HOOK_ENVIRONMENT: "dev",
      EKS_BLUE_GREEN_HOOK_MEMBER: "green",
      EKS_BLUE_GREEN_HOOK_CLUSTER: "dev-green",
      EKS_BLUE_GREEN_HOOK_REGION: first.facts.region,
      EKS_BLUE_GREEN_HOOK_KUBERNETES_VERSION: "1.35",
      EKS_BLUE_GREEN_HOOK_COMMAND: "upgrade",
      EKS_BLUE_GREEN_HOOK_DIRECTION: "forward",
    });
    assert.equal(new Set(variable(world, "ID")).size, 4, "each has an id of its own");
    assert.equal(world.failingMs, 0);
  });

  it("are in the plan, at their steps, and nothing is without them", async () => {
    const world = new World();
    const { hooks = [], steps } = await world.plan({ ...config, ...settings });
    assert.deepEqual(
      hooks.map(({ name, at, step, command }) => {
        const of = steps[step];
        return `${name} ${at} ${of?.type === "move" ? `${of.kind} ${of.member}` : "?"} ${command.join(" ")}`;
      }),
      [
        "register after-provision provision green ./register.sh --wait",
        "sync before-admit admit green ./sync.sh --wait",
        "tell after-drain drain blue ./tell.sh --wait",
        "leave before-retire retire blue ./leave.sh --wait",
      ],
    );
    assert.equal((await world.plan(config)).hooks, undefined);
    assert.deepEqual(world.hooked, []);
  });

  it("are run again after a kill until what they stand for is written, under the same id, and none is left out", async function () {
    this.timeout(300_000);
    for (const kind of ["before", "after"] as const)
      for (let nth = 1; nth <= all.length; nth += 1) {
        const world = new World();
        world.fault = { call: "hook", nth, kind, error: () => new Killed() };
        await assert.rejects(world.upgrade({ config: settings }), Killed);
        world.fault = null;
        const result = await world.upgrade({ config: settings });
        assert.equal(result.outcome, "done", `killed ${kind} ${nth}: ${result.message}`);
        const twice = kind === "after" ? [...inOrder.slice(0, nth), ...inOrder.slice(nth - 1)] : inOrder;
        assert.deepEqual(ran(world), twice, `killed ${kind} ${nth}`);
        assert.equal(new Set(variable(world, "ID")).size, all.length, `killed ${kind} ${nth}`);
        assert.equal(world.failingMs, 0);
      }
  });

  it("are run for a rollout that is in the record, so that the same command goes on with it under the same id", async () => {
    const world = new World();
    const admit = { name: "admit", member: "green", percent: null } as const;
    const one = { ...settings, "eks-blue-green:kubernetesVersion": "1.34" };
    world.record = {
      ...world.record,
      placement: { ...world.record.placement, green: { role: "standby", version: "1.34", workload: "running" } },
    };
    world.clusters.set("green", world.member("1.34", false));
    world.now += 600_000;
    world.reconcile();
    world.fault = { call: "hook", nth: 1, kind: "after", error: () => new Killed() };
    await assert.rejects(world.run(admit, { config: one }), Killed);
    assert.equal(world.record.rollout?.command?.name, "admit");
    world.fault = null;
    world.now += 600_000;
    const result = await world.run(admit, { config: one });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(ran(world), ["sync before-admit green", "sync before-admit green"]);
    assert.equal(new Set(variable(world, "ID")).size, 1);
  });

  it("are not run by a driver that was overtaken", async () => {
    const world = new World();
    world.watch = () => {
      if (world.calls.at(-1) === "hook" && world.hooked.length === 1)
        world.record = { ...world.record, revision: world.record.revision + 1 };
    };
    world.hook = () => ({ kind: "failed", why: "it ended with 1" });
    await assert.rejects(world.upgrade({ config: settings }), { code: "EBG-FENCED" });
    assert.equal(world.hooked.length, 1, "no second attempt");
  });

  it("are tried three times before the rollout stops; nothing goes back, and the same command goes on", async () => {
    for (const { name, at } of all) {
      const world = new World();
      world.hook = failing(name);
      const result = await world.upgrade({ config: settings });
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-HOOK"], result.message);
      assert.match(
        result.message,
        new RegExp(`^hook ${name} \\(${at} \\w+\\) failed 3 times; it ended with 1: no route`),
      );
      assert.match(result.remedy ?? "", /Pulumi\.dev\.yaml\), then go on with: eks-blue-green upgrade --stack dev$/);
      assert.equal(ran(world).filter((line) => line.startsWith(name)).length, 3);
      assert.equal(world.record.rollout?.direction, "forward");
      assert.equal(world.failingMs, 0);
      world.hook = () => ({ kind: "done" });
      const again = await world.upgrade({ config: settings });
      assert.equal(again.outcome, "done", `${name}: ${again.message}`);
      assert.equal(world.failingMs, 0);
    }
  });

  it("pass when a later attempt does", async () => {
    const world = new World();
    let failures = 2;
    world.hook = () => (failures-- > 0 ? { kind: "failed", why: "it ended with 75" } : { kind: "done" });
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(ran(world).length, all.length + 2);
    assert.deepEqual(
      world.events.flatMap((event) => (event.kind === "hook" && event.hook === "register" ? [event.status] : [])),
      ["started", "failed", "started", "failed", "started", "finished"],
    );
  });

  it("whose programs are not there keep a rollout from beginning, and not one that is under way", async () => {
    const world = new World();
    world.noPrograms.add("./leave.sh");
    await assert.rejects(world.upgrade({ config: settings }), {
      code: "EBG-PREFLIGHT",
      message: "hook leave (before-retire) can't be run: it is not there",
      remedy: /the project's folder.*or correct hooks\[\]\.command$/,
    });
    assert.equal(world.record.rollout, null);
    assert.deepEqual(world.hooked, []);
    // A move that it has nothing to do with.
    const admit = { name: "admit", member: "green", percent: null } as const;
    const one = { ...settings, "eks-blue-green:kubernetesVersion": "1.34" };
    world.hook = failing("sync");
    world.noPrograms.clear();
    assert.equal((await world.run(admit, { config: one })).code, "EBG-HOOK");
    world.noPrograms.add("./sync.sh");
    world.hook = () => ({ kind: "done" });
    const on = await world.run(admit, { config: one });
    assert.equal(on.outcome, "done", on.message);
    assert.ok(world.events.some((event) => event.kind === "finding" && /hook sync/.test(event.message)));
  });

  it("that were taken out of the config are not missed: a rollout that they stopped goes on without", async () => {
    const world = new World();
    world.hook = failing("sync");
    assert.equal((await world.upgrade({ config: settings })).outcome, "stopped");
    const result = await world.upgrade({ config: withHooks(all.filter(({ name }) => name !== "sync")) });
    assert.equal(result.outcome, "done", result.message);
  });

  it("keep no traffic from going back: what failed is said, and done by hand", async () => {
    const world = new World();
    assert.equal((await world.upgrade({ config: settings, approveRetire: false })).outcome, "stopped");
    world.hook = () => ({ kind: "failed", why: "it ended with 1" });
    const back = await world.run({ name: "rollback", member: null, percent: null }, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.role, "active");
    const said = world.events.flatMap((event) =>
      event.kind === "finding" && event.code === "EBG-HOOK" ? [event.message] : [],
    );
    assert.match(
      said.join("\n"),
      /hook sync \(before-admit blue\) failed; it ended with 1; traffic goes back without it/,
    );
    assert.match(said.join("\n"), /hook tell \(after-drain green\) failed;/);
    // Clients may be failing meanwhile: one attempt, of a minute at most.
    assert.deepEqual(
      world.hooked.slice(3).map(({ timeoutMs }) => timeoutMs),
      [60_000, 60_000],
    );
    assert.equal(world.failingMs, 0);
  });

  it("leave no dead end where they stop a rollout: it can be turned around from there", async () => {
    for (const { name } of all) {
      const world = new World();
      world.hook = failing(name);
      assert.equal((await world.upgrade({ config: settings })).code, "EBG-HOOK");
      const back = await world.run({ name: "rollback", member: null, percent: null }, { config: settings });
      assert.equal(back.outcome, "done", `${name}: ${back.message}`);
      assert.equal(world.record.placement["blue"]?.role, "active", name);
      assert.equal(world.failingMs, 0);
    }
  });

  it("are run before a member is destroyed only when that is approved", async () => {
    const world = new World();
    const asked = await world.upgrade({ config: settings, approveRetire: false });
    assert.equal(asked.code, "EBG-STOPPED", asked.message);
    assert.deepEqual(ran(world), inOrder.slice(0, 3));
    assert.equal((await world.upgrade({ config: settings, approveRetire: true })).outcome, "done");
    assert.deepEqual(ran(world), inOrder);
  });

  it("destroy nothing that came back into traffic while they ran", async () => {
    const world = new World();
    world.hook = ({ facts }) => {
      if (facts.name === "leave") {
        const blue = world.clusters.get("blue");
        assert.ok(blue);
        blue.bound = true;
        world.reconcile();
        world.now += 600_000;
        world.reconcile();
      }
      return { kind: "done" };
    };
    const result = await world.upgrade({ config: withHooks(all, { retire: "automatic" }) });
    assert.equal(result.outcome, "stopped", result.message);
    assert.ok(world.clusters.has("blue"));
    assert.equal(world.failingMs, 0);
  });
});
