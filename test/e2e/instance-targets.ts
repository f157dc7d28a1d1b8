/**
 * What the tests of instance targets share: targets are node ports of every node, so they are told by nodes, not by
 * pods.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually, Stage, type Values } from "./stage";

interface NodeList {
  readonly items: readonly { readonly spec: { readonly providerID: string } }[];
}
interface Verified {
  readonly verdict: string;
  readonly traffic: readonly { readonly member: string; readonly answers: number | null }[];
}

/** A deployed environment with two replicas on two nodes; `more` may change its settings further. */
export async function deploy(more: (config: Record<string, Values>) => void = () => undefined): Promise<Stage> {
  const stage = await Stage.open({ version: "1.35", secrets: "key" });
  stage.configure((config) => {
    config["services"] = (config["services"] as unknown as Values[]).map((service) => ({
      ...service,
      replicas: 2,
      targetType: "instance",
    })) as unknown as Values;
    more(config);
  });
  await drive(stage, "up");
  return stage;
}

/** The primary's Service owns the load balancer. */
export function ownedByService(config: Record<string, Values>): void {
  config["loadBalancer"] = { owner: "service", primary: "blue" };
  // Nobody is scaled up before somebody leaves.
  config["rollout"] = { ...config["rollout"], minCapacityPercent: 50 };
}

/** `i-…:NodePort` of all nodes, from the cluster itself. Each cluster has node ports of its own. */
export function nodeTargets(stage: Stage, member: string, service: string): string[] {
  const port = stage.command("kubectl", [
    "--context",
    `dev-${member}`,
    "-n",
    "web",
    "get",
    "service",
    service,
    "-o",
    "jsonpath={.spec.ports[0].nodePort}",
  ]).stdout;
  const nodes = stage.json<NodeList>("kubectl", ["--context", `dev-${member}`, "get", "nodes", "-o", "json"]).items;
  assert.ok(Number(port) > 0 && nodes.length >= 2, `${member}: port ${port}, ${nodes.length} nodes`);
  return nodes.map(({ spec }) => `${spec.providerID.split("/").at(-1) ?? ""}:${port}`).sort();
}

/** What is registered, with its state; what is draining is on its way out. */
export function registered(stage: Stage): Record<string, string> {
  return Object.fromEntries(
    stage
      .targetHealth()
      .filter(({ TargetHealth }) => TargetHealth.State !== "draining")
      .map(({ Target, TargetHealth }) => [`${Target.Id}:${Target.Port}`, TargetHealth.State]),
  );
}

export const healthy = (ids: readonly string[]): Record<string, string> =>
  Object.fromEntries(ids.map((id) => [id, "healthy"]));

export async function drive(stage: Stage, ...args: string[]): Promise<void> {
  const run = await stage.drive(args);
  assert.equal(run.code, 0, run.stderr);
}

/** Everything required holds, and requests reach exactly these members. */
export async function verify(stage: Stage, members: readonly string[]): Promise<void> {
  const bin = join(__dirname, "../../bin/eks-blue-green.js");
  // A member's first seconds of traffic are not even yet: the look is repeated, as a person would.
  await eventually(`verify is good for ${members.join(", ")}`, () => {
    const run = stage.command(process.execPath, [bin, "verify", "--stack", "dev", "--requests", "400", "--json"]);
    const seen = JSON.parse(run.stdout) as Verified;
    const answering = seen.traffic
      .filter(({ answers }) => (answers ?? 0) > 0)
      .map(({ member }) => member)
      .sort();
    return run.status === 0 && seen.verdict === "good" && JSON.stringify(answering) === JSON.stringify(members)
      ? seen
      : null;
  });
}
