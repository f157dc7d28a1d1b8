/**
 * The way out of the seeds' trap: the load balancer that a Service of the primary owns is handed over to the stack
 * under traffic; then the old primary is destroyed.
 */
import { inspectProject } from "../project-copy";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import type { RehearsalStage, Seen } from "../stage";
import { verifyIsGood } from "./tutorial-checks";
import { versionsOf } from "./versions";
import { counted } from "../../../text/sentences";

interface Arns {
  readonly loadBalancers: string;
  readonly targetGroups: string;
}

async function arns(stage: RehearsalStage): Promise<Arns> {
  const list = async (operation: string, query: string): Promise<string> =>
    (await stage.json<string[]>("aws", ["elbv2", operation, "--query", query, "--output", "json"])).sort().join(" ");
  return {
    loadBalancers: await list("describe-load-balancers", "LoadBalancers[].LoadBalancerArn"),
    targetGroups: await list("describe-target-groups", "TargetGroups[].TargetGroupArn"),
  };
}

async function same(stage: RehearsalStage, before: Arns): Promise<Seen> {
  const now = await arns(stage);
  const holds = now.loadBalancers === before.loadBalancers && now.targetGroups === before.targetGroups;
  return {
    holds,
    seen: holds
      ? before.loadBalancers
          .split(" ")
          .map((arn) => arn.split("/").slice(-2).join("/"))
          .join(", ")
      : `before ${before.loadBalancers}, now ${now.loadBalancers}`,
  };
}

interface State {
  readonly deployment: { readonly resources: readonly { readonly type: string; readonly id?: string }[] };
}

async function ofTheStack(stage: RehearsalStage, before: Arns): Promise<Seen> {
  const { deployment } = await stage.json<State>("pulumi", ["stack", "export", "-s", stage.project.environment]);
  const ids = deployment.resources
    .filter(({ type }) => type === "aws:lb/loadBalancer:LoadBalancer")
    .map(({ id }) => id ?? "");
  const missing = before.loadBalancers.split(" ").filter((arn) => !ids.includes(arn));
  return {
    holds: missing.length === 0,
    seen:
      missing.length === 0
        ? `${counted(ids.length, "load balancer")} in the state of ${stage.project.environment}`
        : `not in the state: ${missing.join(", ")}`,
  };
}

async function perform(stage: RehearsalStage, from: string, to: string): Promise<Ending> {
  const { environment } = stage.project;
  stage.project.setVersion(from);
  stage.project.set(["loadBalancer", "owner"], "service");
  await stage.step(`deploy ${environment} at ${from}: a Service owns the load balancer`, () => stage.mustDrive(["up"]));
  await stage.beginLoad();
  const before = await arns(stage);
  await stage.claim("", "retiring the primary is refused", () => primaryIsKept(stage, to, from), 0);
  await stage.step("adopt", () => stage.mustDrive(["adopt"]));
  await stage.claim("", "the load balancer and its target groups are the same", () => same(stage, before));
  await stage.claim("", "the stack owns the load balancer", () => ofTheStack(stage, before));
  stage.project.set(["loadBalancer", "owner"], "stack");
  stage.project.setVersion(to);
  await stage.step(`upgrade ${environment} ${from} → ${to}: the old primary is destroyed at the end`, () =>
    stage.mustDrive(["upgrade", "--approve-retire"]),
  );
  await stage.claim("", "the old primary's cluster is gone", () => oneClusterLeft(stage));
  await stage.claim("", "the load balancer and its target groups are still the same", () => same(stage, before));
  await stage.claim("", "requests succeed, and all else holds", () => verifyIsGood(stage), 30);
  await stage.endLoad();
  return { driverExitCode: 0, message: "done, the load balancer outlived the cluster that made it" };
}

/** EBG-PRIMARY, before anything is begun. */
async function primaryIsKept(stage: RehearsalStage, to: string, from: string): Promise<Seen> {
  stage.project.setVersion(to);
  let refused = "";
  const code = await stage.drive(["upgrade", "--approve-retire"], (event) => {
    if (event.kind === "rollout-finished") refused = event.code ?? event.message;
    if ((event as { kind: string }).kind === "error") refused = (event as unknown as { code: string }).code;
  });
  stage.project.setVersion(from);
  return { holds: code !== 0 && refused === "EBG-PRIMARY", seen: `exit code ${code}, ${refused}` };
}

async function oneClusterLeft(stage: RehearsalStage): Promise<Seen> {
  const { clusters } = await stage.json<{ clusters: readonly string[] }>("aws", [
    "eks",
    "list-clusters",
    "--output",
    "json",
  ]);
  return { holds: clusters.length === 1, seen: clusters.join(", ") };
}

export const adopt: Scenario = {
  name: "adopt",
  summary:
    "your own program with loadBalancer.owner service: the load balancer is handed over, then its old primary is " +
    "destroyed",
  plan: (options): Act => {
    refuseOptions("adopt", { "--fault": options.faults });
    const project = inspectProject(options.projectDirectory, options.environment);
    const { from, to } = versionsOf(project, options);
    return {
      title: `adopt the load balancer of ${options.environment}, then ${from} → ${to}`,
      project,
      perform: (stage) => perform(stage, from, to),
    };
  },
};
