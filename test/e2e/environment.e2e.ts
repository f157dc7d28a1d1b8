/**
 * One environment's life in one sandbox: deployed, left alone, disturbed, upgraded twice. What is asserted is looked up
 * in AWS and the clusters.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import { ControlClient } from "../../sandbox/client/control-client";
import { eventually, Stage } from "./stage";
import { lightLoad } from "./traffic";

interface TargetHealth {
  readonly TargetHealthDescriptions: readonly {
    readonly Target: { readonly Id: string; readonly Port: number };
    readonly TargetHealth: { readonly State: string };
  }[];
}

describe("an environment in the sandbox", function () {
  let stage: Stage;
  let control: ControlClient;

  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    control = new ControlClient(stage.info);
  });
  after(async () => stage?.close());

  const groupArn = (): string =>
    stage.json<{ TargetGroups: { TargetGroupArn: string }[] }>("aws", [
      "elbv2",
      "describe-target-groups",
      "--output",
      "json",
    ]).TargetGroups[0]?.TargetGroupArn ?? "";
  const targets = (): string[] => {
    const health = stage.json<TargetHealth>("aws", [
      "elbv2",
      "describe-target-health",
      "--target-group-arn",
      groupArn(),
      "--output",
      "json",
    ]);
    return health.TargetHealthDescriptions.map(
      (one) => `${one.Target.Id}:${one.Target.Port} ${one.TargetHealth.State}`,
    ).sort();
  };
  const endpoints = (member: string): string[] => {
    const slices = stage.json<{
      items: {
        endpoints: { addresses: string[]; conditions: { ready: boolean } }[] | null;
        ports: { port: number }[];
      }[];
    }>("kubectl", ["--context", `dev-${member}`, "-n", "web", "get", "endpointslices", "-o", "json"]);
    return slices.items
      .flatMap((slice) =>
        (slice.endpoints ?? [])
          .filter((one) => one.conditions.ready)
          .map((one) => `${one.addresses[0]}:${slice.ports[0]?.port}`),
      )
      .sort();
  };
  const healthyEndpoints = (member: string): string[] => endpoints(member).map((id) => `${id} healthy`);

  it("`up` deploys the family; AWS and the cluster hold what was declared", async () => {
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
    // Done is served: right behind its end, not a while later (a healthy target gets no traffic before the registration
    // lag is over).
    const statuses = await Promise.all(Array.from({ length: 12 }, () => stage.request("/")));
    assert.deepEqual(
      statuses,
      statuses.map(() => 200),
    );
    await eventually("three healthy targets", () =>
      targets().filter((one) => one.endsWith(" healthy")).length === 3 ? true : null,
    );
    assert.deepEqual(targets(), healthyEndpoints("blue"));
    const record = stage.record();
    assert.equal(record.placement["blue"]?.role, "active");
    assert.equal(record.placement["blue"]?.version, "1.34");
    assert.equal(record.placement["green"]?.role, "absent");
    const balancer = stage.json<{ LoadBalancers: { Type: string; State: { Code: string } }[] }>("aws", [
      "elbv2",
      "describe-load-balancers",
      "--output",
      "json",
    ]).LoadBalancers;
    assert.deepEqual(
      balancer.map((one) => [one.Type, one.State.Code]),
      [["network", "active"]],
    );
  });

  it("plain Pulumi, through the language host, finds nothing to change", () => {
    for (const stack of ["dev", "dev-blue"]) {
      const run = stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", stack]);
      assert.equal(run.status, 0, `${stack}:\n${run.stdout}\n${run.stderr}`);
    }
  });

  it("config mistakes are told all at once, before anything is touched", async () => {
    const before = stage.record().revision;
    for (const [key, value] of [
      ["kubernetesVersion", "1.34.2"],
      ["replicaz", "3"],
    ] as const)
      assert.equal(stage.command("pulumi", ["config", "set", `eks-blue-green:${key}`, value, "-s", "dev"]).status, 0);
    const run = await stage.drive(["upgrade"]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /kubernetesVersion/);
    assert.match(run.stderr, /replicaz/);
    assert.equal(stage.record().revision, before);
    stage.command("pulumi", ["config", "rm", "eks-blue-green:replicaz", "-s", "dev"]);
    stage.want("1.34");
  });

  it("an unknown stack and a locked one have their own codes and remedies", async () => {
    const unknown = stage.command(process.execPath, [
      join(__dirname, "../../bin/eks-blue-green.js"),
      "status",
      "--stack",
      "prod",
    ]);
    assert.equal(unknown.status, 3, unknown.stderr);
    assert.match(unknown.stderr, /EBG-UNKNOWN-STACK/);
  });

  it("a member without the multi-cluster flag is found by the preflight, and would have thrown the others out", async () => {
    stage.want("1.35");
    const patch = (flag: boolean): void => {
      const run = stage.command("kubectl", [
        "--context",
        "dev-blue",
        "-n",
        "web",
        "patch",
        "targetgroupbinding",
        "web",
        "--type=merge",
        "-p",
        JSON.stringify({ spec: { multiClusterTargetGroup: flag } }),
      ]);
      assert.equal(run.status, 0, run.stderr);
    };
    const foreign = ["--target-group-arn", groupArn(), "--targets", "Id=10.42.100.100,Port=8080"];
    assert.equal(stage.command("aws", ["elbv2", "register-targets", ...foreign]).status, 0);
    patch(false);
    await eventually("the stand-in evicts the foreign target", () =>
      targets().some((one) => one.startsWith("10.42.100.100:") && !one.endsWith("draining")) ? null : true,
    );
    const run = await stage.drive(["upgrade", "--approve-retire"]);
    assert.equal(run.code, 4, run.stderr);
    assert.ok(
      run.events.some(
        (event) =>
          event.kind === "finding" &&
          event.severity === "required" &&
          /multiClusterTargetGroup|multi-cluster/.test(event.message),
      ),
      run.stderr,
    );
    assert.equal(stage.record().placement["green"]?.role, "absent");
    patch(true);
    await eventually("blue's three targets alone", () =>
      JSON.stringify(targets()) === JSON.stringify(healthyEndpoints("blue")) ? true : null,
    );
  });

  it("with blue's API server dead, green is still provisioned and admitted, and what could not be done is said", async () => {
    const load = await stage.load(lightLoad);
    await control.stopApiServer("dev-blue");
    const run = await stage.drive(["upgrade", "--approve-retire"]);
    assert.equal(run.code, 6, run.stderr);
    const end = run.events.find(
      (event): event is Extract<DriverEvent, { kind: "rollout-finished" }> => event.kind === "rollout-finished",
    );
    assert.match(`${end?.message} ${end?.remedy}`, /blue/);
    assert.equal(stage.record().placement["green"]?.role, "active");
    assert.equal(stage.record().placement["blue"]?.role, "active");
    assert.deepEqual(
      targets().filter((one) => healthyEndpoints("green").includes(one)),
      healthyEndpoints("green"),
    );
    await control.startApiServer("dev-blue");
    const rest = await stage.drive(["upgrade", "--approve-retire"]);
    assert.equal(rest.code, 0, rest.stderr);
    const summary = await load.stop();
    assert.equal(summary.void, false, "the load client starved");
    assert.deepEqual([summary.failed, summary.idleResets], [0, 0], JSON.stringify(summary.firstFailures));
    assert.deepEqual(
      targets().filter((one) => !one.endsWith("draining")),
      healthyEndpoints("green"),
    );
    assert.equal(stage.record().placement["blue"]?.role, "absent");
  });

  it("plain `pulumi up` of every stack in the middle of a rollout, from another folder, leaves traffic where it is", async () => {
    stage.want("1.36");
    const elsewhere = mkdtempSync(join(tmpdir(), "ebg-elsewhere-"));
    const load = await stage.load(lightLoad);
    try {
      let killed = false;
      const halfway = await stage.drive(["upgrade", "--approve-retire"], (event, kill) => {
        if (
          event.kind === "phase-started" &&
          event.phase === "gate" &&
          stepKind(event.index, halfwayEvents) === "drain" &&
          !killed
        ) {
          killed = true;
          kill("SIGKILL");
        }
        halfwayEvents.push(event);
      });
      assert.equal(halfway.code, null, "the driver was to be killed in the drain's gate");
      cpSync(stage.projectDirectory, elsewhere, { recursive: true });
      const before = targets().filter((one) => one.endsWith(" healthy"));
      for (const name of ["dev", "dev-blue", "dev-green"]) {
        const run = stage.command(
          "pulumi",
          ["up", "--yes", "--skip-preview", "--non-interactive", "-s", name],
          elsewhere,
        );
        assert.equal(run.status, 0, `${name}:\n${run.stdout}\n${run.stderr}`);
      }
      const now = targets();
      assert.deepEqual(
        before.filter((one) => !now.includes(one)),
        [],
        "targets that were healthy before",
      );
      const rest = await stage.drive(["upgrade", "--approve-retire"]);
      assert.equal(rest.code, 0, rest.stderr);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
    const summary = await load.stop();
    assert.deepEqual(
      [summary.failed, summary.idleResets, summary.void],
      [0, 0, false],
      JSON.stringify(summary.firstFailures),
    );
    assert.equal(stage.record().placement["blue"]?.version, "1.36");
    assert.equal(stage.record().placement["green"]?.role, "absent");
  });

  const halfwayEvents: DriverEvent[] = [];
  function stepKind(index: number, events: readonly DriverEvent[]): string {
    const started = events.findLast(
      (event): event is Extract<DriverEvent, { kind: "step-started" }> =>
        event.kind === "step-started" && event.index === index,
    );
    return started?.step.type === "move" ? started.step.kind : "bake";
  }
});
