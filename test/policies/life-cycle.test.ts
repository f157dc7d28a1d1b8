/** What an environment and its members are made, moved and removed with, under the policies that are shipped. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import * as iam from "@aws-sdk/client-iam";
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { callAws } from "../../automation/adapters/aws/call";
import { clusterUpdate, setDeletionProtection } from "../../automation/adapters/aws/deletion-protection";
import { buildProgram } from "../../automation/cli/main";
import { DriverError } from "../../automation/errors";
import { commandPolicies, Identities } from "../support/identities";
import { driverActions } from "./driver-actions";
import type { SandboxInfo } from "../../sandbox/contract";
import { idleExcuses, recordedActions, unusedActions } from "./used";
import { accountId, credentials, hasCode, region, useRig } from "../sandbox/aws-front/rig";

const environmentTags = { "eks-blue-green/environment": "dev" };
const tags = Object.entries(environmentTags).map(([Key, Value]) => ({ Key, Value }));
const spec = (ResourceType: ec2.ResourceType) => [{ ResourceType, Tags: tags }];
const trust = (Service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });

const denial = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Action: "elasticloadbalancing:RegisterTargets", Resource: "*" }],
});

describe("an environment under the shipped policies", function () {
  this.timeout(120_000);
  const rig = useRig();
  let identities: Identities;
  const clients: { destroy(): void }[] = [];

  before(async () => {
    const env = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
    const info = { awsEndpoint: rig().front.url, region, accountId, env } as unknown as SandboxInfo;
    identities = await Identities.make(info, { environment: "dev", members: ["blue", "green"] });
  });
  after(() => {
    identities?.close();
    for (const client of clients) client.destroy();
  });

  /** AWS as a command of the driver sees it. */
  async function as(command: string, without: readonly string[] = []) {
    const settings = await identities.client(command, rig().front.url, region, without);
    const all = {
      ec2: new ec2.EC2Client(settings),
      elb: new elb.ElasticLoadBalancingV2Client(settings),
      eks: new eks.EKSClient(settings),
      iam: new iam.IAMClient(settings),
      sts: new STSClient(settings),
    };
    clients.push(...Object.values(all));
    return all;
  }

  it("is whoever took the role on for a command", async () => {
    const { Arn } = await (await as("status")).sts.send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws:sts::${accountId}:assumed-role/rehearsal/status`);
  });

  it("has a network, made and taken away again; somebody else's stays", async () => {
    const { ec2: aws } = await as("up");
    const vpc = await aws.send(new ec2.CreateVpcCommand({ CidrBlock: "10.50.0.0/16", TagSpecifications: spec("vpc") }));
    const VpcId = vpc.Vpc?.VpcId ?? "";
    await aws.send(new ec2.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const subnet = await aws.send(
      new ec2.CreateSubnetCommand({ VpcId, CidrBlock: "10.50.0.0/20", TagSpecifications: spec("subnet") }),
    );
    const SubnetId = subnet.Subnet?.SubnetId ?? "";
    const gateway = await aws.send(
      new ec2.CreateInternetGatewayCommand({ TagSpecifications: spec("internet-gateway") }),
    );
    const InternetGatewayId = gateway.InternetGateway?.InternetGatewayId ?? "";
    await aws.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    const address = await aws.send(
      new ec2.AllocateAddressCommand({ Domain: "vpc", TagSpecifications: spec("elastic-ip") }),
    );
    const nat = await aws.send(
      new ec2.CreateNatGatewayCommand({
        SubnetId,
        AllocationId: address.AllocationId,
        TagSpecifications: spec("natgateway"),
      }),
    );
    const table = await aws.send(new ec2.CreateRouteTableCommand({ VpcId, TagSpecifications: spec("route-table") }));
    const RouteTableId = table.RouteTable?.RouteTableId ?? "";
    const route = { RouteTableId, DestinationCidrBlock: "0.0.0.0/0" };
    await aws.send(new ec2.CreateRouteCommand({ ...route, GatewayId: InternetGatewayId }));
    const association = await aws.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    const group = await aws.send(
      new ec2.CreateSecurityGroupCommand({
        GroupName: "dev-lb",
        Description: "load balancer",
        VpcId,
        TagSpecifications: spec("security-group"),
      }),
    );
    const GroupId = group.GroupId ?? "";
    const rules = [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    const rule = { GroupId, IpPermissions: rules, TagSpecifications: spec("security-group-rule") };
    await aws.send(new ec2.AuthorizeSecurityGroupIngressCommand(rule));
    await aws.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: rules }));
    // The rig's network is somebody else's.
    await assert.rejects(
      aws.send(new ec2.DeleteSubnetCommand({ SubnetId: rig().subnets[0] })),
      hasCode("UnauthorizedOperation"),
    );
    await assert.rejects(
      aws.send(new ec2.CreateTagsCommand({ Resources: [rig().vpcId], Tags: tags })),
      hasCode("UnauthorizedOperation"),
    );

    const { ec2: teardown } = await as("teardown");
    await teardown.send(new ec2.DeleteSecurityGroupCommand({ GroupId }));
    await teardown.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: nat.NatGateway?.NatGatewayId }));
    await teardown.send(new ec2.DisassociateRouteTableCommand({ AssociationId: association.AssociationId }));
    await teardown.send(new ec2.DeleteRouteCommand(route));
    await teardown.send(new ec2.DeleteRouteTableCommand({ RouteTableId }));
    await teardown.send(new ec2.DetachInternetGatewayCommand({ InternetGatewayId, VpcId }));
    await teardown.send(new ec2.DeleteInternetGatewayCommand({ InternetGatewayId }));
    await teardown.send(new ec2.ReleaseAddressCommand({ AllocationId: address.AllocationId }));
    await teardown.send(new ec2.DeleteSubnetCommand({ SubnetId }));
    await teardown.send(new ec2.DeleteVpcCommand({ VpcId }));
  });

  it("has a load balancer; without the tag it is not made, and another environment's is left alone", async () => {
    const { elb: aws } = await as("up");
    const create = (client: elb.ElasticLoadBalancingV2Client, Name: string, Tags: elb.Tag[]) =>
      client.send(new elb.CreateTargetGroupCommand({ Name, Protocol: "TCP", Port: 80, VpcId: rig().vpcId, Tags }));
    const balancer = { Name: "dev-lb", Type: "network" as const, Subnets: rig().subnets };
    await assert.rejects(aws.send(new elb.CreateLoadBalancerCommand(balancer)), hasCode("AccessDenied"));
    const made = await aws.send(new elb.CreateLoadBalancerCommand({ ...balancer, Tags: tags }));
    const LoadBalancerArn = made.LoadBalancers?.[0]?.LoadBalancerArn ?? "";
    const group = (await create(aws, "dev-web", tags)).TargetGroups?.[0]?.TargetGroupArn ?? "";
    const listener = await aws.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn,
        Protocol: "TCP",
        Port: 80,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
        Tags: tags,
      }),
    );
    const other = [{ Key: "eks-blue-green/environment", Value: "prod" }];
    const theirs = (await create(rig().elb, "prod-web", other)).TargetGroups?.[0]?.TargetGroupArn ?? "";
    for (const [arn, allowed] of [
      [group, true],
      [theirs, false],
    ] as const) {
      const change = new elb.ModifyTargetGroupAttributesCommand({
        TargetGroupArn: arn,
        Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "60" }],
      });
      const targets = new elb.DeregisterTargetsCommand({
        TargetGroupArn: arn,
        Targets: [{ Id: "10.42.0.9", Port: 80 }],
      });
      if (allowed) await aws.send(change);
      else await assert.rejects(aws.send(change), hasCode("AccessDenied"));
      // A target that is not there: what counts is who may ask.
      const asked = (await as("drain")).elb.send(targets);
      await asked.then(
        () => assert.ok(allowed),
        (error: Error) => assert.equal(error.name === "AccessDenied", !allowed, error.message),
      );
    }
    const { elb: look } = await as("status");
    await look.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: group }));
    await assert.rejects(
      look.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: group })),
      hasCode("AccessDenied"),
    );
    const { elb: teardown } = await as("teardown");
    const ListenerArn = listener.Listeners?.[0]?.ListenerArn;
    await teardown.send(new elb.DeleteListenerCommand({ ListenerArn }));
    await teardown.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: group }));
    await teardown.send(new elb.DeleteLoadBalancerCommand({ LoadBalancerArn }));
  });

  it("has members: roles, a cluster, nodes, add-ons, the controller's identity", async () => {
    const aws = await as("up");
    const role = async (RoleName: string, service: string): Promise<string> => {
      const made = await aws.iam.send(
        new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(service), Tags: tags }),
      );
      return made.Role?.Arn ?? "";
    };
    const [cluster, nodes, controller] = [
      await role("blue-cluster", "eks.amazonaws.com"),
      await role("blue-nodes", "ec2.amazonaws.com"),
      await role("blue-controller", "pods.eks.amazonaws.com"),
    ];
    const inline = { RoleName: "blue-controller", PolicyName: "own", PolicyDocument: denial };
    await aws.iam.send(new iam.PutRolePolicyCommand(inline));
    await assert.rejects(role("somebody", "eks.amazonaws.com"), hasCode("AccessDenied"));
    const name = "dev-blue";
    const make = (one: string) =>
      aws.eks.send(
        new eks.CreateClusterCommand({
          name: one,
          roleArn: cluster,
          resourcesVpcConfig: { subnetIds: rig().subnets, endpointPrivateAccess: true },
          accessConfig: { authenticationMode: "API" },
          tags: environmentTags,
        }),
      );
    await assert.rejects(make("prod-blue"), hasCode("AccessDeniedException"));
    await make(name);
    await eks.waitUntilClusterActive({ client: aws.eks, maxWaitTime: 100, minDelay: 1, maxDelay: 1 }, { name });
    // The load balancer is let in to the members' pods; EKS tags the group with the cluster's name.
    const { cluster: made } = await aws.eks.send(new eks.DescribeClusterCommand({ name }));
    const GroupId = made?.resourcesVpcConfig?.clusterSecurityGroupId ?? "";
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "10.0.0.0/8" }] }];
    await aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    await aws.ec2.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    const others = await rig().ec2.send(
      new ec2.CreateSecurityGroupCommand({ GroupName: "others", Description: "others", VpcId: rig().vpcId }),
    );
    await assert.rejects(
      aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: others.GroupId, IpPermissions })),
      hasCode("UnauthorizedOperation"),
    );
    await aws.eks.send(
      new eks.CreateNodegroupCommand({
        clusterName: name,
        nodegroupName: "nodes",
        nodeRole: nodes,
        subnets: rig().subnets,
        scalingConfig: { desiredSize: 1, minSize: 1, maxSize: 1 },
        tags: environmentTags,
      }),
    );
    await aws.eks.send(new eks.CreateAddonCommand({ clusterName: name, addonName: "coredns", tags: environmentTags }));
    const identity = await aws.eks.send(
      new eks.CreatePodIdentityAssociationCommand({
        clusterName: name,
        namespace: "kube-system",
        serviceAccount: "aws-load-balancer-controller",
        roleArn: controller,
        tags: environmentTags,
      }),
    );
    const look = (await as("status")).eks;
    await look.send(new eks.DescribeClusterCommand({ name }));
    await look.send(new eks.ListAddonsCommand({ clusterName: name }));
    await look.send(new eks.DescribeAddonCommand({ clusterName: name, addonName: "coredns" }));
    await look.send(new eks.ListPodIdentityAssociationsCommand({ clusterName: name }));
    await assert.rejects(look.send(new eks.DeleteClusterCommand({ name })), hasCode("AccessDeniedException"));
    await assert.rejects(setDeletionProtection(look, name, false), { code: "EBG-CREDENTIALS" });
    // A retirement takes it off; `up` puts it back; and a teardown does as a retirement.
    for (const [command, on] of [
      ["up", true],
      ["upgrade", false],
      ["up", true],
      ["teardown", false],
    ] as const) {
      const whose = (await as(command)).eks;
      const update = (await setDeletionProtection(whose, name, on)) ?? "";
      const running = async () => (await clusterUpdate(whose, name, update)).status === "running";
      while (await running()) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(await clusterUpdate(whose, name, update), { status: "done", message: "" });
    }
    // `evacuate` takes the controller's rights away, and gives them back.
    const move = (await as("evacuate")).iam;
    await move.send(new iam.PutRolePolicyCommand({ ...inline, PolicyName: "evacuated" }));
    await move.send(new iam.DeleteRolePolicyCommand({ RoleName: "blue-controller", PolicyName: "evacuated" }));

    const teardown = await as("teardown");
    const associationId = identity.association?.associationId;
    await teardown.eks.send(new eks.DeletePodIdentityAssociationCommand({ clusterName: name, associationId }));
    await teardown.eks.send(new eks.DeleteAddonCommand({ clusterName: name, addonName: "coredns" }));
    await teardown.iam.send(new iam.ListRolesCommand({}));
    await teardown.iam.send(new iam.ListRoleTagsCommand({ RoleName: "blue-cluster" }));
    await teardown.iam.send(new iam.DeleteRolePolicyCommand({ RoleName: "blue-controller", PolicyName: "own" }));
    await teardown.iam.send(new iam.DeleteRoleCommand({ RoleName: "blue-controller" }));
  });

  it("is refused an action that its policy lacks, for each kind of command", async () => {
    const group = { TargetGroupArn: `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/dev-web/1` };
    const look = await as("status", ["elasticloadbalancing:DescribeTargetHealth"]);
    await assert.rejects(
      look.elb.send(new elb.DescribeTargetHealthCommand(group)),
      /assumed-role\/rehearsal\/status is not authorized to perform: elasticloadbalancing:DescribeTargetHealth/,
    );
    const move = await as("evacuate", ["iam:PutRolePolicy"]);
    await assert.rejects(
      move.iam.send(new iam.PutRolePolicyCommand({ RoleName: "blue-x", PolicyName: "x", PolicyDocument: "{}" })),
      /assumed-role\/rehearsal\/evacuate is not authorized to perform: iam:PutRolePolicy on resource: \S+:role\/blue-x/,
    );
    const destroy = await as("teardown", ["iam:ListRoles"]);
    await assert.rejects(
      destroy.iam.send(new iam.ListRolesCommand({})),
      /assumed-role\/rehearsal\/teardown is not authorized to perform: iam:ListRoles/,
    );
  });

  it("has policies for every command of the CLI, as the page of permissions says", () => {
    const commands = buildProgram()
      .commands.filter((one) => one.options.some(({ long }) => long === "--stack") && one.name() !== "rehearse")
      .map((one) => one.name());
    assert.deepEqual(Object.keys(commandPolicies).sort(), commands.sort());
    const page = readFileSync(resolve(__dirname, "../../docs/reference/permissions.md"), "utf8");
    const saidOf = (file: string): string =>
      new RegExp(`\\| \`${file}\\.json\`\\s*\\|([^|]*)\\|`).exec(page)?.[1] ?? "";
    for (const [command, files] of Object.entries(commandPolicies)) {
      const own = files.includes("move")
        ? "move"
        : files.includes("adopt")
          ? "adopt"
          : files.includes("destroy")
            ? "destroy"
            : "look";
      assert.match(saidOf(own), new RegExp(`\`${command}\``), `${command}: ${own}.json`);
    }
  });

  for (const command of Object.keys(commandPolicies))
    it(`names the action that is missing, and what to do, to whoever runs ${command}`, async () => {
      const TargetGroupArn = `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/dev-web/1`;
      const calls: Readonly<Record<string, (aws: Awaited<ReturnType<typeof as>>) => Promise<unknown>>> = {
        "elasticloadbalancing:DescribeTargetHealth": ({ elb: one }) =>
          one.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn })),
        "eks:DescribeCluster": ({ eks: one }) => one.send(new eks.DescribeClusterCommand({ name: "dev-blue" })),
        // EC2 says no more than that it is not authorized, or less: the driver knows what it asked.
        "ec2:DescribeNetworkInterfaces": ({ ec2: one }) => one.send(new ec2.DescribeNetworkInterfacesCommand({})),
      };
      for (const [action, call] of Object.entries(calls)) {
        const aws = await as(command, [action]);
        const error = await callAws(action, () => call(aws)).then(
          () => null,
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof DriverError, `${command} without ${action} was not refused`);
        assert.equal(error.code, "EBG-CREDENTIALS");
        assert.ok(
          error.message.includes(action) && error.message.includes(`assumed-role/rehearsal/${command}`),
          error.message,
        );
        assert.ok(error.remedy.includes(action), error.remedy);
      }
    });

  it("needs every action that the policies allow, here or in another run, but for those that are said", () => {
    const here = rig()
      .front.requests()
      .flatMap(({ by, permissions }) => (by?.includes(":assumed-role/rehearsal/") ? (permissions ?? []) : []));
    const used = new Set([...here, ...recordedActions()]);
    // What the driver's sources send is compared with its policies by another test.
    assert.deepEqual(unusedActions(new Set([...used, ...driverActions()])), []);
    assert.deepEqual(idleExcuses(used), []);
  });
});
