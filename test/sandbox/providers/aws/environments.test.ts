/**
 * What our programs declare is all that AWS tells: after an update, a refresh and a preview show no change, for each
 * example and each kind of environment.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { AwsStandIn } from "../../../../sandbox/providers/aws/provider";
import type { EnvironmentOutputs } from "../../../../stacks/contract";
import { environmentProgram } from "../../../../stacks/environment/program";
import { memberProgram } from "../../../../stacks/member/program";
import { devWith, runUnderMocks } from "../../../stacks/mock-engine";
import { region, type Rig, useRig } from "../../aws-front/rig";
import { StandInWorld } from "./stand-in-world";

type Values = Readonly<Record<string, string>>;
type Stacks = Readonly<Record<string, Record<string, unknown>>>;

/** AWS's own policies, which clusters and nodes need: moto has them only when it is asked for them. */
const ownPolicies = "MOTO_IAM_LOAD_MANAGED_POLICIES";

const root = join(__dirname, "../../../..");
const trust = (Service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });
const inRegion = (text: string): string => text.replaceAll("us-east-1", region);
const asValues = (config: Readonly<Record<string, unknown>>): Values =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
/** Of an example's settings file. */
const example = (name: string): Values =>
  asValues(parse(inRegion(readFileSync(join(root, "examples", name, "Pulumi.dev.yaml"), "utf8"))).config);
const dev = (change: Readonly<Record<string, unknown>> = {}): Values =>
  Object.fromEntries(Object.entries(devWith(change)).map(([key, value]) => [key, inRegion(value)]));

const nodes = { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 4 };
const certificate = `arn:aws:acm:${region}:123456789012:certificate/00000000-0000-0000-0000-000000000000`;
const application = { type: "application" };
const https = { ports: [443], certificateArns: [certificate], redirectFrom: 80 };
const web = { name: "web", namespace: "web", image: "eks-blue-green/echo:1", port: 80, targetPort: 8080, replicas: 2 };
const shop = { ...web, name: "shop", match: { priority: 10, paths: ["/shop", "/shop/*"] } };
const api = { ...web, name: "api", targetPort: 8081, match: { priority: 20, hosts: ["api.example.com"] } };

const template = { type: "aws:ec2/launchTemplate:LaunchTemplate", name: "theirs", inputs: {} };
const boundary = {
  type: "aws:iam/policy:Policy",
  name: "boundary",
  inputs: {
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    }),
  },
};
const launchTemplate = async (world: StandInWorld): Promise<string> => (await world.create(template)).id;
const role = { type: "aws:iam/role:Role", name: "theirs", inputs: { assumeRolePolicy: trust("eks.amazonaws.com") } };
const roleArn = async (world: StandInWorld): Promise<string> =>
  ((await world.create(role)).state as { arn: string }).arn;

/** A cluster that is there, with the agent that gives controllers their permissions; and the config that names it. */
async function existing(world: StandInWorld, { vpcId, subnets }: Rig): Promise<Values> {
  await world.create({
    type: "aws:eks/cluster:Cluster",
    name: "theirs",
    inputs: {
      name: "theirs",
      version: "1.35",
      roleArn: await roleArn(world),
      accessConfig: { authenticationMode: "API" },
      vpcConfig: { subnetIds: subnets },
    },
  });
  const addonName = "eks-pod-identity-agent";
  await world.create({ type: "aws:eks/addon:Addon", name: addonName, inputs: { clusterName: "theirs", addonName } });
  return dev({
    network: { existing: { vpcId, privateSubnetIds: subnets, publicSubnetIds: subnets } },
    memberClusters: { blue: { existing: { clusterName: "theirs", controller: "managed" } } },
  });
}

type Kind = (world: StandInWorld, rig: Rig) => Values | Promise<Values>;
const kinds: Readonly<Record<string, Kind>> = {
  "dev, a network load balancer for all members": () => dev(),
  "weights at a network load balancer": () => dev({ traffic: "weighted" }),
  "an application load balancer for all members": () => dev({ loadBalancer: application, services: [web, shop, api] }),
  "an application load balancer with every option": () =>
    dev({
      loadBalancer: {
        ...application,
        https,
        scheme: "internal",
        application: {
          idleTimeoutSeconds: 120,
          clientKeepAliveSeconds: 600,
          dropInvalidHeaders: true,
          desyncMode: "strictest",
          accessLogs: { bucket: "logs-of-ours", prefix: "dev" },
        },
      },
      services: [{ ...web, port: 443, http: { slowStartSeconds: 60, stickinessSeconds: 600 } }],
    }),
  "clusters with every option": async (world) =>
    dev({
      cluster: {
        nodes: {
          ...nodes,
          labels: { team: "shop" },
          amiType: "AL2023_x86_64_STANDARD",
          capacityType: "SPOT",
          launchTemplate: { id: await launchTemplate(world), version: "1" },
        },
        adminRoleArns: [await roleArn(world)],
        permissionsBoundaryArn: (await world.create(boundary)).id,
        serviceCidrBlock: "172.20.0.0/16",
        endpoint: { privateAccess: true, publicAccess: true, publicCidrs: ["203.0.113.0/24"] },
        supportType: "STANDARD",
        logTypes: ["audit", "api"],
      },
      controller: { identity: "irsa" },
    }),
  "clusters and networks that are there": existing,
  "the example of a load balancer that a member's Service owns": () => example("new-workload"),
  "the example with weights at an application load balancer": () => example("weighted"),
  "the example of another's workload, with nodes that an autoscaler sizes": () => ({
    ...example("gitops"),
    "eks-blue-green:cluster": JSON.stringify({ nodes: { ...nodes, autoscaled: true } }),
  }),
};

describe("what our programs declare, against all that AWS tells", function () {
  this.timeout(240_000);
  before(() => (process.env[ownPolicies] = "true"));
  const rig = useRig();
  after(() => delete process.env[ownPolicies]);
  let provider: AwsStandIn;
  before(async () => {
    provider = new AwsStandIn(rig().env());
    await provider.configure({});
  });

  for (const [kind, valuesOf] of Object.entries(kinds))
    it(`has nothing left to change after an update and a refresh: ${kind}`, async () => {
      const world = new StandInWorld(provider);
      const values = await valuesOf(world, rig());
      const run = <T>(stack: string, stacks: Stacks, program: () => Promise<T>) =>
        Promise.race([runUnderMocks({ stack, stacks, ...world.hooks() }, program), world.failed]);
      const { outputs } = await run("dev", { dev: {} }, () => environmentProgram(values));
      const member = (outputs as unknown as EnvironmentOutputs).config.members[0]!;
      await run(`dev-${member}`, { dev: outputs as Record<string, unknown> }, () =>
        memberProgram({ "eks-blue-green:environment": "dev", "eks-blue-green:member": member }),
      );
      for (const type of ["aws:iam/role:Role", "aws:eks/cluster:Cluster", "aws:eks/addon:Addon"])
        assert.ok(
          world.made.some((one) => one.type === type),
          `${type} is among what was made`,
        );
      assert.deepEqual(await world.changes(), []);
      await world.clear();
    });
});
