/**
 * What somebody else made (a controller, for instance) is found, imported and refreshed by the real engine, with the
 * AWS front and moto.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import type { SandboxInfo } from "../../../sandbox/contract";
import { childEnvironment, startSandbox, stopSandbox } from "../../../sandbox/client/start";
import { resolveTools } from "../../../sandbox/tools/index";

class Resource extends pulumi.CustomResource {
  constructor(type: string, name: string, inputs: pulumi.Inputs, id: string) {
    super(type, name, inputs, { version: "7.48.0", import: id });
  }
}
interface Existing {
  readonly vpcId: string;
  readonly subnets: readonly string[];
  readonly groupId: string;
  readonly inRule: string;
  readonly outRule: string;
  readonly balancer: string;
  readonly group: string;
  readonly listener: string;
}

const tags = { "elbv2.k8s.aws/cluster": "blue", "service.k8s.aws/stack": "default/web-lb" };
const tagList = (resource: string) =>
  Object.entries({ ...tags, "service.k8s.aws/resource": resource }).map(([Key, Value]) => ({ Key, Value }));
const healthCheck = {
  protocol: "HTTP",
  path: "/healthz",
  port: "traffic-port",
  interval: 10,
  timeout: 6,
  healthyThreshold: 3,
  unhealthyThreshold: 3,
  matcher: "200-399",
};

const program =
  (at: Existing, listenerPort = 80) =>
  async (): Promise<void> => {
    new Resource(
      "aws:ec2/securityGroup:SecurityGroup",
      "lb",
      { name: "k8s-web", description: "[k8s] Managed SecurityGroup for LoadBalancer", vpcId: at.vpcId },
      at.groupId,
    );
    new Resource(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "in",
      { securityGroupId: at.groupId, ipProtocol: "tcp", fromPort: 80, toPort: 80, cidrIpv4: "0.0.0.0/0" },
      at.inRule,
    );
    new Resource(
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      "out",
      { securityGroupId: at.groupId, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
      at.outRule,
    );
    new Resource(
      "aws:lb/loadBalancer:LoadBalancer",
      "lb",
      {
        name: "k8s-default-weblb",
        loadBalancerType: "network",
        internal: true,
        subnets: [...at.subnets].reverse(),
        securityGroups: [at.groupId],
        enableDeletionProtection: true,
        tags: { ...tags, "service.k8s.aws/resource": "LoadBalancer" },
      },
      at.balancer,
    );
    new Resource(
      "aws:lb/targetGroup:TargetGroup",
      "web",
      {
        name: "k8s-default-weblb",
        port: 8080,
        protocol: "TCP",
        targetType: "ip",
        vpcId: at.vpcId,
        healthCheck,
        deregistrationDelay: 60,
        tags: { ...tags, "service.k8s.aws/resource": "default/web-lb:80" },
      },
      at.group,
    );
    new Resource(
      "aws:lb/listener:Listener",
      "web",
      {
        loadBalancerArn: at.balancer,
        port: listenerPort,
        protocol: "TCP",
        defaultActions: [{ type: "forward", targetGroupArn: at.group }],
        tags: { ...tags, "service.k8s.aws/resource": "80" },
      },
      at.listener,
    );
  };

describe("what exists already, under the real engine", function () {
  this.timeout(120_000);
  let base = "";
  let info: SandboxInfo;
  let at: Existing;
  let elbs: elb.ElasticLoadBalancingV2Client;

  before("start a sandbox, and make what a controller would", async function () {
    this.timeout(45 * 60_000);
    const tools = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    base = mkdtempSync(join(tmpdir(), "ebg-"));
    info = await startSandbox(
      {
        dir: join(base, "sb"),
        timeScale: 600,
        lbc: "stand-in",
        providers: {},
        region: "us-east-1",
        untilStdinCloses: true,
      },
      tools,
      () => undefined,
    );
    const settings = {
      region: info.region,
      endpoint: info.awsEndpoint,
      credentials: { accessKeyId: info.env["AWS_ACCESS_KEY_ID"]!, secretAccessKey: info.env["AWS_SECRET_ACCESS_KEY"]! },
    };
    elbs = new elb.ElasticLoadBalancingV2Client(settings);
    at = await make(new ec2.EC2Client(settings), elbs);
  });
  after(async () => {
    if (info !== undefined) await stopSandbox(info.dir);
    if (base !== "") rmSync(base, { recursive: true, force: true });
  });

  const stackOf = async (name: string): Promise<Stack> => {
    const pulumiCommand = await PulumiCommand.get({ root: info.dir, skipVersionCheck: true });
    const envVars = Object.fromEntries(
      Object.entries(childEnvironment(info.env, {})).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const workspace = await LocalWorkspace.create({
      workDir: mkdtempSync(join(base, "project-")),
      pulumiCommand,
      envVars,
      projectSettings: { name: "imports", runtime: "nodejs", backend: { url: info.env["PULUMI_BACKEND_URL"] ?? "" } },
    });
    return Stack.createOrSelect(name, workspace);
  };

  it(
    "is imported and then changed when the program says something else: the preview tells, so whoever imports must " +
      "look at it first",
    async () => {
      const stack = await stackOf("wrong");
      const preview = await stack.preview({ program: program(at, 81) });
      const port = async () =>
        (await elbs.send(new elb.DescribeListenersCommand({ ListenerArns: [at.listener] }))).Listeners?.[0]?.Port;
      assert.deepEqual([preview.changeSummary, await port()], [{ create: 1, import: 6, update: 1 }, 80]);
      const { summary } = await stack.up({ program: program(at, 81) });
      assert.deepEqual([summary.resourceChanges, await port()], [{ create: 1, import: 6, update: 1 }, 81]);
      await elbs.send(new elb.ModifyListenerCommand({ ListenerArn: at.listener, Port: 80 }));
    },
  );

  it(
    "is imported when the program says the same, without what AWS chose itself, and has nothing to change " +
      "afterwards",
    async () => {
      const stack = await stackOf("right");
      const { summary } = await stack.up({ program: program(at) });
      assert.deepEqual(summary.resourceChanges, { create: 1, import: 6 });
      assert.deepEqual((await stack.preview({ program: program(at) })).changeSummary, { same: 7 });
      assert.deepEqual((await stack.refresh()).summary.resourceChanges, { same: 7 });
    },
  );

  it("shows drift of tags and attributes in a refresh, and the next update puts it back", async () => {
    const stack = await stackOf("right");
    await elbs.send(
      new elb.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: at.balancer,
        Attributes: [{ Key: "deletion_protection.enabled", Value: "false" }],
      }),
    );
    await elbs.send(new elb.RemoveTagsCommand({ ResourceArns: [at.group], TagKeys: ["service.k8s.aws/stack"] }));
    await elbs.send(new elb.AddTagsCommand({ ResourceArns: [at.group], Tags: [{ Key: "theirs", Value: "yes" }] }));
    assert.deepEqual((await stack.refresh()).summary.resourceChanges, { same: 5, update: 2 });
    assert.deepEqual((await stack.preview({ program: program(at) })).changeSummary, { same: 5, update: 2 });
    await stack.up({ program: program(at) });
    const now = await elbs.send(new elb.DescribeTagsCommand({ ResourceArns: [at.group] }));
    assert.deepEqual(Object.fromEntries((now.TagDescriptions?.[0]?.Tags ?? []).map((tag) => [tag.Key, tag.Value])), {
      ...tags,
      "service.k8s.aws/resource": "default/web-lb:80",
    });
    const attributes = (
      await elbs.send(new elb.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: at.balancer }))
    ).Attributes;
    assert.equal(attributes?.find((one) => one.Key === "deletion_protection.enabled")?.Value, "true");
  });

  it("is found by its tags, and none or several are an error that says how many", async () => {
    const stack = await stackOf("lookups");
    const invoke = (token: string, args: pulumi.Inputs) => pulumi.runtime.invoke(token, args, { version: "7.48.0" });
    const attempt = (token: string, args: pulumi.Inputs) =>
      invoke(token, args).then(
        () => "found",
        (error: Error) => error.message,
      );
    await elbs.send(
      new elb.CreateTargetGroupCommand({
        Name: "second",
        Port: 8080,
        Protocol: "TCP",
        TargetType: "ip",
        VpcId: at.vpcId,
        Tags: tagList("default/web-lb:81"),
      }),
    );
    const { outputs } = await stack.up({
      program: async () => ({
        balancer: await invoke("aws:lb/getLoadBalancer:getLoadBalancer", { tags }),
        group: await invoke("aws:lb/getTargetGroup:getTargetGroup", {
          tags: { ...tags, "service.k8s.aws/resource": "default/web-lb:80" },
        }),
        listener: await invoke("aws:lb/getListener:getListener", { loadBalancerArn: at.balancer, port: 80 }),
        security: await invoke("aws:ec2/getSecurityGroup:getSecurityGroup", {
          vpcId: at.vpcId,
          filters: [{ name: "group-name", values: ["k8s-web"] }],
        }),
        groups: await invoke("aws:ec2/getSecurityGroups:getSecurityGroups", { tags: { nobody: "has it" } }),
        errors: [
          await attempt("aws:lb/getLoadBalancer:getLoadBalancer", { tags: { none: "of them" } }),
          await attempt("aws:lb/getTargetGroup:getTargetGroup", { tags }),
          await attempt("aws:ec2/getSecurityGroup:getSecurityGroup", { name: "no-such-group" }),
          await attempt("aws:eks/getCluster:getCluster", { name: "no-such-cluster" }),
        ],
      }),
    });
    const out = (name: string) => outputs[name]?.value;
    assert.deepEqual(
      [out("balancer").arn, out("balancer").enableDeletionProtection, out("balancer").tags["service.k8s.aws/resource"]],
      [at.balancer, true, "LoadBalancer"],
    );
    assert.deepEqual(
      [out("group").arn, out("group").deregistrationDelay, out("group").loadBalancerArns],
      [at.group, "60", [at.balancer]],
    );
    assert.deepEqual([out("listener").arn, out("listener").defaultActions[0].targetGroupArn], [at.listener, at.group]);
    assert.deepEqual([out("security").id, out("groups").ids], [at.groupId, []]);
    const expected = [
      /Search returned 0 results/,
      /Search returned 2 results/,
      /no matching EC2 Security Group found/,
      /couldn't find resource/,
    ];
    (out("errors") as string[]).forEach((message, index) => assert.match(message, expected[index]!));
  });
});

async function make(client: ec2.EC2Client, elbs: elb.ElasticLoadBalancingV2Client): Promise<Existing> {
  const vpcId = (await client.send(new ec2.CreateVpcCommand({ CidrBlock: "10.50.0.0/16" }))).Vpc!.VpcId!;
  const subnets: string[] = [];
  for (const [zone, net] of [
    ["a", 0],
    ["b", 16],
  ] as const)
    subnets.push(
      (
        await client.send(
          new ec2.CreateSubnetCommand({
            VpcId: vpcId,
            CidrBlock: `10.50.${net}.0/20`,
            AvailabilityZone: `us-east-1${zone}`,
          }),
        )
      ).Subnet!.SubnetId!,
    );
  const groupId = (
    await client.send(
      new ec2.CreateSecurityGroupCommand({
        GroupName: "k8s-web",
        Description: "[k8s] Managed SecurityGroup for LoadBalancer",
        VpcId: vpcId,
      }),
    )
  ).GroupId!;
  const inRule = (
    await client.send(
      new ec2.AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      }),
    )
  ).SecurityGroupRules![0]!.SecurityGroupRuleId!;
  const outRule = (
    await client.send(new ec2.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [groupId] }] }))
  ).SecurityGroupRules!.find((one) => one.IsEgress)!.SecurityGroupRuleId!;
  const balancer = (
    await elbs.send(
      new elb.CreateLoadBalancerCommand({
        Name: "k8s-default-weblb",
        Type: "network",
        Scheme: "internal",
        Subnets: subnets,
        SecurityGroups: [groupId],
        Tags: tagList("LoadBalancer"),
      }),
    )
  ).LoadBalancers![0]!.LoadBalancerArn!;
  await elbs.send(
    new elb.ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn: balancer,
      Attributes: [{ Key: "deletion_protection.enabled", Value: "true" }],
    }),
  );
  const group = (
    await elbs.send(
      new elb.CreateTargetGroupCommand({
        Name: "k8s-default-weblb",
        Port: 8080,
        Protocol: "TCP",
        TargetType: "ip",
        VpcId: vpcId,
        HealthCheckProtocol: "HTTP",
        HealthCheckPath: "/healthz",
        HealthCheckIntervalSeconds: 10,
        HealthCheckTimeoutSeconds: 6,
        HealthyThresholdCount: 3,
        UnhealthyThresholdCount: 3,
        Tags: tagList("default/web-lb:80"),
      }),
    )
  ).TargetGroups![0]!.TargetGroupArn!;
  await elbs.send(
    new elb.ModifyTargetGroupAttributesCommand({
      TargetGroupArn: group,
      Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "60" }],
    }),
  );
  const listener = (
    await elbs.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: balancer,
        Port: 80,
        Protocol: "TCP",
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
        Tags: tagList("80"),
      }),
    )
  ).Listeners![0]!.ListenerArn!;
  return { vpcId, subnets, groupId, inRule, outRule, balancer, group, listener };
}
