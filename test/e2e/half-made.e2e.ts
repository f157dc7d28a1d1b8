/**
 * kill -9 of driver and engine while a new member is being made: inside the EKS cluster's creation, the node group's,
 * the controller's Helm release,
 * and (in `admit`) the binding's, whose webhook does not answer. Under load, in one sandbox. Nothing of the old member
 * or the environment is touched, a
 * plain `pulumi up` beside it works, and the same command ends it; or `rollback` takes the half-made member away.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import { Stage } from "./stage";
import { lightLoad } from "./traffic";

const upgrade = ["upgrade", "--approve-retire"];
const project = "eks-blue-green";
const cluster = "aws:eks/cluster:Cluster";
const nodeGroup = "aws:eks/nodeGroup:NodeGroup";
const release = "kubernetes:helm.sh/v3:Release";
const binding = "TargetGroupBinding";

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: object;
  readonly outputs?: object;
}
interface State {
  readonly resources: readonly StateResource[];
  readonly pending: readonly { readonly type: string; readonly resource: StateResource }[];
}
interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation?: number };
}

/** Every update encrypts a secret anew: what it says is the same, and is in the inputs too. */
const unciphered = (resource: object): object =>
  JSON.parse(JSON.stringify(resource, (key, value: unknown) => (key === "ciphertext" ? "" : value))) as object;

describe("a member that is half made", function () {
  this.timeout(15 * 60_000);
  let stage: Stage;
  let control: ControlClient;
  let load: { stop: () => Promise<LoadSummary> } | null = null;
  const rows: string[] = [];

  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    control = new ControlClient(stage.info);
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
    load = await stage.load(lightLoad);
  });
  after(async () => {
    await load?.stop();
    for (const row of rows) console.log(`      ${row}`);
    await stage?.close();
  });

  const folder = (...names: string[]): string => join(stage.info.dir, "state", ".pulumi", ...names);
  /**
   * From the backend's file: an export would wait for nothing, but start a process. Null: being written at this moment,
   * or not there.
   */
  function stateOf(stack: string): State | null {
    try {
      const { checkpoint } = JSON.parse(readFileSync(folder("stacks", project, `${stack}.json`), "utf8")) as {
        checkpoint: { latest?: { resources?: StateResource[]; pending_operations?: State["pending"][number][] } };
      };
      // Their order is that of the last update, and says nothing.
      return {
        resources: (checkpoint.latest?.resources ?? []).sort((a, b) => (a.urn < b.urn ? -1 : 1)),
        pending: checkpoint.latest?.pending_operations ?? [],
      };
    } catch {
      return null;
    }
  }
  function enginePid(stack: string): number | null {
    const locks = folder("locks", "organization", project, stack);
    const file = existsSync(locks) ? readdirSync(locks).find((name) => name.endsWith(".json")) : undefined;
    try {
      return file === undefined ? null : (JSON.parse(readFileSync(join(locks, file), "utf8")) as { pid: number }).pid;
    } catch {
      return null;
    }
  }

  /**
   * Runs the upgrade until the member's state says that a resource of this type is being created, and kills driver and
   * engine there.
   */
  async function killInside(
    member: string,
    type: string,
    onEvent: (event: DriverEvent) => void = () => undefined,
  ): Promise<void> {
    const stack = `dev-${member}`;
    const isIt = (one: State["pending"][number]): boolean =>
      one.type === "creating" && one.resource.type.includes(type);
    const caught: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    const run = await stage.drive(upgrade, (event, kill) => {
      onEvent(event);
      timer ??= setInterval(() => {
        const pid = enginePid(stack);
        const pending = stateOf(stack)?.pending ?? [];
        // What an earlier kill left open is not what this engine does: it is known by having been taken away first.
        if (pid === null || !pending.some(isIt)) return;
        clearInterval(timer);
        kill("SIGKILL");
        process.kill(-pid, "SIGKILL");
        caught.push(...pending.map((one) => `${one.type} ${one.resource.type.split(":").at(-1) ?? ""}`));
      }, 15);
    });
    clearInterval(timer);
    assert.equal(
      run.code,
      null,
      `not killed while ${type} of ${member} was created, but ended with ${run.code}:\n${run.stderr}`,
    );
    rows.push(`${member}, killed while: ${caught.join(", ")}`);
  }

  /**
   * What an upgrade must leave alone until it has moved traffic: the old member and the environment, in their states,
   * in AWS and in the cluster.
   */
  function world(member: string): object {
    const known = (stack: string): readonly object[] =>
      (stateOf(stack)?.resources ?? [])
        .filter((one) => one.type !== "pulumi:pulumi:Stack")
        .map(({ urn, id, inputs, outputs }) => unciphered({ urn, id, inputs, outputs }));
    const aws = (...args: string[]): object => stage.json<object>("aws", [...args, "--output", "json"]);
    const objects = stage.json<{ items: Named[] }>("kubectl", [
      "--context",
      `dev-${member}`,
      "get",
      "deployments,services,targetgroupbindings",
      "-A",
      "-o",
      "json",
    ]).items;
    const states = { [member]: known(`dev-${member}`), environment: known("dev") };
    assert.ok(states[member]!.length > 20 && states["environment"]!.length > 5, "the states were read");
    return {
      states,
      cluster: aws("eks", "describe-cluster", "--name", `dev-${member}`),
      nodeGroups: aws("eks", "list-nodegroups", "--cluster-name", `dev-${member}`),
      loadBalancers: aws("elbv2", "describe-load-balancers"),
      targetGroups: aws("elbv2", "describe-target-groups"),
      objects: objects.map(({ kind, metadata: { name, uid, generation } }) => ({ kind, name, uid, generation })),
    };
  }

  /**
   * A colleague's `pulumi up` of the old member: it works, changes nothing there, and leaves the half-made one as it
   * is.
   */
  function plainUpOf(member: string, beside: string): void {
    const before = {
      old: stateOf(`dev-${member}`)?.resources.map(({ urn, id, inputs }) => ({ urn, id, inputs })),
      half: stateOf(`dev-${beside}`),
    };
    const up = stage.command("pulumi", [
      "up",
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--expect-no-changes",
      "-s",
      `dev-${member}`,
    ]);
    assert.equal(up.status, 0, `${up.stdout}\n${up.stderr}`);
    assert.deepEqual(
      {
        old: stateOf(`dev-${member}`)?.resources.map(({ urn, id, inputs }) => ({ urn, id, inputs })),
        half: stateOf(`dev-${beside}`),
      },
      before,
    );
  }

  function nothingIsLeft(old: string, serving: string, version: string): void {
    const record = stage.record();
    assert.deepEqual(record.placement[serving], { role: "active", version, workload: "running" });
    assert.deepEqual([record.placement[old]?.role, record.rollout, record.intent], ["absent", null, null]);
    for (const stack of ["dev", "dev-blue", "dev-green"]) {
      assert.equal(enginePid(stack), null, `${stack} is still locked`);
      const { deployment } = stage.json<{
        deployment: { pending_operations?: object[]; resources?: { type: string }[] };
      }>("pulumi", ["stack", "export", "-s", stack]);
      assert.deepEqual(deployment.pending_operations ?? [], [], `${stack} has pending operations`);
      if (stack === `dev-${old}`)
        assert.deepEqual(
          (deployment.resources ?? []).filter((one) => one.type !== "pulumi:pulumi:Stack"),
          [],
        );
    }
    assert.deepEqual(stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters, [
      `dev-${serving}`,
    ]);
  }

  it("is finished by the same command, wherever in its creation driver and engine are killed", async () => {
    stage.want("1.35");
    const before = world("blue");
    for (const type of [cluster, nodeGroup, release]) {
      // Makes sure that there is an inside: the release's Deployment is late.
      if (type === release)
        for (const verb of ["create", "patch"])
          await control.addFault({
            on: "kubernetes",
            cluster: "dev-green",
            client: "pulumi-kubernetes",
            verb,
            resource: "deployments",
            kind: "delay",
            ms: 4000,
            count: 1,
          });
      await killInside("green", type);
      plainUpOf("blue", "green");
      assert.deepEqual(world("blue"), before, `after the kill inside ${type}`);
    }
    let pausing: Promise<unknown> = Promise.resolve();
    let admitting = false;
    await killInside("green", binding, (event) => {
      if (event.kind === "step-started") admitting = event.step.type === "move" && event.step.kind === "admit";
      // The webhook hangs from here on: the API server waits for it with the binding in its hands. Not before: a preview
      // of the official provider asks the webhook too.
      if (admitting && event.kind === "phase-started" && event.phase === "act")
        pausing = control.addFault({ on: "controller", cluster: "dev-green", kind: "pause" });
    });
    await pausing;
    await control.clearFaults();
    plainUpOf("blue", "green");
    assert.deepEqual(world("blue"), before, "after the kill inside the binding");
    const last = await stage.drive(upgrade);
    assert.equal(last.code, 0, last.stderr);
    nothingIsLeft("blue", "green", "1.35");
  });

  it("is taken away by `rollback`, which leaves the serving one alone", async () => {
    stage.want("1.36");
    const before = world("green");
    await killInside("blue", nodeGroup);
    const unapproved = await stage.drive(["rollback"]);
    assert.equal(unapproved.code, 6, unapproved.stderr);
    assert.match(unapproved.stderr, /half-made blue, which needs approval[\s\S]*rollback --stack dev --approve-retire/);
    const run = await stage.drive(["rollback", "--approve-retire"]);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(world("green"), before);
    nothingIsLeft("blue", "green", "1.35");
  });

  it("went unnoticed by everybody who asked for something", async () => {
    const summary = await load!.stop();
    load = null;
    assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
    assert.deepEqual([summary.failed, summary.idleResets], [0, 0], JSON.stringify(summary.firstFailures, null, 1));
    assert.ok(summary.sent > 1000);
    rows.push(
      `${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ` +
        `${summary.idleResets} idle resets`,
    );
  });
});
