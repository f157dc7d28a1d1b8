/** Members that all serve, upgraded in place one after the other, under load: three over two minors, and one that can't come back. One sandbox. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { eventually, Stage } from "./stage";

type Values = Record<string, unknown>;

describe("a cycle in the sandbox", function () {
  this.timeout(15 * 60_000);
  let stage: Stage;

  /** Changes the environment's settings as its owner would, in Pulumi.dev.yaml. */
  function configure(change: (config: Values) => void): void {
    const file = join(stage.projectDirectory, "Pulumi.dev.yaml");
    const settings = parse(readFileSync(file, "utf8")) as { config: Values };
    change(settings.config);
    writeFileSync(file, stringify(settings));
  }
  const merge = (config: Values, key: string, values: Values): void => {
    config[`eks-blue-green:${key}`] = { ...(config[`eks-blue-green:${key}`] as Values), ...values };
  };

  before(async () => {
    stage = await Stage.open({ version: "1.33" });
    configure((config) => {
      merge(config, "rollout", { strategy: "cycle", bakeSeconds: 60 });
      merge(config, "cluster", { nodes: { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 4 } });
    });
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => stage?.close());

  const moves = (events: readonly DriverEvent[]): string[] => events.flatMap((event) => (event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}${event.step.kind === "upgrade" ? ` ${event.step.to.version}` : event.step.kind === "scale" ? ` ${event.step.to.capacityPercent ?? 100}` : ""}`] : []));
  const cluster = (member: string): { version: string; status: string } => stage.json<{ cluster: { version: string; status: string } }>("aws", ["eks", "describe-cluster", "--name", `dev-${member}`, "--output", "json"]).cluster;
  const nodes = (member: string): { name: string; kubelet: string; ready: boolean; schedulable: boolean }[] =>
    stage.json<{ items: { metadata: { name: string }; spec: { unschedulable?: boolean }; status: { nodeInfo: { kubeletVersion: string }; conditions: { type: string; status: string }[] } }[] }>("kubectl", ["--context", `dev-${member}`, "get", "nodes", "-o", "json"]).items.map((node) => ({
      name: node.metadata.name,
      kubelet: node.status.nodeInfo.kubeletVersion.replace(/^v(\d+\.\d+).*/, "$1"),
      ready: node.status.conditions.some((one) => one.type === "Ready" && one.status === "True"),
      schedulable: node.spec.unschedulable !== true,
    }));
  function isAt(member: string, version: string): void {
    assert.deepEqual([cluster(member).version, cluster(member).status], [version, "ACTIVE"]);
    assert.deepEqual(nodes(member).map(({ kubelet, ready, schedulable }) => [kubelet, ready, schedulable]), [[version, true, true], [version, true, true]]);
    const api = stage.json<{ serverVersion: { emulationMajor: string; emulationMinor: string } }>("kubectl", ["--context", `dev-${member}`, "version", "-o", "json"]).serverVersion;
    assert.equal(`${api.emulationMajor}.${api.emulationMinor}`, version);
    const proxy = stage.json<{ addon: { addonVersion: string; status: string } }>("aws", ["eks", "describe-addon", "--cluster-name", `dev-${member}`, "--addon-name", "kube-proxy", "--output", "json"]).addon;
    assert.deepEqual([proxy.addonVersion.startsWith(`v${version}.`), proxy.status], [true, "ACTIVE"]);
  }
  function nobodyNoticed(summary: LoadSummary): void {
    assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
    assert.deepEqual([summary.failed, summary.idleResets], [0, 0], JSON.stringify(summary.firstFailures, null, 1));
    assert.ok(summary.sent > 1000);
  }
  async function underLoad<T>(work: () => Promise<T>): Promise<T> {
    const load = await stage.load(200);
    let summary: LoadSummary;
    let result: T;
    try {
      result = await work();
    } finally {
      summary = await load.stop();
    }
    nobodyNoticed(summary);
    return result;
  }

  it("two members over two minors: each leaves once, the other one carries both, nobody notices", async () => {
    assert.deepEqual(Object.values(stage.record().placement).map((one) => one.role), ["active", "active"], "with cycle, `up` makes every member active");
    stage.want("1.35");
    const before = { blue: nodes("blue"), green: nodes("green") };
    const run = await underLoad(() => stage.drive(["upgrade"]));
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(moves(run.events), [
      "scale green 200", "drain blue", "upgrade blue 1.34", "upgrade blue 1.35", "admit blue",
      "scale blue 200", "drain green", "scale green 100", "upgrade green 1.34", "upgrade green 1.35", "admit green", "scale blue 100", "scale blue 100",
    ]);
    for (const member of ["blue", "green"] as const) {
      isAt(member, "1.35");
      assert.deepEqual(nodes(member).filter((node) => before[member].some((one) => one.name === node.name)), [], "every node was replaced");
    }
    assert.deepEqual(stage.record().placement, { blue: { role: "active", version: "1.35", workload: "running" }, green: { role: "active", version: "1.35", workload: "running" } });
    for (const name of ["dev", "dev-blue", "dev-green"]) assert.equal(stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", name]).status, 0, name);
  });

  it("a third member is brought in by `admit`, also when somebody else's command is refused meanwhile", async () => {
    configure((config) => {
      config["eks-blue-green:members"] = ["blue", "green", "red"];
    });
    assert.equal((await stage.drive(["up"])).code, 0);
    const load = await stage.load(200);
    const halfway = await stage.drive(["admit", "red"], (event, kill) => {
      if (event.kind === "phase-started" && event.phase === "gate" && event.message.startsWith("looking")) kill("SIGKILL");
    });
    assert.equal(halfway.code, null);
    const other = await stage.drive(["drain", "blue"]);
    assert.equal(other.code, 4, other.stderr);
    assert.match(other.stderr, /EBG-ROLLOUT-UNDER-WAY: .*admit red.*since/);
    const run = await stage.drive(["admit", "red"]);
    assert.equal(run.code, 0, run.stderr);
    nobodyNoticed(await load.stop());
    assert.equal(stage.record().placement["red"]?.role, "active");
    assert.equal(stage.record().rollout, null);
  });

  it("a member whose pods may not be evicted stays out: the others serve, the state says why, and the same command ends it", async () => {
    stage.want("1.36");
    // Somebody's own budget that allows nothing, beside the workload's: EKS gives up after 15 minutes.
    const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "never", namespace: "web" }, spec: { maxUnavailable: 0, selector: { matchLabels: { "app.kubernetes.io/name": "web" } } } };
    const file = join(stage.info.dir, "budget.json");
    writeFileSync(file, JSON.stringify(budget));
    assert.equal(stage.command("kubectl", ["--context", "dev-blue", "apply", "-f", file]).status, 0);
    await underLoad(async () => {
      const stuck = await stage.drive(["upgrade"]);
      assert.equal(stuck.code, 7, stuck.stderr);
      assert.match(stuck.stderr, /PodEvictionFailure/);
      assert.match(stuck.stderr, /blue is on its way to 1\.36 .* stays out of traffic; green, red serve/);
      const record = stage.record();
      assert.deepEqual([record.placement["blue"]?.role, record.placement["green"]?.role, record.placement["red"]?.role], ["standby", "active", "active"]);
      assert.equal(record.intent?.move.kind, "upgrade");
      assert.equal(cluster("blue").version, "1.36", "its control plane is there already");
      assert.ok(nodes("blue").some((node) => node.kubelet === "1.35"));
      assert.equal(stage.command("kubectl", ["--context", "dev-blue", "-n", "web", "delete", "pdb", "never"]).status, 0);
      const rest = await stage.drive(["upgrade"]);
      assert.equal(rest.code, 0, rest.stderr);
    });
    for (const member of ["blue", "green", "red"]) isAt(member, "1.36");
    await eventually("no member is left larger than it was", 10, () => (Object.values(stage.record().placement).every((one) => one.capacityPercent === undefined && one.role === "active") ? true : null));
  });
});
