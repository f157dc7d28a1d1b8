import assert from "node:assert/strict";
import type { MemberOutputs } from "../../../stacks/contract";
import type { ExternalWorkload } from "../../../automation/ports/external-workload";
import { config, World } from "../world";

const external = {
  "eks-blue-green:services": JSON.stringify([
    { name: "web", namespace: "web", workload: "external", port: 80, targetPort: 8080, servicePort: 80 },
  ]),
};
const any = {
  "eks-blue-green:services": external["eks-blue-green:services"].replace(
    '"port"',
    '"external":{"images":"any"},"port"',
  ),
};
const short = { strategy: "replace", bakeSeconds: 300, gateTimeoutSeconds: 600 };
const settings = { ...external, "eks-blue-green:rollout": JSON.stringify(short) };

/** Somebody else deploys `web`: to blue from the start, to others when told. Nothing here may scale it. */
class Theirs extends World {
  /** Image that runs, by member; none: nothing is deployed there. */
  readonly images = new Map<string, string>([["blue", "sha256:1"]]);
  /** Of those, members whose pods are not ready. */
  readonly unready = new Set<string>();

  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) return null;
    const web = { ...outputs.services["web"]!, workload: "external" as const, deployment: null, selector: {} };
    return { ...outputs, services: { web } };
  }
  override pods(name: string): string[] {
    // The world begins before this class has any field.
    const begun = (this.images as Map<string, string> | undefined) !== undefined;
    return !begun || (this.images.has(name) && !this.unready.has(name)) ? super.pods(name) : [];
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const never = (): never => {
      throw new Error("a workload of somebody else's was asked for as if it was ours");
    };
    const read = async ({ member }: MemberOutputs): Promise<ExternalWorkload> => {
      const image = this.images.get(member);
      const total = image === undefined ? 0 : 3;
      return {
        service: image === undefined ? null : { selects: true, ports: [80] },
        pods: { total, ready: this.unready.has(member) ? 0 : total },
        images: image === undefined ? [] : [image],
        objects: [],
      };
    };
    return { ...own, kubernetes: { ...own.kubernetes, deployment: never, pods: never, externalWorkload: read } };
  }
  told(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "gate" && event.gate.startsWith("external workloads") ? [`${event.status} ${event.reason}`] : [],
    );
  }
  moves(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
  }
}

describe("an upgrade whose workloads somebody else deploys", () => {
  it("waits for them on the new member, goes on once they are there, and stops nothing on the old one", async () => {
    const world = new Theirs();
    world.listen = (event) => {
      if (event.kind === "gate" && event.reason === "external") world.images.set("green", "sha256:1");
    };
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.moves(), ["provision green", "admit green", "drain blue", "retire blue"]);
    assert.deepEqual(world.told(), ["waiting external", "passed passed"]);
    assert.equal(world.failingMs, 0);
  });

  it("is told of before it begins: the plan names what it waits for, and stops nothing", async () => {
    const world = new Theirs();
    const values = { ...config, ...settings };
    const { steps, waitsForExternal } = await world.plan(values);
    assert.deepEqual(waitsForExternal, ["web"]);
    const moves = steps.flatMap((step) => (step.type === "move" ? [`${step.kind} ${step.member}`] : []));
    assert.deepEqual(moves, ["provision green", "admit green", "drain blue", "retire blue"]);
    assert.equal((await world.plan(config)).waitsForExternal, undefined);
  });

  it("ends as a stop when they don't come, says what is missing, and the same command goes on", async () => {
    const world = new Theirs();
    const result = await world.upgrade({ config: settings });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"]);
    assert.match(result.message, /green is not let in yet: .*Service web\/web is not on green/);
    assert.match(
      result.remedy ?? "",
      /deploy what is missing on green .*go on with: eks-blue-green upgrade --stack dev/,
    );
    assert.equal(world.record.intent, null, "nothing was begun");
    assert.equal(world.record.placement["green"]?.role, "standby");
    world.images.set("green", "sha256:1");
    const again = await world.upgrade({ config: settings });
    assert.equal(again.outcome, "done", again.message);
    assert.equal(world.failingMs, 0);
  });

  it("is given up while it waits when the config is set back: the new member goes, and nothing is stopped", async () => {
    const world = new Theirs();
    await world.upgrade({ config: settings });
    const back = await world.upgrade({ config: { ...settings, "eks-blue-green:kubernetesVersion": "1.34" } });
    assert.equal(back.outcome, "done", back.message);
    assert.deepEqual(world.moves(), ["retire green"]);
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.equal(world.failingMs, 0);
  });

  it("waits while the pods there are not ready", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    world.unready.add("green");
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "stopped");
    assert.match(result.message, /0 of 3 pods of Service web\/web are ready on green/);
  });

  it("does not let in other images than those that serve, unless the config permits it", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:2");
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "stopped");
    assert.match(
      result.message,
      /other images on green than on blue.*green alone runs sha256:2; blue alone runs sha256:1/,
    );
    assert.match(result.remedy ?? "", /services\[\]\.external\.images to any/);
    const again = await world.upgrade({ config: { ...settings, ...any } });
    assert.equal(again.outcome, "done", again.message);
  });

  it("goes back without waiting: what runs on the old member has never stopped", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    const halfway = await world.upgrade({ config: settings, approveRetire: false });
    assert.equal(halfway.outcome, "stopped");
    assert.match(halfway.message, /3 pods of Service web\/web still run there .* take them off blue first/);
    // Git has gone on: the member that stands by need not be equal to be gone back to.
    world.images.set("green", "sha256:2");
    const back = await world.run({ name: "rollback", member: null, percent: null }, { config: settings });
    assert.equal(back.outcome, "done", back.message);
    assert.equal(world.record.placement["blue"]?.role, "active");
    assert.equal(world.record.placement["blue"]?.workload, "running");
    assert.equal(world.failingMs, 0);
  });

  it("destroys no member by itself while somebody else's pods run there, even where the config approves of it", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    const automatic = {
      ...settings,
      "eks-blue-green:rollout": JSON.stringify({ ...short, retire: "automatic" }),
    };
    const { asksForApproval } = await world.plan({ ...config, ...automatic });
    assert.equal(asksForApproval, true);
    const result = await world.upgrade({ config: automatic, approveRetire: false });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
    assert.match(result.message, /3 pods of Service web\/web still run there/);
    assert.match(result.remedy ?? "", /--approve-retire$/);
    assert.ok(world.clusters.has("blue"));
    // Taken out of Git, as the message says: nobody is asked any more.
    world.images.delete("blue");
    const again = await world.upgrade({ config: automatic, approveRetire: false });
    assert.equal(again.outcome, "done", again.message);
    assert.equal(world.record.placement["blue"]?.role, "absent");
    assert.equal(world.failingMs, 0);
  });

  it("keeps the floor of capacity by what is there, as of an autoscaler", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    world.autoscaler.set("green", 1);
    world.listen = (event) => {
      if (event.kind === "gate" && event.reason === "capacity") world.autoscaler.set("green", 3);
    };
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "done", result.message);
    const waited = world.events.find((event) => event.kind === "gate" && event.reason === "capacity");
    assert.match(waited?.kind === "gate" ? waited.message : "", /theirs who deploy the workload/);
  });

  it("asks the same of a member that is admitted by name", async () => {
    const world = new Theirs();
    const asked = { name: "admit", member: "green", percent: null } as const;
    const one = { ...settings, "eks-blue-green:kubernetesVersion": "1.34" };
    const result = await world.run(asked, { config: one });
    assert.equal(result.outcome, "stopped", result.message);
    world.images.set("green", "sha256:1");
    const again = await world.run(asked, { config: one });
    assert.equal(again.outcome, "done", again.message);
  });

  /** Before green is let in, somebody's API server dies. */
  const silenced = (world: Theirs, name: string): void => {
    world.images.set("green", "sha256:1");
    world.listen = (event) => {
      const cluster = world.clusters.get(name);
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "provision" && cluster)
        cluster.reachable = false;
    };
  };
  const waited = (world: Theirs, since: number): number => (world.now - since) / 1000;

  it("lets a member in by name though who serves can't be asked: it may be what rescues, and that is said", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    const standby = { role: "standby", version: "1.34", workload: "running" } as const;
    world.record = { ...world.record, placement: { ...world.record.placement, green: standby } };
    world.clusters.set("green", world.member("1.34", false));
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: false });
    const asked = { name: "admit", member: "green", percent: null } as const;
    const one = { ...settings, "eks-blue-green:kubernetesVersion": "1.34" };
    const result = await world.run(asked, { config: one });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.record.placement["green"]?.role, "active");
    assert.deepEqual(world.told(), ["waiting unknown", "passed passed"]);
    const notes = world.events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
    assert.ok(
      notes.some((note) => /green comes in though nobody can say which images serve.*blue's API server/.test(note)),
      notes.join("\n"),
    );
  });

  it("waits in an upgrade while who serves can't be asked, and says what to do about that one", async () => {
    const world = new Theirs();
    silenced(world, "blue");
    const result = await world.upgrade({ config: settings });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"], result.message);
    assert.match(result.message, /nobody can say which images serve: blue's API server does not answer/);
    assert.match(result.remedy ?? "", /^bring blue's API server back .*external\.images to any, then go on with: /);
    assert.match(result.remedy ?? "", /eks-blue-green evacuate blue --stack dev$/);
    assert.doesNotMatch(result.remedy ?? "", /deploy what is missing/);
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: true });
    world.listen = () => undefined;
    const again = await world.upgrade({ config: settings });
    assert.equal(again.outcome, "done", again.message);
  });

  it("gives who is refused the login to those that serve the remedy of that, and takes nobody for dead", async () => {
    const world = new Theirs();
    world.images.set("green", "sha256:1");
    world.listen = (event) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "provision")
        world.refusing.add("blue");
    };
    const result = await world.upgrade({ config: settings });
    assert.equal(result.outcome, "stopped", result.message);
    assert.match(result.remedy ?? "", /^get an access entry, or set services/);
    assert.doesNotMatch(result.remedy ?? "", /evacuate/);
  });

  it("says at once that the member's own API server is silent, as every admit does", async () => {
    const world = new Theirs();
    silenced(world, "green");
    let since = 0;
    const { listen } = world;
    world.listen = (event) => {
      listen(event);
      if (event.kind === "gate" && event.reason === "api-server" && event.status === "waiting") since ||= world.now;
    };
    const result = await world.upgrade({ config: settings });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-MEMBER-UNREACHABLE"], result.message);
    assert.match(result.message, /could not admit green: its API server does not answer .*; blue serves meanwhile/);
    assert.match(
      result.remedy ?? "",
      /^bring green's API server back .*go on with: eks-blue-green upgrade --stack dev$/,
    );
    assert.ok(since > 0 && waited(world, since) < 60, `it waited ${waited(world, since)} s`);
  });

  it("lets the first member in, of whom nobody serves yet, once they are there", async () => {
    const world = new Theirs();
    world.images.clear();
    world.record = {
      ...world.record,
      placement: { ...world.record.placement, blue: { role: "standby", version: "1.34", workload: "running" } },
    };
    world.clusters.set("blue", world.member("1.34", false));
    world.reconcile();
    world.now += 600_000;
    world.reconcile();
    const asked = { name: "admit", member: "blue", percent: null } as const;
    const one = { ...settings, "eks-blue-green:kubernetesVersion": "1.34" };
    const waits = await world.run(asked, { config: one });
    assert.equal(waits.outcome, "stopped", waits.message);
    assert.match(waits.message, /Service web\/web is not on blue/);
    world.images.set("blue", "sha256:1");
    const result = await world.run(asked, { config: one });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.record.placement["blue"]?.role, "active");
  });

  it("tears down without stopping what is not ours", async () => {
    const world = new Theirs();
    const down = { name: "teardown", member: null, percent: null } as const;
    const result = await world.run(down, {
      config: { ...config, ...settings, "eks-blue-green:kubernetesVersion": "1.34" },
    });
    assert.deepEqual(world.moves(), ["drain blue", "retire blue"], result.message);
  });
});
