/**
 * The seeds' scenario 2: several clusters from the start, behind a load balancer that a Service of the primary owns;
 * then the primary stands down and comes back.
 */
import type { Act, Ending, Scenario } from "../scenario";
import { refuseOptions } from "../scenario";
import type { RehearsalStage } from "../stage";
import { exampleConfig } from "./own-project";
import {
  configMapsListPods,
  crdHasField,
  flagIsOn,
  generatedBindings,
  targetsAreHealthy,
  verifyIsGood,
  workloadRuns,
} from "./tutorial-checks";

const blue = "dev-blue";
const green = "dev-green";
const namespace = "nginx";
const primary = { context: blue, namespace, service: "nginx-lb" };
const listeners = 2;

const groupsOf = async (stage: RehearsalStage): Promise<string[]> =>
  (await generatedBindings(stage, primary)).map(({ targetGroupArn }) => targetGroupArn);

interface Attributes {
  readonly Attributes: readonly { readonly Key: string; readonly Value: string }[];
}
interface Balancers {
  readonly LoadBalancers: readonly {
    readonly LoadBalancerArn: string;
    readonly LoadBalancerName: string;
    readonly Scheme: string;
  }[];
}

/** What the Service's annotations ask for, as AWS has it. */
async function balancerIsAsAsked(stage: RehearsalStage): Promise<{ holds: boolean; seen: string }> {
  const { LoadBalancers } = await stage.json<Balancers>("aws", [
    "elbv2",
    "describe-load-balancers",
    "--output",
    "json",
  ]);
  const [one] = LoadBalancers;
  if (one === undefined || LoadBalancers.length !== 1)
    return { holds: false, seen: `${LoadBalancers.length} load balancers` };
  const { Attributes } = await stage.json<Attributes>("aws", [
    "elbv2",
    "describe-load-balancer-attributes",
    "--load-balancer-arn",
    one.LoadBalancerArn,
    "--output",
    "json",
  ]);
  const isProtected = Attributes.some(({ Key, Value }) => Key === "deletion_protection.enabled" && Value === "true");
  return {
    holds: isProtected && one.Scheme === "internet-facing",
    seen: `${one.LoadBalancerName}, ${one.Scheme}, deletion protection ${isProtected ? "on" : "off"}`,
  };
}

/** The first half is also where `adopt` begins. */
export async function twoMembersServe(stage: RehearsalStage): Promise<void> {
  await stage.step("deploy dev: blue has the load balancer", () => stage.mustDrive(["up"]));
  await stage.beginLoad(listeners);
  await stage.claim("step 1", "the Service's load balancer is as asked for", () => balancerIsAsAsked(stage));
  await stage.claim("step 1", "the CRD has the field on the primary", () => crdHasField(stage, blue));
  await stage.claim("step 1", "the primary's bindings carry the flag", () => flagIsOn(stage, primary));
  await stage.claim("step 2", "the primary's ConfigMaps list its pods", async () =>
    configMapsListPods(stage, {
      context: blue,
      namespace,
      bindings: (await generatedBindings(stage, primary)).map(({ name }) => name),
    }),
  );
  await stage.step("admit green: provision it, bind it to blue's target groups", () =>
    stage.mustDrive(["admit", "green"]),
  );
  await stage.claim("step 3", "the secondary has a ClusterIP Service and its pods run", () =>
    workloadRuns(stage, { context: green, namespace, deployment: "nginx", service: "nginx" }, "ClusterIP"),
  );
  await stage.claim("step 4", "the CRD has the field on the secondary", () => crdHasField(stage, green));
  await stage.claim("step 5", "the secondary's ConfigMaps list its pods", () =>
    configMapsListPods(stage, { context: green, namespace, bindings: ["nginx-web", "nginx-api"] }),
  );
  await stage.claim("step 6", "targets of both clusters are healthy", async () =>
    targetsAreHealthy(stage, await groupsOf(stage), [
      { context: blue, namespace },
      { context: green, namespace },
    ]),
  );
  await stage.claim(
    "step 6",
    "requests are spread over both clusters, and all else holds",
    () => verifyIsGood(stage),
    30,
  );
}

async function perform(stage: RehearsalStage): Promise<Ending> {
  await twoMembersServe(stage);
  const before = await groupsOf(stage);
  await stage.step("drain blue: the primary stands down and keeps the load balancer", () =>
    stage.mustDrive(["drain", "blue"]),
  );
  await stage.claim("", "the load balancer and its target groups are the same", async () => {
    const now = await groupsOf(stage);
    return { holds: JSON.stringify(now) === JSON.stringify(before), seen: `${now.length} target groups` };
  });
  await stage.claim("", "only the secondary's targets are left", async () =>
    targetsAreHealthy(stage, before, [{ context: green, namespace }]),
  );
  await stage.step("admit blue: the primary comes back", () => stage.mustDrive(["admit", "blue"]));
  await stage.claim("", "targets of both clusters are healthy again", async () =>
    targetsAreHealthy(stage, before, [
      { context: blue, namespace },
      { context: green, namespace },
    ]),
  );
  await stage.endLoad();
  return { driverExitCode: 0, message: "done, both members serve" };
}

export const newWorkload: Scenario = {
  name: "new-workload",
  summary:
    "two clusters from the start, behind a Service's load balancer with two ports; then the primary stands down " +
    "and comes back",
  plan: (options): Act => {
    refuseOptions("new-workload", { "--from": options.from, "--to": options.to, "--fault": options.faults });
    return { title: "new workload, load balancer of a Service", project: exampleConfig("new-workload"), perform };
  },
};
