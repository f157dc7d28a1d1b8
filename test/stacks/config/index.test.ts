import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ConfigError, parseEnvironmentConfig, parseMemberConfig } from "../../../stacks/config";
import { devValues } from "../mock-engine";
import { problemsIn } from "./problems-of";

const context = { environment: "dev" };

/** Messages of all problems, as `path: rule`. */
function problemsOf(change: Readonly<Record<string, unknown>>, environment = "dev"): string[] {
  const values: Record<string, string> = { ...devValues };
  for (const [key, value] of Object.entries(change)) {
    const full = key.includes(":") ? key : `eks-blue-green:${key}`;
    if (value === undefined) delete values[full];
    else values[full] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return problemsIn(() => parseEnvironmentConfig(values, { environment }));
}

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const network = { cidrBlock: "10.42.0.0/16", availabilityZones: ["us-east-1a", "us-east-1b"] };
const nameRule =
  "must be lower-case letters, digits and dashes, begin with a letter, end in no dash, and have at most 32 characters";
const nlb = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network";

describe("the aws provider's own settings", () => {
  it("that say who calls are refused, and never shown: they would not reach members or the driver", () => {
    for (const key of [
      "profile",
      "assumeRoles",
      "assumeRole",
      "assumeRoleWithWebIdentity",
      "accessKey",
      "secretKey",
      "token",
      "sharedConfigFiles",
      "sharedCredentialsFiles",
    ]) {
      assert.deepEqual(problemsOf({ [`aws:${key}`]: "hush" }), [
        `aws:${key}: would be the environment's stack's alone: members' stacks and the driver would call AWS as ` +
          "somebody else",
      ]);
      assert.throws(
        () => parseEnvironmentConfig({ ...devValues, [`aws:${key}`]: "hush" }, context),
        (error: Error) => !error.message.includes("hush") && error.message.includes(`pulumi config rm aws:${key}`),
      );
    }
  });
  it("that hold for members too are read, and nothing is there when none is given", () => {
    const given = { "aws:defaultTags": '{"tags":{"team":"platform"}}', "aws:allowedAccountIds": '["123456789012"]' };
    assert.deepEqual(parseEnvironmentConfig({ ...devValues, ...given }, context).aws, {
      defaultTags: { team: "platform" },
      allowedAccountIds: ["123456789012"],
      forbiddenAccountIds: [],
    });
    const numbers = { "aws:defaultTags": '{"tags":{"cost-center":1234}}', "aws:forbiddenAccountIds": "[12345678901]" };
    assert.deepEqual(parseEnvironmentConfig({ ...devValues, ...numbers }, context).aws, {
      defaultTags: { "cost-center": "1234" },
      allowedAccountIds: [],
      forbiddenAccountIds: ["012345678901"],
    });
    assert.ok(!("aws" in parseEnvironmentConfig({ ...devValues, "aws:maxRetries": "3" }, context)));
  });
  it("must have their form", () => {
    assert.deepEqual(problemsOf({ "aws:defaultTags": { team: "platform" } }), [
      "aws:defaultTags: must have `tags`, each a plain value",
    ]);
    assert.deepEqual(problemsOf({ "aws:allowedAccountIds": "123456789012" }), [
      "aws:allowedAccountIds: must be a list of account ids, 12 digits each",
    ]);
    assert.deepEqual(problemsOf({ "aws:forbiddenAccountIds": [true] }), [
      "aws:forbiddenAccountIds: must be a list of account ids, 12 digits each",
    ]);
  });
});

describe("the environment's config", () => {
  const ofRepository = (
    change: (config: Record<string, unknown>) => void = () => undefined,
  ): ReturnType<typeof parseEnvironmentConfig> => {
    const raw = (
      parse(readFileSync(join(__dirname, "../../../Pulumi.dev.yaml"), "utf8")) as { config: Record<string, unknown> }
    ).config;
    change(raw);
    return parseEnvironmentConfig(
      Object.fromEntries(
        Object.entries(raw).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
      ),
      context,
    );
  };

  it("of this repository is accepted", () => {
    const config = ofRepository();
    assert.equal(config.services[0]?.preStopSeconds, 300);
    assert.equal(config.rollout.propagationHoldSeconds, 300);
    assert.equal(config.controller.version, "3.5.0");
  });

  it("gets its defaults", () => {
    const config = ofRepository((raw) => {
      raw["eks-blue-green:services"] = [web];
      delete raw["eks-blue-green:rollout"];
    });
    assert.equal(config.services[0]?.preStopSeconds, 300);
    assert.equal(config.services[0]?.terminationGraceSeconds, 360);
    assert.equal(config.services[0]?.deregistrationDelaySeconds, 300);
    assert.equal(config.rollout.propagationHoldSeconds, 300);
    assert.equal(config.rollout.bakeSeconds, 600);
  });

  const table: [string, Record<string, unknown>, string[]][] = [
    [
      "missing version",
      { kubernetesVersion: undefined },
      ['kubernetesVersion: is required; must be a Kubernetes minor version in quotes, like "1.35"'],
    ],
    [
      "a version that YAML has cut",
      { kubernetesVersion: "1.3" },
      ['kubernetesVersion: must be a Kubernetes minor version in quotes, like "1.35"'],
    ],
    ["no region", { "aws:region": undefined }, ["aws:region: must be an AWS region"]],
    ["duplicate member", { members: ["blue", "blue"] }, ["members[1]: is listed twice"]],
    ["one member", { members: ["blue"] }, ["members: must be a list of at least 2"]],
    ["a member's name over 32 characters", { members: ["blue", "g".repeat(33)] }, [`members[1]: ${nameRule}`]],
    [
      "duplicate service name and port",
      { services: [web, { ...web, targetPort: 9090 }] },
      ["services[1].name: is taken by services[0]", "services[1].port: is taken by services[0]"],
    ],
    [
      "a service's name over 32 characters",
      { services: [{ ...web, name: "w".repeat(33) }] },
      [`services[0].name: ${nameRule}`],
    ],
    [
      "ports out of range",
      { services: [{ ...web, port: 0, targetPort: 70000 }] },
      ["port", "targetPort"].map(
        (key) =>
          `services[0].${key}: must be a whole number from 1 to 65535 (${nlb}/load-balancer-listeners.html, ` +
          "2026-11-21)",
      ),
    ],
    [
      "a preStop shorter than the lag",
      { services: [{ ...web, preStopSeconds: 10 }] },
      [
        "services[0].preStopSeconds: must be at least 180: a Network Load Balancer goes on sending new " +
          "connections to a deregistered pod for 180 to 300 s",
      ],
    ],
    [
      "a grace shorter than the preStop",
      { services: [{ ...web, terminationGraceSeconds: 300 }] },
      [
        "services[0].terminationGraceSeconds: must be at least 10 s longer than preStopSeconds (300); the " +
          "kubelet kills the pod when it is over",
      ],
    ],
    [
      "one replica",
      { services: [{ ...web, replicas: 1 }] },
      [
        "services[0].replicas: must be a whole number from 2 to 1000 (one pod alone is an outage whenever its " +
          "node goes; most: targets of a target group)",
      ],
    ],
    [
      "more targets than the quota",
      { services: [{ ...web, replicas: 251 }] },
      [
        "services: need 502 targets with 2 members in at once; this load balancer has at most 500 " +
          `(${nlb}/load-balancer-limits.html, 2026-11-21)`,
      ],
    ],
    [
      "unknown keys at every depth",
      { colour: "blue", network: { ...network, nat: 1 }, services: [{ ...web, replica: 3 }], rollout: { bake: 1 } },
      [
        "network.nat: is not a known key",
        "rollout.bake: is not a known key",
        "services[0].replica: is not a known key",
        "colour: is not a known key of eks-blue-green",
      ],
    ],
    [
      "no IPv4 block",
      { network: { ...network, cidrBlock: "10.42.1.0/16" } },
      ["network.cidrBlock: must be an IPv4 block whose bits behind the prefix are zero"],
    ],
    [
      "zones of members that are none of the VPC's",
      { network: { ...network, memberZones: ["us-east-1a", "us-east-1c"] } },
      ["network.memberZones: is not among availabilityZones"],
    ],
    [
      "zones of members in a VPC that is there",
      {
        network: {
          existing: {
            vpcId: "vpc-1",
            privateSubnetIds: ["subnet-1", "subnet-2"],
            publicSubnetIds: ["subnet-1", "subnet-2"],
          },
          memberZones: ["us-east-1a", "us-east-1b"],
        },
      },
      ["network.memberZones: is for a new VPC: with an existing one its privateSubnetIds say it"],
    ],
    [
      "a VPC that is too small",
      { network: { ...network, cidrBlock: "10.42.0.0/26" } },
      ["network.cidrBlock: is too small for a private and a public subnet in each of 2 zones"],
    ],
    [
      "overlapping subnets",
      {
        network: {
          ...network,
          subnets: {
            privateCidrBlocks: ["10.42.0.0/18", "10.42.64.0/18"],
            publicCidrBlocks: ["10.42.96.0/20", "10.42.128.0/20"],
          },
        },
      },
      ["network.subnets.publicCidrBlocks[0]: overlaps with network.subnets.privateCidrBlocks[1] 10.42.64.0/18"],
    ],
    [
      "a subnet outside of the VPC",
      {
        network: {
          ...network,
          subnets: {
            privateCidrBlocks: ["10.43.0.0/18", "10.42.64.0/18"],
            publicCidrBlocks: ["10.42.0.0/20", "10.42.128.0/20"],
          },
        },
      },
      ["network.subnets.privateCidrBlocks[0]: must lie inside of the VPC's block 10.42.0.0/16"],
    ],
    [
      "a Service range inside of the VPC",
      { cluster: { serviceCidrBlock: "10.42.0.0/20" } },
      ["cluster.serviceCidrBlock: overlaps with the VPC's block 10.42.0.0/16"],
    ],
    [
      "a zone of another region",
      { network: { ...network, availabilityZones: ["us-east-1a", "eu-west-1b"] } },
      ["network.availabilityZones: must be a zone of the region us-east-1"],
    ],
    [
      "a controller without multi-cluster",
      { controller: { version: "2.9.2" } },
      [
        "controller.version: must be 2.10.0 or newer: older controllers have no multi-cluster target groups and " +
          "deregister the other members' targets",
      ],
    ],
    [
      "an autoscaler of nodes that is neither there nor not",
      { cluster: { nodes: { autoscaled: "yes" } } },
      ["cluster.nodes.autoscaled: must be true or false"],
    ],
    [
      "node sizes upside down",
      { cluster: { nodes: { minSize: 3, desiredSize: 2, maxSize: 4 } } },
      ["cluster.nodes.desiredSize: must lie between minSize (3) and maxSize (4)"],
    ],
    [
      "a hold shorter than the lag",
      { rollout: { propagationHoldSeconds: 30 } },
      [
        "rollout.propagationHoldSeconds: must be a whole number from 180 to 3600 (a Network Load Balancer goes on sending " +
          "new connections to a deregistered pod for 180 to 300 s)",
      ],
    ],
    [
      "no free member",
      { rollout: { minActive: 2 } },
      ["rollout.minActive: must be a whole number from 1 to 1 (one member of all must be free to move)"],
    ],
    [
      "memory and CPU without a unit that Kubernetes has",
      { services: [{ ...web, memory: "512MB", cpu: "0.25 cores" }] },
      [
        "services[0].memory: must be an amount of memory in Mi or Gi",
        "services[0].cpu: must be a number of cores, or of thousandths with an m",
      ],
    ],
    [
      "no memory and no CPU at all",
      { services: [{ ...web, memory: "0Mi", cpu: 0 }] },
      [
        "services[0].memory: must be an amount of memory in Mi or Gi",
        "services[0].cpu: must be a number of cores, or of thousandths with an m",
      ],
    ],
    [
      "a kube-proxy of another minor",
      { cluster: { addons: { kubeProxy: "v1.33.1-eksbuild.1" } }, kubernetesVersion: "1.35" },
      ["cluster.addons.kubeProxy: is for Kubernetes 1.33, and kubernetesVersion is 1.35"],
    ],
    [
      "add-ons that are no versions, or under no minor",
      { cluster: { addons: { coredns: { "1.35": "1.12", latest: "v1.12.0-eksbuild.1" } } } },
      [
        'cluster.addons.coredns."1.35": must be the version of an EKS add-on',
        'cluster.addons.coredns."latest": must stand under a Kubernetes minor in quotes',
      ],
    ],
    [
      "a Service range that is not private",
      { cluster: { serviceCidrBlock: "203.0.113.0/24" } },
      [
        "cluster.serviceCidrBlock: must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 " +
          "(docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html, 2026-11-30)",
      ],
    ],
    [
      "blocks of clients with bits behind the prefix",
      { loadBalancer: { clientCidrBlocks: ["10.0.1.5/16"] } },
      ["loadBalancer.clientCidrBlocks[0]: must be an IPv4 block whose bits behind the prefix are zero"],
    ],
    [
      "more rules than a security group has",
      {
        loadBalancer: { clientCidrBlocks: Array.from({ length: 31 }, (_, index) => `10.${index}.0.0/16`) },
        services: [web, { ...web, name: "api", port: 81 }],
      },
      [
        "loadBalancer.clientCidrBlocks: makes 62 rules (2 listeners, 31 blocks of clients), and a security group has at " +
          "most 60 (docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, 2026-11-30)",
      ],
    ],
    [
      "tags that IAM and Elastic Load Balancing don't take",
      {
        "aws:defaultTags": {
          tags: { owner: "Platform (core), EU", "aws:x": "y", "a,b": "c", long: "v".repeat(257), fine: "a+b @ c_d/e" },
        },
      },
      [
        "aws:defaultTags.tags.owner: must have at most 256 characters, of some " +
          "(docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html, 2026-11-30)",
        "aws:defaultTags.tags.aws:x: begins with aws:, which AWS keeps for its own tags",
        "aws:defaultTags.tags.a,b: has a key that AWS refuses: 1 to 128 characters, of some " +
          "(docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html, 2026-11-30)",
        "aws:defaultTags.tags.long: must have at most 256 characters, of some " +
          "(docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html, 2026-11-30)",
      ],
    ],
    [
      "an API server that nobody reaches",
      { cluster: { endpoint: { publicAccess: false, privateAccess: false } } },
      ["cluster.endpoint.publicAccess: can't be off together with privateAccess"],
    ],
    [
      "an API server whose only address older members may not have",
      { cluster: { endpoint: { publicAccess: false } } },
      [
        "cluster.endpoint.privateAccess: is required without publicAccess: members that are older than this key have none",
      ],
    ],
    [
      "a private block at a public address",
      { cluster: { endpoint: { privateAccess: true, publicCidrs: ["10.0.0.0/8"] } } },
      ["cluster.endpoint.publicCidrs[0]: is a private block: nobody reaches the public address from there"],
    ],
    [
      "a public address that is closed to nodes which have no other",
      { cluster: { endpoint: { publicCidrs: ["203.0.113.0/24"] } } },
      [
        "cluster.endpoint.privateAccess: is required with publicCidrs: nodes of members that are older than this key " +
          "come by the public address, and would be cut off",
      ],
    ],
    [
      "blocks of a public address that is not there",
      { cluster: { endpoint: { privateAccess: true, publicAccess: false, publicCidrs: ["203.0.113.0/24"] } } },
      ["cluster.endpoint.publicCidrs: can't be given without publicAccess"],
    ],
    [
      "a key of another region",
      { cluster: { kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd" } },
      ["cluster.kmsKeyArn: must be a key of the region us-east-1 (EKS, API_Provider)"],
    ],
    [
      "settings of a cluster that EKS has not",
      { cluster: { supportType: "BASIC", logTypes: ["kubelet"], adminRoleArns: ["admin"], kmsKeyArn: "alias/x" } },
      [
        "cluster.adminRoleArns[0]: must be the ARN of an IAM role",
        "cluster.supportType: must be one of STANDARD, EXTENDED",
        "cluster.logTypes[0]: must be one of api, audit, authenticator, controllerManager, scheduler",
        "cluster.kmsKeyArn: must be the ARN of a KMS key",
      ],
    ],
    [
      "an internet-facing load balancer without public subnets",
      { network: { existing: { vpcId: "vpc-1", privateSubnetIds: ["subnet-1", "subnet-2"] } } },
      ["network.existing.publicSubnetIds: is required for an internet-facing load balancer"],
    ],
    [
      "MEMBER taken",
      { services: [{ ...web, environment: { MEMBER: "x" } }] },
      ["services[0].environment.MEMBER: is set by the package to the member's name"],
    ],
    [
      "Secrets without a name",
      { services: [{ ...web, environmentFrom: ["web-secrets", "Web_Secrets"] }] },
      ["services[0].environmentFrom[1]: must be the name of a Kubernetes Secret"],
    ],
    [
      "a value that is no structure",
      { services: "[{" },
      ["services: must be a structured value", "services: is required; must be a list of at least one service"],
    ],
  ];
  for (const [name, change, expected] of table)
    it(`refuses ${name}`, () => assert.deepEqual(problemsOf(change), expected));

  it("takes an internal load balancer in a VPC without public subnets", () =>
    assert.deepEqual(
      problemsOf({
        network: { existing: { vpcId: "vpc-1", privateSubnetIds: ["subnet-1", "subnet-2"] } },
        loadBalancer: { scheme: "internal" },
      }),
      [],
    ));
  it("takes more rules of a security group where the account's quota was raised", () =>
    assert.deepEqual(
      problemsOf({
        loadBalancer: {
          clientCidrBlocks: Array.from({ length: 61 }, (_, index) => `10.${index}.0.0/16`),
          rulesPerSecurityGroup: 100,
        },
      }),
      [],
    ));
  it("takes versions of kube-proxy by minor, whatever the wanted version", () =>
    assert.deepEqual(
      problemsOf({
        cluster: { addons: { kubeProxy: { "1.34": "v1.34.0-eksbuild.1", "1.35": "v1.35.0-eksbuild.2" } } },
      }),
      [],
    ));
  it("suggests the block that was meant", () =>
    assert.throws(
      () =>
        parseEnvironmentConfig(
          { ...devValues, "eks-blue-green:loadBalancer": JSON.stringify({ clientCidrBlocks: ["10.0.1.5/16"] }) },
          context,
        ),
      /Write it like 10\.0\.0\.0\/16/,
    ));
  it("refuses a stack name over 32 characters", () =>
    assert.deepEqual(problemsOf({}, "d".repeat(33)), [`(stack name): ${nameRule}`]));
  it("finds everything at once", () =>
    assert.equal(
      problemsOf({
        kubernetesVersion: undefined,
        members: ["blue"],
        services: [{ ...web, replicas: 1, port: 0 }],
        x: "1",
      }).length,
      5,
    ));
  it("says path, value, rule and remedy in one line", () => {
    assert.throws(
      () => parseEnvironmentConfig({ ...devValues, "eks-blue-green:members": '["blue","blue"]' }, context),
      {
        message:
          "The config of environment 'dev' has 1 problem:\n  - members[1]: \"blue\": is listed twice. Remove one " +
          "of the two",
      },
    );
  });
});

describe("a member's config", () => {
  it("is two keys and no other", () => {
    assert.deepEqual(
      parseMemberConfig({ "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue", "aws:region": "x" }),
      { environment: "dev", member: "blue" },
    );
    assert.throws(
      () => parseMemberConfig({ "eks-blue-green:member": "blue", "eks-blue-green:kubernetesVersion": "1.35" }),
      (error: ConfigError) => error.problems.map((problem) => problem.path).join() === "environment,kubernetesVersion",
    );
  });
});
