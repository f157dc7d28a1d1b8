/** What AWS refuses of what the components declare, though no preview and no provider says so. */
import assert from "node:assert/strict";
import {
  AdoptedLoadBalancer,
  ApplicationLoadBalancer,
  Cluster,
  LoadBalancerController,
  MemberIngress,
  Network,
  SharedLoadBalancer,
  type SharedLoadBalancerArgs,
} from "../../components";
import { describeForEc2 } from "../../components/internal/descriptions";
import { type Registered, runUnderMocks } from "../stacks/mock-engine";
import { handedOver } from "../stacks/environment/handed-over";

/** EC2's documentation of IpRange.Description, UserIdGroupPair.Description, CreateSecurityGroup.GroupDescription. */
const ec2Set = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;
/** Between two groups there is no `&`. */
const groupPairSet = /^[a-zA-Z0-9. _\-:/()#,@[\]+=;{}!$*]{0,255}$/;
/** IAM's pattern of descriptions. */
const iamSet = /^[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]{0,1000}$/;

interface Described {
  readonly where: string;
  readonly text: string;
  readonly set: RegExp;
}

/** Every description, wherever it stands in the inputs. */
function descriptionsOf({ type, name, inputs }: Registered): Described[] {
  const set = type.startsWith("aws:iam/")
    ? iamSet
    : inputs["referencedSecurityGroupId"] === undefined
      ? ec2Set
      : groupPairSet;
  const within = (value: unknown, path: string): Described[] =>
    value === null || typeof value !== "object"
      ? []
      : Object.entries(value).flatMap(([key, inner]) =>
          /^(group)?description$/i.test(key) && typeof inner === "string"
            ? [{ where: `${path}.${key}`, text: inner, set }]
            : within(inner, `${path}.${key}`),
        );
  return within(inputs, `${type} ${name}`);
}

const services: SharedLoadBalancerArgs["services"] = [
  { name: "web", port: 80, targetPort: 8080, healthCheckPort: 9090 },
  { name: "nodes", port: 81, targetPort: 8080, targetType: "instance" },
];
const balancer = {
  loadBalancerName: "dev",
  vpcId: "vpc-1",
  subnetIds: ["subnet-1", "subnet-2"],
  podCidrBlock: "10.0.0.0/16",
};

/** One of every component that declares AWS resources, with all that it can declare. */
const everything = () =>
  runUnderMocks({ stack: "dev" }, async () => {
    new Network("network", {
      cidrBlock: "10.0.0.0/16",
      availabilityZones: ["us-east-1a", "us-east-1b"],
      tags: { a: "b" },
    });
    new SharedLoadBalancer("balancer", {
      ...balancer,
      morePodCidrBlocks: ["100.64.0.0/16"],
      clientCidrBlocks: ["10.0.0.0/8", "192.168.0.0/16"],
      services,
    });
    // Names are texts of the user's.
    new SharedLoadBalancer("odd", { ...balancer, loadBalancerName: `dev's “best” & ${"long".repeat(99)}`, services });
    const { healthCheckPort: _port, ...web } = services[0] ?? { name: "web", port: 80, targetPort: 8080 };
    new ApplicationLoadBalancer("application", { ...balancer, services: [web], weights: { blue: 1, green: 0 } });
    new AdoptedLoadBalancer("adopted", { balancer: handedOver(), targetPorts: {} });
    new MemberIngress("ingress", {
      podSecurityGroupId: "sg-1",
      loadBalancerSecurityGroupId: "sg-2",
      ports: [8080, 9090],
      nodePorts: true,
    });
    const cluster = new Cluster("cluster", {
      clusterName: "dev-blue",
      version: "1.35",
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-1", "subnet-2"],
      nodes: { instanceTypes: ["m6i.large"], minSize: 1, desiredSize: 1, maxSize: 1 },
      addons: { vpcCni: "v1", kubeProxy: "v1", coredns: "v1", podIdentityAgent: "v1" },
      adminRoleArns: ["arn:aws:iam::111122223333:role/admins"],
    });
    new LoadBalancerController(
      "controller",
      { clusterName: "dev-blue", region: "us-east-1", vpcId: "vpc-1" },
      { providers: [cluster.provider] },
    );
    return {};
  });

describe("what the components declare", () => {
  it("has only descriptions that AWS accepts", async () => {
    const { resources } = await everything();
    const described = resources.flatMap(descriptionsOf);
    assert.deepEqual(
      described.filter(({ text, set }) => !set.test(text)).map(({ where, text }) => `${where}: ${text}`),
      [],
    );
    // Security groups, and rules of all kinds that there are.
    const kinds = new Set(described.map(({ where }) => where.split(" ")[0]));
    assert.deepEqual([...kinds].sort(), [
      "aws:ec2/securityGroup:SecurityGroup",
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ]);
    assert.ok(described.length >= 15, `${described.length} descriptions`);
  });

  it("is described in the words of its user as far as AWS accepts them", () => {
    assert.equal(describeForEc2("Load balancer dev"), "Load balancer dev");
    assert.equal(describeForEc2("dev's — “web” & more"), "dev-s - -web- - more");
    assert.equal(describeForEc2("x".repeat(300)).length, 255);
  });

  it("is no security group whose name EC2 takes for an id", async () => {
    await assert.rejects(
      runUnderMocks({ stack: "sg-dev" }, async () => {
        new SharedLoadBalancer("sg-dev", { ...balancer, services });
        return {};
      }),
      /"sg-dev": can't begin with `sg-`.*Choose a name like dev/s,
    );
  });

  it("has no more rules than a security group can have", async () => {
    const declare = (args: Partial<SharedLoadBalancerArgs>) =>
      runUnderMocks({ stack: "dev" }, async () => {
        new SharedLoadBalancer("dev", { ...balancer, services, ...args });
        return {};
      });
    const clients = (count: number) => Array.from({ length: count }, (_, index) => `10.${index}.0.0/16`);
    const listeners = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ name: `s${index}`, port: 80 + index, targetPort: 8000 + index }));
    const inbound = (run: Awaited<ReturnType<typeof declare>>) =>
      run.resources.filter(({ type }) => type.endsWith("SecurityGroupIngressRule")).length;
    assert.equal(inbound(await declare({ clientCidrBlocks: clients(30) })), 60);
    await assert.rejects(
      declare({ clientCidrBlocks: clients(31) }),
      /clientCidrBlocks: 62: makes 62 inbound rules \(2 listeners × 31 client blocks\).* at most 60/,
    );
    await assert.rejects(
      declare({ services: listeners(31), morePodCidrBlocks: ["100.64.0.0/16"] }),
      /services: 62: makes 62 outbound rules/,
    );
    assert.equal(inbound(await declare({ clientCidrBlocks: clients(31), rulesPerSecurityGroup: 200 })), 62);
  });

  it("asks for no profile of whoever runs the update", async () => {
    const { resources } = await everything();
    const cluster = resources.find(({ type }) => type === "eks:index:Cluster");
    assert.deepEqual(cluster?.inputs["providerCredentialOpts"], {});
  });

  it("lets no pod be made without its readiness gate while the controller does not answer", async () => {
    const { resources } = await everything();
    const release = resources.find(({ type }) => type === "kubernetes:helm.sh/v3:Release");
    assert.deepEqual((release?.inputs["values"] as Record<string, unknown>)["podMutatorWebhookConfig"], {
      failurePolicy: "Fail",
    });
  });

  it("keeps the controller's certificate authority over upgrades", async () => {
    const { resources } = await everything();
    const release = resources.find(({ type }) => type === "kubernetes:helm.sh/v3:Release");
    assert.equal((release?.inputs["values"] as Record<string, unknown>)["keepTLSSecret"], true);
  });
});
