/**
 * A load balancer changes hands under load while the driver is killed again and again and the primary's API server goes
 * away, twice; then the
 * stack has it, everything holds, and the environment is torn down. One sandbox: two members that serve, a Service with
 * two ports.
 */
import assert from "node:assert/strict";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { thingsOfAws } from "../../automation/cli/rehearsal/scenarios/teardown";
import type { DriverEvent } from "../../automation/events";
import type { VerifyReport } from "../../automation/verify/report";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import type { AdoptionStep } from "../../stacks/record/adoption";
import { eventually, Stage, type DriverRun } from "./stage";
import { assertNobodyNoticed } from "./traffic";

type Aim =
  /** As soon as the driver says that it begins. */
  | { readonly on: "word" }
  /** After the first such call of it. */
  | { readonly on: "call"; readonly operation: string }
  /** In the middle of the engine's work on a stack, with the engine. */
  | { readonly on: "engine"; readonly stack: string };
interface Row {
  readonly step: AdoptionStep;
  readonly what: string;
  readonly stands: string;
}

describe("adopt", function () {
  this.timeout(15 * 60_000);
  const rows: Row[] = [];
  let stage: Stage;
  let control: ControlClient;
  let elb: ElasticLoadBalancingV2Client;
  let load: { stop: () => Promise<LoadSummary> } | null = null;
  let identitiesBefore: readonly string[] = [];
  let targetsBefore: readonly string[] = [];

  const list = (args: readonly string[]): string[] => stage.json<string[]>("aws", [...args, "--output", "json"]).sort();
  // By the SDK: they are looked at after every strike, and the AWS CLI takes a second to begin.
  const targetGroups = async (): Promise<string[]> =>
    ((await elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups ?? [])
      .map(({ TargetGroupArn = "" }) => TargetGroupArn)
      .sort();
  async function identities(): Promise<string[]> {
    const balancers = ((await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers ?? []).map(
      ({ LoadBalancerArn = "" }) => LoadBalancerArn,
    );
    const listeners = await Promise.all(
      balancers.map(
        async (LoadBalancerArn) => (await elb.send(new DescribeListenersCommand({ LoadBalancerArn }))).Listeners ?? [],
      ),
    );
    return [
      ...balancers,
      ...listeners.flat().map(({ ListenerArn = "" }) => ListenerArn),
      ...(await targetGroups()),
    ].sort();
  }
  async function targets(): Promise<string[]> {
    const groups = await Promise.all(
      (await targetGroups()).map(
        async (TargetGroupArn) =>
          (await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }))).TargetHealthDescriptions ?? [],
      ),
    );
    return groups
      .flatMap((group, index) =>
        group.map(({ Target, TargetHealth }) => `${index} ${Target?.Id}:${Target?.Port} ${TargetHealth?.State}`),
      )
      .sort();
  }

  async function good(args: readonly string[]): Promise<DriverRun> {
    const run = await stage.drive(args);
    assert.equal(run.code, 0, `${args.join(" ")}: ${run.stderr}`);
    return run;
  }
  async function nothingIsLost(): Promise<void> {
    assert.deepEqual(await identities(), identitiesBefore);
    assert.deepEqual(await targets(), targetsBefore);
  }
  before(async () => {
    stage = await Stage.open({ example: "new-workload", version: "1.34" });
    stage.configure((config) => Object.assign(config["rollout"] ?? {}, { strategy: "cycle" }));
    control = new ControlClient(stage.info);
    const {
      AWS_ENDPOINT_URL: endpoint = "",
      AWS_ACCESS_KEY_ID: accessKeyId = "",
      AWS_SECRET_ACCESS_KEY: secretAccessKey = "",
    } = stage.info.env;
    elb = new ElasticLoadBalancingV2Client({
      region: "us-east-1",
      endpoint,
      credentials: { accessKeyId, secretAccessKey },
    });
    await good(["up"]);
    assert.deepEqual(
      Object.values(stage.record().placement).map(({ role }) => role),
      ["active", "active"],
      "with cycle, `up` makes every member active",
    );
    load = await stage.load(100, 2);
    identitiesBefore = await identities();
    targetsBefore = await targets();
    assert.equal(identitiesBefore.length, 5, "a load balancer, two listeners, two target groups");
    assert.equal(targetsBefore.length, 8, "two pods of each member in each group");
    for (const target of targetsBefore) assert.match(target, / healthy$/);
  });
  after(async () => {
    for (const { step, what, stands: then } of rows)
      console.log(`      ${step.padEnd(18)}  ${what.padEnd(66)}  the record then says: ${then}`);
    elb?.destroy();
    await load?.stop();
    await stage?.close();
  });

  /**
   * Runs `adopt` until `step` begins; from then on `aim` decides when `strike` is called, at the latest when the next
   * step begins.
   */
  async function struckAt(
    step: AdoptionStep,
    aim: Aim,
    strike: (kill: (signal: NodeJS.Signals) => void, seen: string) => void,
  ): Promise<DriverRun> {
    let timer: NodeJS.Timeout | undefined;
    let struck = false;
    const since = (await control.requests<{ id: number }>()).at(-1)?.id ?? 0;
    const run = await stage.drive(["adopt"], (event: DriverEvent, kill) => {
      if (event.kind !== "adoption" || struck) return;
      const now = (seen: string): void => {
        if (struck) return;
        struck = true;
        clearInterval(timer);
        strike(kill, seen);
      };
      if (timer !== undefined && event.step !== step) return now("as the next step began");
      if (event.step !== step || event.status !== "started" || timer !== undefined) return;
      if (aim.on === "word") return now(event.message);
      timer = setInterval(() => {
        if (aim.on === "engine") {
          const [operation] = stage.pendingOperations(aim.stack);
          if (operation !== undefined) now(operation);
        } else {
          void control.requests<{ operation: string }>(since).then(
            (seen) =>
              seen.some(({ operation }) => operation === aim.operation)
                ? now(`after the first ${aim.operation}`)
                : undefined,
            () => undefined,
          );
        }
      }, 15);
    });
    clearInterval(timer);
    assert.ok(struck, `'${step}' did not begin: ${run.stderr}`);
    return run;
  }

  async function killedAt(step: AdoptionStep, aim: Aim): Promise<void> {
    let what = "";
    const run = await struckAt(step, aim, (kill, seen) => {
      kill("SIGKILL");
      const engineToo = aim.on === "engine" && stage.killEngine(aim.stack);
      what = `killed${engineToo ? " with the engine" : ""}: ${seen}`;
    });
    assert.equal(run.code, null, `not killed at '${step}', but ended with ${run.code}: ${run.stderr}`);
    const { adoption } = stage.record();
    rows.push({ step, what, stands: adoption?.step ?? "closed" });
    assert.equal(adoption?.direction, "forward", "it was killed with the adoption open");
    await nothingIsLost();
  }

  /**
   * The API server goes away while `adopt` is at the step; it must say so and stop, each time it is called, until the
   * server is back.
   */
  async function withoutApiServerAt(step: AdoptionStep): Promise<void> {
    let stopped: Promise<void> = Promise.resolve();
    const first = await struckAt(step, { on: "word" }, () => void (stopped = control.stopApiServer("dev-blue")));
    await stopped;
    for (const run of [first, await stage.drive(["adopt"])]) {
      const end = run.events.at(-1) as unknown as { kind: string; code: string; message: string; remedy: string };
      assert.equal(run.code, 6, run.stderr);
      assert.deepEqual([end.kind, end.code], ["adopted", "EBG-MEMBER-UNREACHABLE"]);
      assert.match(end.message, /adopting 'nginx' stands before '[a-z-]+': .*blue/);
      assert.match(end.remedy, /bring the API server back and run the same command again/);
    }
    const { adoption } = stage.record();
    assert.equal(adoption?.direction, "forward");
    rows.push({ step, what: "the API server went away: EBG-MEMBER-UNREACHABLE, twice", stands: adoption?.step ?? "" });
    await nothingIsLost();
    const refused = await stage.drive(["drain", "green"]);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /EBG-ADOPT: the load balancer of 'nginx' is being handed over/);
    await control.startApiServer("dev-blue");
    await eventually("blue's API server", () =>
      stage.command("kubectl", ["--context", "dev-blue", "get", "--raw", "/readyz"]).status === 0 ? true : null,
    );
  }

  it("killed while the Service is released", () => killedAt("release", { on: "word" }));
  it("killed between two of the tags' removals", () =>
    killedAt("untag", { on: "call", operation: "elasticloadbalancing:RemoveTags" }));
  it("the primary's API server goes away before the labels are off: it stops with a clear error, and loses nothing", () =>
    withoutApiServerAt("unlabel"));
  it("killed with the engine while the environment's stack imports", () =>
    killedAt("import-environment", { on: "engine", stack: "dev" }));
  it("killed with the engine while the primary's stack imports", () =>
    killedAt("import-primary", { on: "engine", stack: "dev-blue" }));
  it("the primary's API server goes away while its stack imports: the same", () =>
    withoutApiServerAt("import-primary"));
  it("killed while the annotations go", () => killedAt("annotations", { on: "engine", stack: "dev-blue" }));

  it("the same command ends it: the stack has the load balancer, which is the same, and nobody noticed", async () => {
    await good(["adopt"]);
    const record = stage.record();
    assert.equal(record.adoption ?? null, null);
    assert.deepEqual([record.ownership?.owner, record.ownership?.formerPrimary], ["stack", "blue"]);
    await nothingIsLost();
    stage.configure((config) => {
      Object.assign(config["loadBalancer"] ?? {}, { owner: "stack" });
      delete config["loadBalancer"]?.["primary"];
    });
    await good(["up"]);
    for (const name of ["dev", "dev-blue", "dev-green"]) {
      const preview = stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", name]);
      assert.equal(preview.status, 0, `${name}: ${preview.stdout}${preview.stderr}`);
    }
    await nothingIsLost();
    const { deployment } = stage.json<{ deployment: { resources: { type: string; id?: string }[] } }>("pulumi", [
      "stack",
      "export",
      "-s",
      "dev",
    ]);
    const declared = deployment.resources
      .filter(({ type }) => type.startsWith("aws:lb/"))
      .map(({ id }) => id ?? "")
      .sort();
    assert.deepEqual(declared, identitiesBefore);
    const service = stage.json<{
      metadata: { finalizers?: string[]; annotations?: Record<string, string> };
      spec: { type: string };
    }>("kubectl", ["--context", "dev-blue", "-n", "nginx", "get", "service", "nginx-lb", "-o", "json"]);
    assert.deepEqual(
      [
        service.spec.type,
        service.metadata.finalizers ?? [],
        Object.keys(service.metadata.annotations ?? {}).filter((key) => key.startsWith("service.beta.kubernetes.io/")),
      ],
      ["ClusterIP", [], []],
    );
  });

  it("`verify` finds nothing that must be repaired", async () => {
    const run = await good(["verify", "--requests", "600"]);
    const report = run.events.find((event) => (event.kind as string) === "verify") as unknown as VerifyReport;
    assert.equal(report.verdict, "good");
    // A fair load balancer fails the spread's test once in a thousand runs; pods that `up` made beside their bindings
    // may lack a gate, and are rolled by their owner.
    const advice = ["EBG-V-SPREAD", "EBG-V-READINESS-GATES"];
    assert.deepEqual(
      report.checks.filter(
        ({ status, code, severity }) =>
          status !== "passed" && status !== "skipped" && !(severity === "recommended" && advice.includes(code)),
      ),
      [],
    );
    assert.ok(report.checks.length > 30, `${report.checks.length} checks`);
  });

  it("nobody noticed any of it", async () => {
    const summary = await load?.stop();
    load = null;
    assert.ok(summary !== undefined);
    console.log(
      `      ${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ` +
        `${summary.idleResets} idle resets`,
    );
    assertNobodyNoticed(summary);
  });

  it(
    "`teardown`, killed with the engine once the load balancer is deleted, and run again: nothing is left, of what " +
      "was adopted neither",
    async () => {
      const teardown = ["teardown", "--yes-delete", "dev"];
      const since = (await control.requests<{ id: number }>()).at(-1)?.id ?? 0;
      let timer: NodeJS.Timeout | undefined;
      const killed = await stage.drive(teardown, (event: DriverEvent, kill) => {
        if (event.kind !== "stack" || event.message !== "destroying" || event.stack !== "dev") return;
        timer = setInterval(() => {
          void control.requests<{ operation: string }>(since).then(
            (seen) => {
              if (!seen.some(({ operation }) => operation === "elasticloadbalancing:DeleteLoadBalancer")) return;
              clearInterval(timer);
              kill("SIGKILL");
              stage.killEngine("dev");
            },
            () => undefined,
          );
        }, 15);
      });
      clearInterval(timer);
      assert.equal(killed.code, null, `not killed, but ended with ${killed.code}: ${killed.stderr}`);
      await good(teardown);
      const left = thingsOfAws.flatMap(({ what, args }) => list(args).map((id) => `${what}: ${id}`));
      assert.deepEqual(left, []);
      const stacks = stage.json<{ name: string; resourceCount?: number }[]>("pulumi", ["stack", "ls", "--json"]);
      assert.deepEqual(
        stacks.filter(({ resourceCount }) => (resourceCount ?? 0) > 0),
        [],
      );
    },
  );
});
