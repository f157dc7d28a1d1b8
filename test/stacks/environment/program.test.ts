import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { secondaryCidrBlocks } from "../../../components";
import { environmentProgram } from "../../../stacks/environment/program";
import { beginMove, initialRecord, startRollout } from "../../../stacks/record";
import type { EnvironmentRecord } from "../../../stacks/record";
import { devValues, find, listing, runUnderMocks } from "../mock-engine";

const deploy = (
  world: Partial<Parameters<typeof runUnderMocks>[0]> = {},
  values = devValues,
  context?: Parameters<typeof environmentProgram>[1],
) => runUnderMocks({ stack: "dev", stacks: { dev: {} }, ...world }, () => environmentProgram(values, context));

const expected = `
aws:ec2/eip:Eip dev-nat-us-east-1a
aws:ec2/internetGateway:InternetGateway dev
aws:ec2/natGateway:NatGateway dev-nat-us-east-1a
aws:ec2/route:Route dev-private-us-east-1a
aws:ec2/route:Route dev-private-us-east-1b
aws:ec2/route:Route dev-public
aws:ec2/routeTable:RouteTable dev-private-us-east-1a
aws:ec2/routeTable:RouteTable dev-private-us-east-1b
aws:ec2/routeTable:RouteTable dev-public
aws:ec2/routeTableAssociation:RouteTableAssociation dev-private-us-east-1a
aws:ec2/routeTableAssociation:RouteTableAssociation dev-private-us-east-1b
aws:ec2/routeTableAssociation:RouteTableAssociation dev-public-us-east-1a
aws:ec2/routeTableAssociation:RouteTableAssociation dev-public-us-east-1b
aws:ec2/securityGroup:SecurityGroup dev
aws:ec2/subnet:Subnet dev-private-us-east-1a
aws:ec2/subnet:Subnet dev-private-us-east-1b
aws:ec2/subnet:Subnet dev-public-us-east-1a
aws:ec2/subnet:Subnet dev-public-us-east-1b
aws:ec2/vpc:Vpc dev
aws:lb/listener:Listener dev-web
aws:lb/loadBalancer:LoadBalancer dev
aws:lb/targetGroup:TargetGroup dev-web
aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule dev-pods-8080
aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule dev-clients-80-0-0-0-0-0
eks-blue-green:index:Network dev
eks-blue-green:index:SharedLoadBalancer dev`
  .trim()
  .split("\n");

describe("the environment's program", () => {
  it("declares network, load balancer and target group", async () => {
    const { resources } = await deploy();
    assert.deepEqual(listing(resources), expected);
  });

  it("makes a load balancer in public subnets after their way to the internet, and deletes it before that", async () => {
    const { resources } = await deploy();
    const balancer = find(resources, "aws:lb/loadBalancer:LoadBalancer", "dev");
    assert.deepEqual(balancer.inputs["subnets"], ["dev-public-us-east-1a-id", "dev-public-us-east-1b-id"]);
    for (const needed of [
      "aws:ec2/route:Route dev-public",
      "aws:ec2/routeTableAssociation:RouteTableAssociation dev-public-us-east-1a",
      "aws:ec2/routeTableAssociation:RouteTableAssociation dev-public-us-east-1b",
    ])
      assert.ok(balancer.dependencies.includes(needed), needed);
    const route = find(resources, "aws:ec2/route:Route", "dev-public").dependencies;
    assert.ok(route.includes("aws:ec2/internetGateway:InternetGateway dev"));
  });

  it("gives them the inputs that matter", async () => {
    const { resources } = await deploy();
    const table: [string, string, Record<string, unknown>][] = [
      ["aws:ec2/vpc:Vpc", "dev", { cidrBlock: "10.42.0.0/16", enableDnsHostnames: true }],
      [
        "aws:ec2/subnet:Subnet",
        "dev-private-us-east-1b",
        { cidrBlock: "10.42.32.0/19", availabilityZone: "us-east-1b" },
      ],
      ["aws:ec2/subnet:Subnet", "dev-public-us-east-1a", { cidrBlock: "10.42.192.0/20", mapPublicIpOnLaunch: true }],
      [
        "aws:lb/loadBalancer:LoadBalancer",
        "dev",
        {
          name: "dev",
          loadBalancerType: "network",
          internal: false,
          enableDeletionProtection: true,
          enableCrossZoneLoadBalancing: true,
          securityGroups: ["dev-id"],
        },
      ],
      [
        "aws:lb/targetGroup:TargetGroup",
        "dev-web",
        {
          name: "dev-web",
          targetType: "ip",
          protocol: "TCP",
          port: 8080,
          deregistrationDelay: 300,
          preserveClientIp: "false",
          connectionTermination: false,
        },
      ],
      [
        "aws:lb/listener:Listener",
        "dev-web",
        {
          port: 80,
          protocol: "TCP",
          defaultActions: [{ type: "forward", targetGroupArn: "arn:aws:lb/targetGroup:TargetGroup:dev-web" }],
        },
      ],
      [
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "dev-pods-8080",
        { fromPort: 8080, toPort: 8080, cidrIpv4: "10.42.0.0/16", ipProtocol: "tcp" },
      ],
      [
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "dev-clients-80-0-0-0-0-0",
        { fromPort: 80, cidrIpv4: "0.0.0.0/0" },
      ],
    ];
    for (const [type, name, inputs] of table) {
      const actual = find(resources, type, name).inputs;
      for (const [key, value] of Object.entries(inputs)) assert.deepEqual(actual[key], value, `${name}.${key}`);
    }
    const tags = (name: string): unknown => find(resources, "aws:ec2/subnet:Subnet", name).inputs["tags"];
    assert.equal((tags("dev-public-us-east-1a") as Record<string, string>)["kubernetes.io/role/elb"], "1");
    assert.equal((tags("dev-private-us-east-1a") as Record<string, string>)["kubernetes.io/role/internal-elb"], "1");
  });

  it("protects what belongs to all members, and nothing else", async () => {
    const { resources } = await deploy();
    assert.deepEqual(listing(resources.filter((resource) => resource.protect)), [
      "aws:ec2/securityGroup:SecurityGroup dev",
      "aws:lb/listener:Listener dev-web",
      "aws:lb/loadBalancer:LoadBalancer dev",
      "aws:lb/targetGroup:TargetGroup dev-web",
    ]);
  });

  it("uses an existing network and creates none", async () => {
    const network = {
      existing: {
        vpcId: "vpc-1",
        privateSubnetIds: ["subnet-a1", "subnet-b1"],
        publicSubnetIds: ["subnet-a2", "subnet-b2"],
      },
    };
    const { resources, outputs } = await deploy(
      {},
      { ...devValues, "eks-blue-green:network": JSON.stringify(network) },
    );
    assert.equal(
      resources.some((resource) => /vpc:Vpc|subnet:|natGateway/.test(resource.type)),
      false,
    );
    assert.deepEqual(outputs["network"], {
      vpcId: "vpc-1",
      cidrBlock: "10.99.0.0/16",
      privateSubnetIds: ["subnet-a1", "subnet-b1"],
      publicSubnetIds: ["subnet-a2", "subnet-b2"],
    });
    assert.deepEqual(find(resources, "aws:lb/loadBalancer:LoadBalancer", "dev").inputs["subnets"], [
      "subnet-a2",
      "subnet-b2",
    ]);
  });

  it("lets the load balancer reach pods in every block of an existing VPC", async () => {
    const network = {
      existing: {
        vpcId: "vpc-1",
        privateSubnetIds: ["subnet-a1", "subnet-b1"],
        publicSubnetIds: ["subnet-a2", "subnet-b2"],
      },
    };
    const { resources } = await deploy(
      { secondaryCidrBlocks: ["100.64.0.0/16"] },
      { ...devValues, "eks-blue-green:network": JSON.stringify(network) },
    );
    const egress = resources
      .filter(({ type }) => type === "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
      .map(({ name, inputs }) => [name, inputs["fromPort"], inputs["cidrIpv4"]]);
    assert.deepEqual(egress.sort(), [
      ["dev-pods-8080", 8080, "10.99.0.0/16"],
      ["dev-pods-8080-100-64-0-0-16", 8080, "100.64.0.0/16"],
    ]);
    assert.deepEqual(
      secondaryCidrBlocks({
        cidrBlock: "10.0.0.0/16",
        cidrBlockAssociations: [
          { cidrBlock: "100.64.0.0/16", state: "disassociated" },
          { cidrBlock: "10.1.0.0/16", state: "associated" },
        ],
      }),
      ["10.1.0.0/16"],
    );
  });
});

describe("the environment's record", () => {
  const record = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.34" });
  const last = async (recorded: EnvironmentRecord = record) => ({ ...(await deploy()).outputs, record: recorded });
  const rejects = (run: Promise<unknown>, pattern: RegExp) => assert.rejects(run, pattern);

  it("begins with the first member active when nothing was ever deployed", async () => {
    const { outputs } = await deploy();
    assert.deepEqual(outputs["record"], initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.35" }));
  });
  it("is passed on unchanged by a plain update, whatever version is wanted", async () => {
    const moved = {
      ...record,
      revision: 7,
      placement: {
        blue: { role: "absent", version: null, workload: "running" },
        green: { role: "active", version: "1.34", workload: "running" },
      },
    } as EnvironmentRecord;
    const { outputs } = await deploy({ stacks: { dev: await last(moved) } });
    assert.deepEqual(outputs["record"], moved);
  });
  it("gets a member that the config adds, as absent", async () => {
    const { outputs } = await deploy(
      { stacks: { dev: await last() } },
      { ...devValues, "eks-blue-green:members": '["blue","green","teal"]' },
    );
    assert.deepEqual((outputs["record"] as EnvironmentRecord).placement["teal"], {
      role: "absent",
      version: null,
      workload: "running",
    });
    assert.equal((outputs["record"] as EnvironmentRecord).revision, 1);
  });
  it("is derived anew when member stacks exist but are empty", async () => {
    const { outputs } = await deploy({
      stackResources: {
        "dev-blue": [
          "urn:pulumi:dev-blue::p::pulumi:pulumi:Stack::p-dev-blue",
          "urn:pulumi:dev-blue::p::pulumi:providers:aws::default",
        ],
      },
    });
    assert.equal((outputs["record"] as EnvironmentRecord).revision, 1);
  });
  it("is not guessed when a member's stack holds resources", async () => {
    await rejects(
      deploy({ stackResources: { "dev-blue": ["urn:pulumi:dev-blue::p::aws:iam/role:Role::blue"] } }),
      /^Error: EBG-RECORD-LOST: stack 'dev' has no record, but dev-blue holds resources/,
    );
  });
  it("is not guessed when it can't be read", async () => {
    await rejects(
      deploy({ stacks: { dev: "403 forbidden" } }),
      /^Error: EBG-RECORD-LOST: the outputs of stack 'dev' can't be read.*403 forbidden/,
    );
    await rejects(
      deploy({ stackResources: { "dev-green": "403 forbidden" } }),
      /^Error: EBG-RECORD-LOST: .*whether 'dev-green' exists can't be found out: .*403 forbidden/,
    );
  });
  it("is not guessed after outputs were lost, the stack was renamed, or the record was damaged", async () => {
    await rejects(
      deploy({ stacks: { dev: { network: {} } } }),
      /^Error: EBG-RECORD-LOST: stack 'dev' has outputs but no record/,
    );
    await rejects(
      deploy({ stacks: { dev: { ...(await last()), environment: "prod" } } }),
      /^Error: EBG-RECORD-LOST: stack 'dev' holds the environment 'prod'/,
    );
    await rejects(
      deploy({ stacks: { dev: { ...(await last()), record: { ...record, revision: "one" } } } }),
      /^Error: EBG-RECORD-INVALID: .*revision: expected a whole number from 1, got "one"/,
    );
  });
  it("is written by the driver at the expected revision, and fenced at any other", async () => {
    const planned = startRollout(record, {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      startedAt: "2026-11-21T00:00:00Z",
      steps: [
        {
          type: "move",
          kind: "provision",
          member: "green",
          from: { role: "absent", version: null, workload: "running" },
          to: { role: "standby", version: "1.35", workload: "running" },
        },
      ],
    });
    const write = async (expectedRevision: number, next: EnvironmentRecord) =>
      deploy({ stacks: { dev: await last() } }, devValues, { kind: "record", expectedRevision, record: next });
    assert.deepEqual((await write(1, planned)).outputs["record"], planned);
    const begun = beginMove(planned, { step: 0, startedAt: "2026-11-21T00:00:00Z", by: "me", targetsBefore: {} });
    await rejects(
      write(2, begun),
      /^Error: EBG-FENCED: writing the record expected the record's revision 2, but it is 1/,
    );
    await rejects(write(1, begun), /^Error: EBG-RECORD-INVALID: the record to write has revision 3; after 1 comes 2/);
  });
  it("is passed on by the act of an open shift at the expected revision, and by no other act", async () => {
    const stands = (share: number) => ({ role: "active", version: "1.34", workload: "running", share }) as const;
    const planned = startRollout(
      { ...record, schemaVersion: 2, placement: { blue: stands(999), green: stands(0) } },
      {
        id: "r",
        strategy: "replace",
        wantedVersion: "1.34",
        startedAt: "2026-11-21T00:00:00Z",
        steps: [
          {
            type: "move",
            kind: "shift",
            changes: {
              blue: { from: stands(999), to: stands(990) },
              green: { from: stands(0), to: stands(10) },
            },
          },
        ],
      },
    );
    const begun = beginMove(planned, { step: 0, startedAt: "2026-11-21T00:00:00Z", by: "me", targetsBefore: {} });
    const act = async (of: EnvironmentRecord, expectedRevision: number) =>
      deploy({ stacks: { dev: { ...(await last()), record: of } } }, devValues, { kind: "act", expectedRevision });
    assert.deepEqual((await act(begun, begun.revision)).outputs["record"], begun);
    await rejects(
      act(begun, planned.revision),
      /^Error: EBG-FENCED: shifting traffic expected the record's revision 2, but it is 3.*'shift blue, green' is held/,
    );
    await rejects(act(planned, planned.revision), /^Error: 'act' belongs to a member's stack, not to 'dev'/);
  });
  it("refuses a secret in a value of its own, which would be an output in plain text, and doesn't show it", async () => {
    const values = { ...devValues, "eks-blue-green:services": '[{"name":"web","environment":{"PASSWORD":"hunter2"}}]' };
    const run = (secretKeys: string[]) =>
      runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => {
        pulumi.runtime.setAllConfig(values, secretKeys);
        return environmentProgram(values);
      });
    await assert.rejects(run(["eks-blue-green:services"]), (error: Error) => {
      assert.match(
        error.message,
        /has 1 problem:\n {2}- services: "\[secret\]": can't hold secret values.*services\[\]\.environmentFrom$/,
      );
      return !error.message.includes("hunter2");
    });
    // Somebody else's secret is none of its business; what is wrong then is wrong with the services.
    await assert.rejects(run(["aws:token"]), /services\[0\]\.image/);
  });
  it("has no name that AWS refuses for its load balancer, unless Services own those", async () => {
    const named = (values: Record<string, string>) =>
      runUnderMocks({ stack: "internal-dev", stacks: { "internal-dev": {} } }, () => environmentProgram(values));
    await rejects(
      named(devValues),
      /- \(stack name\): "internal-dev": can't begin with `internal-`.*Choose a name like dev$/,
    );
    await named({ ...devValues, "eks-blue-green:loadBalancer": '{"owner":"service"}' });
  });
  it("holds back a config that would replace what is shared, before anything is declared", async () => {
    const stacks = { dev: await last() };
    await rejects(
      deploy(
        { stacks },
        {
          ...devValues,
          "eks-blue-green:network": '{"cidrBlock":"10.43.0.0/16","availabilityZones":["us-east-1a","us-east-1b"]}',
        },
      ),
      /network\.cidrBlock: "10\.43\.0\.0\/16": can't change on a deployed environment \(it is "10\.42\.0\.0\/16"\)/,
    );
    await rejects(
      deploy({ stacks }, { ...devValues, "eks-blue-green:members": '["green","teal"]' }),
      /member 'blue' is active with Kubernetes 1\.34; the list must keep it/,
    );
  });
});
