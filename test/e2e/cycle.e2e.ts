/**
 * Members that all serve, upgraded in place one after the other, under load: over two minors, one that can't come back
 * for a while; and in turn one that comes back bad, or planned work by command with a kill -9 in its middle. Three
 * members are the exhaustive tier's; elsewhere the planner's property tests and the simulation have them.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import { ControlClient } from "../../sandbox/client/control-client";
import { Stage, type DriverRun, type Values } from "./stage";
import { exhaustive, inTurn } from "./tier";
import { assertMeansSomething, underLoad } from "./traffic";

type Kill = (signal: NodeJS.Signals) => void;

/** Small, because what is tested is the order of things: two pods, and as many nodes as said. */
async function open(version: string, members: readonly string[], nodes: number): Promise<Stage> {
  const stage = await Stage.open({ version });
  stage.configure((config) => {
    config["rollout"] = { ...config["rollout"], strategy: "cycle", bakeSeconds: 60 };
    config["cluster"] = {
      ...config["cluster"],
      nodes: { instanceTypes: ["m6i.large"], desiredSize: nodes, minSize: nodes, maxSize: 2 * nodes },
    };
    const services = config["services"] as unknown as readonly Values[];
    Object.assign(config, { members, services: services.map((service) => ({ ...service, replicas: 2 })) });
  });
  const run = await stage.drive(["up"]);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(
    Object.values(stage.record().placement).map((one) => one.role),
    members.map(() => "active"),
    "with cycle, `up` makes every member active",
  );
  return stage;
}

const moves = (events: readonly DriverEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === "step-finished" && event.step.type === "move"
      ? [
          `${event.step.kind} ` +
            `${event.step.member}${event.step.kind === "upgrade" ? ` ${event.step.to.version}` : event.step.kind === "scale" ? ` ${event.step.to.capacityPercent ?? 100}` : ""}`,
        ]
      : [],
  );
const active = (version: string, capacityPercent?: number): Values => ({
  role: "active",
  version,
  workload: "running",
  ...(capacityPercent === undefined ? {} : { capacityPercent }),
});

/** Where the time went: printed, never judged. */
function tellTimes(run: DriverRun): void {
  for (const event of run.events) {
    if (event.kind !== "step-finished") continue;
    const what = event.step.type === "bake" ? "bake" : `${event.step.kind} ${event.step.member}`;
    const phases = Object.entries(event.phases)
      .map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`)
      .join(", ");
    console.log(`      ${what.padEnd(16)} ${event.seconds.toFixed(1).padStart(6)} s  ${phases}`);
  }
}

interface Node {
  readonly name: string;
  readonly kubelet: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
}
type NodeList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly unschedulable?: boolean };
    readonly status: {
      readonly nodeInfo: { readonly kubeletVersion: string };
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
};
const nodesOf = (stage: Stage, member: string): Node[] =>
  stage.json<NodeList>("kubectl", ["--context", `dev-${member}`, "get", "nodes", "-o", "json"]).items.map((node) => ({
    name: node.metadata.name,
    kubelet: node.status.nodeInfo.kubeletVersion.replace(/^v(\d+\.\d+).*/, "$1"),
    ready: node.status.conditions.some((one) => one.type === "Ready" && one.status === "True"),
    schedulable: node.spec.unschedulable !== true,
  }));
const clusterOf = (stage: Stage, member: string): { version: string; status: string } =>
  stage.json<{ cluster: { version: string; status: string } }>("aws", [
    "eks",
    "describe-cluster",
    "--name",
    `dev-${member}`,
    "--output",
    "json",
  ]).cluster;

/** Asked of EKS and of the cluster itself, not of the driver. */
function isAt(stage: Stage, member: string, version: string, nodes: number): void {
  const { version: at, status } = clusterOf(stage, member);
  assert.deepEqual([at, status], [version, "ACTIVE"]);
  assert.deepEqual(
    nodesOf(stage, member).map(({ kubelet, ready, schedulable }) => [kubelet, ready, schedulable]),
    Array.from({ length: nodes }, () => [version, true, true]),
  );
  const api = stage.json<{ major: string; minor: string; emulationMajor?: string; emulationMinor?: string }>(
    "kubectl",
    ["--context", `dev-${member}`, "get", "--raw", "/version"],
  );
  assert.equal(`${api.emulationMajor ?? api.major}.${api.emulationMinor ?? api.minor}`, version);
  const proxy = stage.json<{ addon: { addonVersion: string; status: string } }>("aws", [
    "eks",
    "describe-addon",
    "--cluster-name",
    `dev-${member}`,
    "--addon-name",
    "kube-proxy",
    "--output",
    "json",
  ]).addon;
  assert.deepEqual([proxy.addonVersion.startsWith(`v${version}.`), proxy.status], [true, "ACTIVE"]);
}

/** Somebody's own budget that allows nothing, beside the workload's: EKS gives up after 15 minutes. */
function forbidEvictions(stage: Stage, member: string): void {
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "never", namespace: "web" },
    spec: { maxUnavailable: 0, selector: { matchLabels: { "app.kubernetes.io/name": "web" } } },
  };
  const file = join(stage.info.dir, "budget.json");
  writeFileSync(file, JSON.stringify(budget));
  assert.equal(stage.command("kubectl", ["--context", `dev-${member}`, "apply", "-f", file]).status, 0);
}
function allowEvictions(stage: Stage, member: string): void {
  const deleted = stage.command("kubectl", ["--context", `dev-${member}`, "-n", "web", "delete", "pdb", "never"]);
  assert.equal(deleted.status, 0, deleted.stderr);
}

describe("a cycle of two members", function () {
  this.timeout(20 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await open("1.33", ["blue", "green"], 2);
  });
  after(async () => stage?.close());

  async function good(args: readonly string[]): Promise<DriverRun> {
    const run = await stage.drive(args);
    assert.equal(run.code, 0, `${args.join(" ")}: ${run.stderr}`);
    return run;
  }
  /** kill -9 at the first phase of that kind (`gate`: of the move's own, after its update). */
  async function killedIn(phase: "act" | "gate", args: readonly string[]): Promise<void> {
    const run = await stage.drive(args, (event, kill: Kill) => {
      if (event.kind === "phase-started" && event.phase === phase) kill("SIGKILL");
    });
    assert.equal(run.code, null, `${args.join(" ")} was to be killed, but ended: ${run.stderr}`);
    assert.notEqual(stage.record().intent, null, "it was killed with a move open");
  }

  it(
    "over two minors: each leaves once, the other one carries both; one whose pods may not be evicted stays out until " +
      "they may, and the same command ends it; nobody notices",
    async () => {
      stage.want("1.35");
      const before = { blue: nodesOf(stage, "blue"), green: nodesOf(stage, "green") };
      forbidEvictions(stage, "green");
      await underLoad(stage, async () => {
        const stuck = await stage.drive(["upgrade"]);
        tellTimes(stuck);
        assert.equal(stuck.code, 7, stuck.stderr);
        assert.match(stuck.stderr, /PodEvictionFailure/);
        assert.match(stuck.stderr, /green is on its way to 1\.34 .* stays out of traffic; blue serves/);
        assert.match(stuck.stderr, /kubectl --context dev-green get pdb -A/);
        assert.deepEqual(moves(stuck.events), [
          "scale green 200",
          "drain blue",
          "upgrade blue 1.34",
          "upgrade blue 1.35",
          "admit blue",
          "scale blue 200",
          "drain green",
          "scale green 100",
        ]);
        const record = stage.record();
        assert.deepEqual([record.placement["blue"]?.role, record.placement["green"]?.role], ["active", "standby"]);
        assert.deepEqual([record.intent?.move.kind, record.intent?.move.member], ["upgrade", "green"]);
        assert.equal(clusterOf(stage, "green").version, "1.34", "its control plane is there already");
        assert.ok(nodesOf(stage, "green").some((node) => node.kubelet === "1.33"));
        allowEvictions(stage, "green");

        const rest = await stage.drive(["upgrade"]);
        tellTimes(rest);
        assert.equal(rest.code, 0, rest.stderr);
        assert.deepEqual(moves(rest.events), [
          "upgrade green 1.34",
          "upgrade green 1.35",
          "admit green",
          "scale blue 100",
          "scale blue 100",
        ]);
      });
      for (const member of ["blue", "green"] as const) {
        isAt(stage, member, "1.35", 2);
        assert.deepEqual(
          nodesOf(stage, member).filter((node) => before[member].some((one) => one.name === node.name)),
          [],
          "every node was replaced",
        );
      }
      assert.deepEqual(stage.record().placement, { blue: active("1.35"), green: active("1.35") });
      assert.deepEqual([stage.record().rollout, stage.record().intent], [null, null]);
      for (const name of ["dev", "dev-blue", "dev-green"])
        assert.equal(
          stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", name]).status,
          0,
          name,
        );
    },
  );

  /** Two things that one of two days tries each; the exhaustive tier both. */
  const today = inTurn(["planned work", "a member that errs"] as const);
  const tried = (what: typeof today): Mocha.TestFunction | null => (exhaustive || what === today ? it : null);

  tried("planned work")?.(
    "by command: killed with -9 it goes on, others are refused meanwhile, and rollback turns it around",
    () =>
      underLoad(stage, async () => {
        const scale = ["scale", "green", "--percent", "200"];
        await killedIn("act", scale);
        const other = await stage.drive(["drain", "blue"]);
        assert.equal(other.code, 4, other.stderr);
        assert.match(other.stderr, /EBG-ROLLOUT-UNDER-WAY: .*scale green --percent 200.*since/);
        await good(scale);
        assert.deepEqual(stage.record().placement, { blue: active("1.35"), green: active("1.35", 200) });

        await killedIn("gate", ["drain", "blue"]);
        assert.deepEqual(moves((await good(["rollback"])).events), ["admit blue"]);
        assert.deepEqual(stage.record().placement, { blue: active("1.35"), green: active("1.35", 200) });
        assert.equal(stage.record().rollout, null);

        await good(["drain", "blue"]);
        assert.equal(stage.record().placement["blue"]?.role, "standby");
        const last = await stage.drive(["drain", "green"]);
        assert.notEqual(last.code, 0);
        assert.match(last.stderr, /EBG-PLAN-IMPOSSIBLE: green can't leave traffic/);
        await killedIn("gate", ["admit", "blue"]);
        await good(["admit", "blue"]);
        await good(["scale", "green", "--percent", "100"]);
        assert.deepEqual(stage.record().placement, { blue: active("1.35"), green: active("1.35") });
        assert.equal(nodesOf(stage, "green").length, 2);
        const nothing = await stage.drive(["rollback"]);
        assert.notEqual(nothing.code, 0);
        assert.match(nothing.stderr, /EBG-PLAN-IMPOSSIBLE: there is nothing to go back to/);
      }),
  );

  tried("a member that errs")?.(
    "a member that answers errors after its upgrade goes out again; the other one keeps the size that carries " +
      "both; `admit` brings it back",
    async () => {
      stage.want("1.36");
      const control = new ControlClient(stage.info);
      const run = await underLoad(
        stage,
        () =>
          stage.drive(["upgrade"], (event) => {
            if (event.kind === "step-started" && event.step.type === "move" && event.step.kind === "admit")
              void control.addFault({ on: "pods", cluster: "dev-blue", service: "web", kind: "answer", status: 500 });
          }),
        // What the bad one answers until it is out is lost by nature; nothing else is.
        (summary) => {
          assertMeansSomething(summary);
          assert.deepEqual([Object.keys(summary.failedByMember), summary.idleResets], [["blue"], 0]);
          assert.equal(
            summary.failed,
            summary.failedByMember["blue"],
            JSON.stringify(
              summary.firstFailures.filter((one) => one.member !== "blue"),
              null,
              1,
            ),
          );
        },
      );
      assert.equal(run.code, 5, run.stderr);
      const end = run.events.findLast((event) => event.kind === "rollout-finished");
      assert.equal(end?.code, "EBG-WALKED-BACK");
      assert.match(end.message, /traffic is on green \(1\.35\)/);
      assert.match(end.remedy ?? "", /once blue is good again: eks-blue-green admit blue/);
      assert.deepEqual(moves(run.events).slice(-2), ["upgrade blue 1.36", "drain blue"]);
      assert.deepEqual(stage.record().placement, {
        blue: { role: "standby", version: "1.36", workload: "running" },
        green: active("1.35", 200),
      });
      assert.deepEqual([stage.record().rollout, stage.record().intent], [null, null]);
      assert.ok((await control.clearFaults()) > 0);
      await underLoad(stage, () => good(["admit", "blue"]));
      assert.equal(stage.record().placement["blue"]?.role, "active");
      isAt(stage, "blue", "1.36", 2);
    },
  );
});

if (exhaustive)
  describe("a cycle of three members", function () {
    this.timeout(20 * 60_000);
    let stage: Stage;
    before(async function () {
      stage = await open("1.34", ["blue", "green", "red"], 1);
    });
    after(async () => stage?.close());
    const upgrades = (member: string): string[] => [`upgrade ${member} 1.35`, `upgrade ${member} 1.36`];

    it("over two minors: one after the other leaves, the others serve, and nobody notices", async () => {
      stage.want("1.36");
      await underLoad(stage, async () => {
        const run = await stage.drive(["upgrade"]);
        tellTimes(run);
        assert.equal(run.code, 0, run.stderr);
        assert.deepEqual(
          moves(run.events).filter((move) => !move.startsWith("scale")),
          ["blue", "green", "red"].flatMap((member) => [`drain ${member}`, ...upgrades(member), `admit ${member}`]),
        );
      });
      for (const member of ["blue", "green", "red"]) isAt(stage, member, "1.36", 1);
      assert.deepEqual(stage.record().placement, { blue: active("1.36"), green: active("1.36"), red: active("1.36") });
      assert.deepEqual([stage.record().rollout, stage.record().intent], [null, null]);
    });
  });
