/**
 * The seeds' scenario 1: a workload that runs already behind its own load balancer is taken in, under traffic, and a
 * second cluster joins. Then the primary stands down and comes back.
 */
import { attributesAnnotation } from "../../../../components/internal/service-annotations";
import type { DriverEvent } from "../../../events";
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import type { RehearsalStage, Seen } from "../stage";
import { exampleConfig, exampleProgram } from "./own-project";
import {
  configMapsListPods,
  crdHasField,
  flagIsOn,
  generatedBindings,
  targetsAreHealthy,
  verifyIsGood,
  workloadRuns,
} from "./tutorial-checks";

const blue = "pri-eks-clu1";
const green = "dev-green";
const namespace = "default";
const primary = { context: blue, namespace, service: "nginx" };

interface Outputs {
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
}
interface Identity {
  readonly service: string;
  readonly pods: string;
  readonly targetGroups: string;
  readonly loadBalancers: string;
}
interface Listed {
  readonly items: readonly { readonly metadata: { readonly uid: string } }[];
}

async function deployExisting(stage: RehearsalStage): Promise<void> {
  const directory = stage.others;
  await stage.command("pulumi", ["stack", "init", "dev", "--non-interactive"], directory);
  await stage.command("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "-s", "dev"], directory);
  const { vpcId, publicSubnetIds } = await stage.json<Outputs>(
    "pulumi",
    ["stack", "output", "--json", "-s", "dev"],
    directory,
  );
  stage.project.set(["network", "existing"], { vpcId, privateSubnetIds: publicSubnetIds, publicSubnetIds });
}

/** What must not be recreated, by what changes when it is. */
async function identities(stage: RehearsalStage): Promise<Identity> {
  const uids = async (kind: string): Promise<string> =>
    (
      await stage.json<Listed>("kubectl", [
        "--context",
        blue,
        "-n",
        namespace,
        "get",
        kind,
        "-l",
        kind === "pods" ? "app=nginx" : "",
        "-o",
        "json",
      ])
    ).items
      .map(({ metadata }) => metadata.uid)
      .sort()
      .join(" ");
  const arns = async (operation: string, query: string): Promise<string> =>
    (await stage.json<readonly string[]>("aws", ["elbv2", operation, "--query", query, "--output", "json"])).join(" ");
  return {
    service: await uids("services"),
    pods: await uids("pods"),
    targetGroups: await arns("describe-target-groups", "TargetGroups[].TargetGroupArn"),
    loadBalancers: await arns("describe-load-balancers", "LoadBalancers[].LoadBalancerArn"),
  };
}

async function nothingRecreated(stage: RehearsalStage, before: Identity): Promise<Seen> {
  const now = await identities(stage);
  const changed = (Object.keys(before) as (keyof Identity)[]).filter((key) => now[key] !== before[key]);
  return {
    holds: changed.length === 0,
    seen:
      changed.length === 0
        ? "Service, pods, target group and load balancer are the same"
        : `changed: ${changed.join(", ")}`,
  };
}

async function isProtected(stage: RehearsalStage): Promise<Seen> {
  const [arn = ""] = await stage.json<readonly string[]>("aws", [
    "elbv2",
    "describe-load-balancers",
    "--query",
    "LoadBalancers[].LoadBalancerArn",
    "--output",
    "json",
  ]);
  const on = await stage.json<readonly string[]>("aws", [
    "elbv2",
    "describe-load-balancer-attributes",
    "--load-balancer-arn",
    arn,
    "--query",
    "Attributes[?Key=='deletion_protection.enabled'].Value",
    "--output",
    "json",
  ]);
  return { holds: on[0] === "true", seen: `deletion_protection.enabled=${on[0] ?? "?"}` };
}

/** Theirs and ours are in one annotation. */
async function attributesAreBoth(stage: RehearsalStage): Promise<Seen> {
  const { metadata } = await stage.json<{ metadata: { annotations?: Record<string, string> } }>("kubectl", [
    "--context",
    blue,
    "-n",
    namespace,
    "get",
    "service",
    "nginx",
    "-o",
    "json",
  ]);
  const seen = metadata.annotations?.[attributesAnnotation] ?? "";
  return { holds: seen === "load_balancing.cross_zone.enabled=true,deletion_protection.enabled=true", seen };
}

/** Standing down goes by the selector, which to the API server is one value: theirs must come back whole. */
async function selectsAsBefore(stage: RehearsalStage): Promise<Seen> {
  const { spec } = await stage.json<{ spec: { selector?: Record<string, string> } }>("kubectl", [
    "--context",
    blue,
    "-n",
    namespace,
    "get",
    "service",
    "nginx",
    "-o",
    "json",
  ]);
  const seen = JSON.stringify(spec.selector ?? {});
  return { holds: seen === JSON.stringify({ app: "nginx" }), seen };
}

const groupsOf = async (stage: RehearsalStage): Promise<string[]> =>
  (await generatedBindings(stage, primary)).map(({ targetGroupArn }) => targetGroupArn);
const isProvisioned = (event: DriverEvent): boolean =>
  event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "provision";

async function perform(stage: RehearsalStage): Promise<Ending> {
  await stage.step("somebody else's program: one cluster, nginx, its own load balancer", () => deployExisting(stage));
  await stage.beginLoad();
  const before = await identities(stage);
  await stage.claim("step 1", "the CRD has the field on the primary", () => crdHasField(stage, blue));
  await stage.step("up: the Service of others is patched, nothing is made for it", () => stage.mustDrive(["up"]));
  await stage.claim("step 2", "deletion protection is on", () => isProtected(stage));
  await stage.claim("step 2", "its owner's other attributes stay", () => attributesAreBoth(stage));
  await stage.claim("step 2", "nothing was recreated", () => nothingRecreated(stage, before));
  await stage.claim("step 3", "the primary's binding carries the flag", () => flagIsOn(stage, primary));
  await stage.claim("step 4", "the primary's ConfigMap lists its pods", async () =>
    configMapsListPods(stage, {
      context: blue,
      namespace,
      bindings: (await generatedBindings(stage, primary)).map(({ name }) => name),
    }),
  );
  await stage.claim(
    "step 4",
    "every target is one of the primary's pods: none was left behind when the flag changed",
    async () => targetsAreHealthy(stage, await groupsOf(stage), [{ context: blue, namespace }]),
  );
  let crd: Promise<unknown> = Promise.resolve();
  await stage.step("admit green: provision it, bind it to the existing target group", () =>
    stage.mustDrive(["admit", "green"], (event) => {
      // The seeds look at both clusters first; the second one is not there before this.
      if (isProvisioned(event))
        crd = stage.claim("step 1", "the CRD has the field on the secondary", () => crdHasField(stage, green));
    }),
  );
  await crd;
  await stage.claim("step 5", "the secondary has a ClusterIP Service and its pods run", () =>
    workloadRuns(stage, { context: green, namespace, deployment: "nginx", service: "nginx" }, "ClusterIP"),
  );
  await stage.claim("step 7", "the secondary's ConfigMap lists its pods", () =>
    configMapsListPods(stage, { context: green, namespace, bindings: ["nginx"] }),
  );
  await stage.claim("step 8", "targets of both clusters are healthy", async () =>
    targetsAreHealthy(stage, await groupsOf(stage), [
      { context: blue, namespace },
      { context: green, namespace },
    ]),
  );
  await stage.claim(
    "step 9",
    "requests are spread over both clusters, and all else holds",
    () => verifyIsGood(stage),
    30,
  );
  await stage.claim("", "still nothing was recreated", () => nothingRecreated(stage, before));
  await stage.step("drain blue: the primary stands down and keeps the load balancer of others", () =>
    stage.mustDrive(["drain", "blue"]),
  );
  await stage.claim("", "only the secondary's targets are left", async () =>
    targetsAreHealthy(stage, await groupsOf(stage), [{ context: green, namespace }]),
  );
  await stage.step("admit blue: the primary comes back", () => stage.mustDrive(["admit", "blue"]));
  await stage.claim("", "targets of both clusters are healthy again", async () =>
    targetsAreHealthy(stage, await groupsOf(stage), [
      { context: blue, namespace },
      { context: green, namespace },
    ]),
  );
  await stage.claim("", "the Service selects what its owner wrote", () => selectsAsBefore(stage));
  await stage.claim("", "and nothing was recreated", () => nothingRecreated(stage, before));
  await stage.claim("", "the program of others has nothing to change", () => othersUnchanged(stage), 0);
  await stage.endLoad();
  return { driverExitCode: 0, message: "done, the workload of others is served by two clusters" };
}

/** Their next deployment must not take the annotations off again. */
async function othersUnchanged(stage: RehearsalStage): Promise<Seen> {
  await stage.command("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "-s", "dev"], stage.others);
  const flag = await flagIsOn(stage, primary);
  return { holds: flag.holds, seen: `after their next \`pulumi up\`: ${flag.seen}` };
}

export const extend: Scenario = {
  name: "extend",
  summary:
    "a workload that runs already behind its own load balancer is taken in, and a second cluster joins; then the " +
    "primary stands down and comes back",
  plan: (options): Act => {
    refuseOptions("extend", { "--from": options.from, "--to": options.to, "--fault": options.faults });
    return {
      title: "extend an existing load balancer",
      project: exampleConfig("extend"),
      others: exampleProgram("existing-workload"),
      perform,
    };
  },
};
