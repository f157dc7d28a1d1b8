// A draft: with owner `stack` it has passed; with owner `service` everything up to the teardown, whose defect is mended and covered by a unit test, but not run again to its end.
/**
 * Instance targets from the load balancer to the pod: node ports of every node, with both owners. Under load: a member joins, the other
 * leaves, with owner `service` also the primary, which keeps its load balancer; `verify` agrees; and at the end of it nothing is left.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { eventually, Stage } from "./stage";

type Values = Record<string, unknown>;
interface NodeList { readonly items: readonly { readonly spec: { readonly providerID: string } }[] }
interface Health { readonly TargetHealthDescriptions: readonly { readonly Target: { readonly Id: string; readonly Port: number }; readonly TargetHealth: { readonly State: string } }[] }
interface Verified { readonly verdict: string; readonly findings: readonly { readonly code: string; readonly severity: string; readonly subject: string; readonly message: string }[]; readonly traffic: readonly { readonly member: string; readonly answers: number | null }[] }

async function deploy(owner: "stack" | "service"): Promise<Stage> {
  const stage = await Stage.open({ version: "1.35" });
  const file = join(stage.projectDirectory, "Pulumi.dev.yaml");
  const settings = parse(readFileSync(file, "utf8")) as { config: Values };
  const { config } = settings;
  config["eks-blue-green:services"] = (config["eks-blue-green:services"] as Values[]).map((service) => ({ ...service, replicas: 2, targetType: "instance" }));
  if (owner === "service") {
    config["eks-blue-green:loadBalancer"] = { owner: "service", primary: "blue" };
    // With owner `stack` whoever stays is scaled up first, nodes included; here not.
    config["eks-blue-green:rollout"] = { ...(config["eks-blue-green:rollout"] as Values), minCapacityPercent: 50 };
  }
  writeFileSync(file, stringify(settings));
  const run = await stage.drive(["up"]);
  assert.equal(run.code, 0, run.stderr);
  return stage;
}

/** `i-…:NodePort` of all nodes, from the cluster itself. Each cluster has node ports of its own. */
function nodeTargets(stage: Stage, member: string, service: string): string[] {
  const port = stage.command("kubectl", ["--context", `dev-${member}`, "-n", "web", "get", "service", service, "-o", "jsonpath={.spec.ports[0].nodePort}"]).stdout;
  const nodes = stage.json<NodeList>("kubectl", ["--context", `dev-${member}`, "get", "nodes", "-o", "json"]).items;
  return nodes.map(({ spec }) => `${spec.providerID.split("/").at(-1) ?? ""}:${port}`).sort();
}

/** Registered ones with their state; what is draining is on its way out. */
function registered(stage: Stage): Record<string, string> {
  const [arn = ""] = stage.json<string[]>("aws", ["elbv2", "describe-target-groups", "--query", "TargetGroups[].TargetGroupArn", "--output", "json"]);
  const { TargetHealthDescriptions } = stage.json<Health>("aws", ["elbv2", "describe-target-health", "--target-group-arn", arn, "--output", "json"]);
  return Object.fromEntries(TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth.State !== "draining").map(({ Target, TargetHealth }) => [`${Target.Id}:${Target.Port}`, TargetHealth.State]));
}

const healthy = (ids: readonly string[]): Record<string, string> => Object.fromEntries(ids.map((id) => [id, "healthy"]));

async function drive(stage: Stage, ...args: string[]): Promise<void> {
  const run = await stage.drive(args);
  assert.equal(run.code, 0, run.stderr);
}

/** Everything required holds, and requests reach exactly these members. */
async function verify(stage: Stage, members: readonly string[]): Promise<void> {
  const bin = join(__dirname, "../../bin/eks-blue-green.js");
  // A member's first seconds of traffic are not even yet: the look is repeated, as a person would.
  await eventually(`verify is good for ${members.join(", ")}`, 180, () => {
    const run = stage.command(process.execPath, [bin, "verify", "--stack", "dev", "--requests", "400", "--json"]);
    const seen = JSON.parse(run.stdout) as Verified;
    const answering = seen.traffic.filter(({ answers }) => (answers ?? 0) > 0).map(({ member }) => member).sort();
    return run.status === 0 && seen.verdict === "good" && JSON.stringify(answering) === JSON.stringify(members) ? seen : null;
  });
}

async function underLoad(stage: Stage, work: () => Promise<void>): Promise<void> {
  const load = await stage.load(200);
  try {
    await work();
  } finally {
    const summary = await load.stop();
    console.log(`      ${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ${summary.idleResets} idle resets`);
    assert.deepEqual([summary.failed, summary.idleResets, summary.void], [0, 0, false], JSON.stringify({ failures: summary.firstFailures, lag: summary.schedulingLagMs }, null, 1));
    assert.ok(summary.sent > 1000);
  }
}

async function teardown(stage: Stage): Promise<void> {
  await drive(stage, "teardown", "--yes-delete", "dev");
  for (const args of [["elbv2", "describe-load-balancers", "--query", "LoadBalancers"], ["elbv2", "describe-target-groups", "--query", "TargetGroups"], ["eks", "list-clusters", "--query", "clusters"], ["ec2", "describe-security-groups", "--query", "SecurityGroups[?GroupName!='default']"]]) {
    assert.deepEqual(stage.json<unknown[]>("aws", [...args, "--output", "json"]), [], args.join(" "));
  }
}

describe("instance targets", function () {
  this.timeout(900_000);

  it("owner stack: admitted, drained, verified", async () => {
    const stage = await deploy("stack");
    try {
      const blue = nodeTargets(stage, "blue", "web");
      assert.equal(blue.length, 2);
      await underLoad(stage, async () => {
        await drive(stage, "admit", "green");
        assert.deepEqual(registered(stage), healthy([...blue, ...nodeTargets(stage, "green", "web")]));
        await verify(stage, ["blue", "green"]);
        // With more nodes than before: who stays carries all of the load.
        await drive(stage, "drain", "blue");
        assert.deepEqual(registered(stage), healthy(nodeTargets(stage, "green", "web")));
        await verify(stage, ["green"]);
      });
    } finally {
      await stage.close();
    }
  });

  it("owner service: the primary stands down by its annotation, keeps the load balancer, and comes back", async () => {
    const stage = await deploy("service");
    try {
      const balancers = (): string[] => stage.json<string[]>("aws", ["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn", "--output", "json"]);
      const [before, blue] = [balancers(), nodeTargets(stage, "blue", "web-lb")];
      assert.equal(before.length, 1);
      await underLoad(stage, async () => {
        await drive(stage, "admit", "green");
        assert.deepEqual(registered(stage), healthy([...blue, ...nodeTargets(stage, "green", "web")]));
        await drive(stage, "drain", "blue");
        assert.deepEqual(registered(stage), healthy(nodeTargets(stage, "green", "web")));
        const labels = stage.command("kubectl", ["--context", "dev-blue", "-n", "web", "get", "service", "web-lb", "-o", "jsonpath={.metadata.annotations.service\\.beta\\.kubernetes\\.io/aws-load-balancer-target-node-labels}"]);
        assert.equal(labels.stdout, "eks-blue-green/standby=true");
        assert.deepEqual(balancers(), before);
        await verify(stage, ["green"]);
        await drive(stage, "admit", "blue");
        assert.deepEqual(registered(stage), healthy([...nodeTargets(stage, "blue", "web-lb"), ...nodeTargets(stage, "green", "web")]));
        await verify(stage, ["blue", "green"]);
      });
      await teardown(stage);
    } finally {
      await stage.close();
    }
  });
});
