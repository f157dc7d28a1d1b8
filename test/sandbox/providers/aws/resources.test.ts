/**
 * Every type of the aws stand-in against the AWS front and moto: made, read, refreshed, imported, changed, and deleted
 * twice.
 */
import assert from "node:assert/strict";
import { DescribeNodegroupCommand, UpdateNodegroupConfigCommand } from "@aws-sdk/client-eks";
import {
  DescribeRulesCommand,
  ModifyRuleCommand,
  ModifyTargetGroupCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsStandIn, awsResources } from "../../../../sandbox/providers/aws/provider";
import type { Props } from "../../../../sandbox/providers/rpc/values";
import { PartialFailure } from "../../../../sandbox/providers/stand-in";
import { until, useRig } from "../../aws-front/rig";

/** What earlier rows made, by the row's name. */
type Made = Readonly<Record<string, { readonly id: string; readonly outputs: Props }>>;
interface Row {
  readonly name: string;
  readonly type: string;
  readonly inputs: (made: Made) => Props;
  /** A change in place; absent where the type has none. */
  readonly change?: Props;
  /** The official provider's import id, where it is not the id. */
  readonly importId?: (id: string, inputs: Props) => string;
  /** Inputs that AWS does not tell again. */
  readonly untold?: readonly string[];
}

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const document = (action: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
const id = (made: Made, name: string): string => made[name]!.id;
const out = (made: Made, name: string, property: string): string => made[name]!.outputs[property];

const rows: readonly Row[] = [
  {
    name: "vpc",
    type: "aws:ec2/vpc:Vpc",
    inputs: () => ({ cidrBlock: "10.50.0.0/16", enableDnsHostnames: true, tags: { a: "1" } }),
    change: { enableDnsHostnames: false },
  },
  {
    name: "subnet",
    type: "aws:ec2/subnet:Subnet",
    inputs: (m) => ({ vpcId: id(m, "vpc"), cidrBlock: "10.50.0.0/20", availabilityZone: "eu-west-1a" }),
    change: { mapPublicIpOnLaunch: true },
  },
  {
    name: "subnet2",
    type: "aws:ec2/subnet:Subnet",
    inputs: (m) => ({ vpcId: id(m, "vpc"), cidrBlock: "10.50.16.0/20", availabilityZone: "eu-west-1b" }),
    change: { tags: { a: "b" } },
  },
  {
    name: "igw",
    type: "aws:ec2/internetGateway:InternetGateway",
    inputs: (m) => ({ vpcId: id(m, "vpc") }),
    change: { tags: { a: "b" } },
  },
  { name: "eip", type: "aws:ec2/eip:Eip", inputs: () => ({}), change: { tags: { a: "b" } } },
  {
    name: "nat",
    type: "aws:ec2/natGateway:NatGateway",
    inputs: (m) => ({ allocationId: id(m, "eip"), subnetId: id(m, "subnet") }),
    change: { tags: { a: "b" } },
  },
  {
    name: "table",
    type: "aws:ec2/routeTable:RouteTable",
    inputs: (m) => ({ vpcId: id(m, "vpc") }),
    change: { tags: { a: "b" } },
  },
  {
    name: "route",
    type: "aws:ec2/route:Route",
    inputs: (m) => ({ routeTableId: id(m, "table"), destinationCidrBlock: "0.0.0.0/0", gatewayId: id(m, "igw") }),
    importId: (_, i) => `${i["routeTableId"]}_0.0.0.0/0`,
  },
  {
    name: "association",
    type: "aws:ec2/routeTableAssociation:RouteTableAssociation",
    inputs: (m) => ({ routeTableId: id(m, "table"), subnetId: id(m, "subnet") }),
    importId: (_, i) => `${i["subnetId"]}/${i["routeTableId"]}`,
  },
  {
    name: "group",
    type: "aws:ec2/securityGroup:SecurityGroup",
    inputs: (m) => ({
      vpcId: id(m, "vpc"),
      description: "of the test",
      egress: [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }],
    }),
    change: { egress: [] },
    untold: ["egress"],
  },
  {
    name: "rule",
    type: "aws:ec2/securityGroupRule:SecurityGroupRule",
    inputs: (m) => ({
      securityGroupId: id(m, "group"),
      type: "ingress",
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: ["10.0.0.0/8"],
    }),
    change: { description: "api" },
    importId: (_, i) => `${i["securityGroupId"]}_ingress_tcp_443_443_10.0.0.0/8`,
  },
  {
    name: "in",
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    inputs: (m) => ({
      securityGroupId: id(m, "group"),
      ipProtocol: "tcp",
      fromPort: 80,
      toPort: 80,
      cidrIpv4: "0.0.0.0/0",
    }),
    change: { toPort: 81 },
  },
  {
    name: "outward",
    type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    inputs: (m) => ({
      securityGroupId: id(m, "group"),
      ipProtocol: "tcp",
      fromPort: 8080,
      toPort: 8080,
      referencedSecurityGroupId: id(m, "group"),
    }),
    change: { description: "pods" },
  },
  {
    name: "template",
    type: "aws:ec2/launchTemplate:LaunchTemplate",
    inputs: () => ({ instanceType: "m6i.large" }),
    change: { instanceType: "m7i.large" },
  },
  {
    name: "role",
    type: "aws:iam/role:Role",
    inputs: () => ({ assumeRolePolicy: trust, description: "before" }),
    change: { description: "after" },
  },
  {
    name: "policy",
    type: "aws:iam/policy:Policy",
    inputs: () => ({ policy: document("ec2:Describe*") }),
    change: { policy: document("eks:List*") },
  },
  {
    name: "attachment",
    type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs: (m) => ({ role: id(m, "role"), policyArn: id(m, "policy") }),
  },
  {
    name: "inline",
    type: "aws:iam/rolePolicy:RolePolicy",
    inputs: (m) => ({ role: id(m, "role"), policy: document("ec2:Describe*") }),
    change: { policy: document("eks:List*") },
  },
  {
    name: "cluster",
    type: "aws:eks/cluster:Cluster",
    inputs: (m) => ({
      name: "blue",
      version: "1.34",
      roleArn: out(m, "role", "arn"),
      accessConfig: { authenticationMode: "API" },
      vpcConfig: { subnetIds: [id(m, "subnet"), id(m, "subnet2")] },
    }),
    change: { version: "1.35" },
    untold: ["vpcConfig", "accessConfig"],
  },
  {
    name: "oidc",
    type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    inputs: (m) => ({
      url: m["cluster"]!.outputs["identities"][0].oidcs[0].issuer,
      clientIdLists: ["sts.amazonaws.com"],
      thumbprintLists: ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
    }),
    change: { thumbprintLists: ["0e99a48a9960b14926bb7f3b02e22da2b0ab7280"] },
  },
  {
    name: "addon",
    type: "aws:eks/addon:Addon",
    inputs: () => ({ clusterName: "blue", addonName: "kube-proxy", resolveConflictsOnCreate: "OVERWRITE" }),
    change: { configurationValues: "{}" },
    untold: ["resolveConflictsOnCreate"],
  },
  {
    name: "nodes",
    type: "aws:eks/nodeGroup:NodeGroup",
    inputs: (m) => ({
      clusterName: "blue",
      nodeRoleArn: out(m, "role", "arn"),
      subnetIds: [id(m, "subnet"), id(m, "subnet2")],
      scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 1 },
    }),
    change: { scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 2 } },
  },
  {
    name: "entry",
    type: "aws:eks/accessEntry:AccessEntry",
    inputs: (m) => ({ clusterName: "blue", principalArn: out(m, "role", "arn") }),
    change: { kubernetesGroups: ["viewers"] },
  },
  {
    name: "access",
    type: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    inputs: (m) => ({
      clusterName: "blue",
      principalArn: out(m, "role", "arn"),
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
      accessScope: { type: "cluster" },
    }),
  },
  {
    name: "pods",
    type: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    inputs: (m) => ({
      clusterName: "blue",
      namespace: "kube-system",
      serviceAccount: "controller",
      roleArn: out(m, "role", "arn"),
    }),
    change: { tags: { a: "b" } },
    importId: (own) => `blue,${own}`,
  },
  {
    name: "balancer",
    type: "aws:lb/loadBalancer:LoadBalancer",
    inputs: (m) => ({
      loadBalancerType: "network",
      internal: true,
      subnets: [id(m, "subnet"), id(m, "subnet2")],
      securityGroups: [id(m, "group")],
      enableCrossZoneLoadBalancing: true,
    }),
    change: { enableCrossZoneLoadBalancing: false },
  },
  {
    name: "targets",
    type: "aws:lb/targetGroup:TargetGroup",
    inputs: (m) => ({
      port: 80,
      protocol: "TCP",
      targetType: "ip",
      vpcId: id(m, "vpc"),
      preserveClientIp: "false",
      healthCheck: { protocol: "HTTP", path: "/a" },
    }),
    change: { healthCheck: { protocol: "HTTP", path: "/b" } },
    untold: ["healthCheck"],
  },
  {
    name: "listener",
    type: "aws:lb/listener:Listener",
    inputs: (m) => ({
      loadBalancerArn: id(m, "balancer"),
      port: 80,
      protocol: "TCP",
      defaultActions: [{ type: "forward", targetGroupArn: id(m, "targets") }],
    }),
    change: { port: 81 },
  },
  {
    name: "alb",
    type: "aws:lb/loadBalancer:LoadBalancer",
    inputs: (m) => ({ subnets: [id(m, "subnet"), id(m, "subnet2")], securityGroups: [id(m, "group")] }),
    change: { idleTimeout: 90, accessLogs: { bucket: "logs", enabled: true } },
  },
  {
    name: "web",
    type: "aws:lb/targetGroup:TargetGroup",
    inputs: (m) => ({ port: 80, protocol: "HTTP", targetType: "ip", vpcId: id(m, "vpc") }),
    change: { deregistrationDelay: 60 },
    untold: ["proxyProtocolV2"],
  },
  {
    name: "http",
    type: "aws:lb/listener:Listener",
    inputs: (m) => ({
      loadBalancerArn: id(m, "alb"),
      port: 80,
      protocol: "HTTP",
      defaultActions: [{ type: "forward", targetGroupArn: id(m, "web") }],
    }),
    change: { port: 81 },
  },
  {
    name: "path",
    type: "aws:lb/listenerRule:ListenerRule",
    inputs: (m) => ({
      listenerArn: id(m, "http"),
      priority: 10,
      actions: [{ type: "forward", targetGroupArn: id(m, "web") }],
      conditions: [{ pathPattern: { values: ["/a*"] } }],
    }),
    change: { priority: 20 },
  },
  {
    name: "green",
    type: "aws:lb/targetGroup:TargetGroup",
    inputs: (m) => ({
      port: 80,
      protocol: "HTTP",
      protocolVersion: "HTTP1",
      targetType: "ip",
      vpcId: id(m, "vpc"),
      targetGroupHealth: {
        dnsFailover: { minimumHealthyTargetsCount: "off", minimumHealthyTargetsPercentage: "off" },
        unhealthyStateRouting: { minimumHealthyTargetsCount: 1, minimumHealthyTargetsPercentage: "off" },
      },
    }),
    untold: ["proxyProtocolV2"],
    change: {
      targetGroupHealth: {
        dnsFailover: { minimumHealthyTargetsCount: "off", minimumHealthyTargetsPercentage: "off" },
        unhealthyStateRouting: { minimumHealthyTargetsCount: 2, minimumHealthyTargetsPercentage: "off" },
      },
    },
  },
  {
    name: "shares",
    type: "aws:lb/listenerRule:ListenerRule",
    inputs: (m) => ({
      listenerArn: id(m, "http"),
      priority: 30,
      actions: [{ type: "forward", forward: { targetGroups: weights(m, 100, 0) } }],
      conditions: [
        { hostHeader: { values: ["shop.example.com"] } },
        { httpHeader: { httpHeaderName: "X-Tenant", values: ["a", "b*"] } },
      ],
      tags: { a: "b" },
    }),
    untold: ["actions"],
    change: { priority: 40 },
  },
  {
    name: "https",
    type: "aws:lb/listener:Listener",
    inputs: (m) => ({
      loadBalancerArn: id(m, "alb"),
      port: 443,
      protocol: "HTTPS",
      certificateArn: certificate("a"),
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
      defaultActions: [
        {
          type: "fixed-response",
          fixedResponse: { contentType: "text/plain", messageBody: "no", statusCode: "404" },
        },
      ],
    }),
    change: { sslPolicy: "ELBSecurityPolicy-TLS13-1-3-2021-06" },
  },
  {
    name: "other certificate",
    type: "aws:lb/listenerCertificate:ListenerCertificate",
    inputs: (m) => ({ listenerArn: id(m, "https"), certificateArn: certificate("b") }),
  },
];

function certificate(of: string): string {
  return `arn:aws:acm:eu-west-1:123456789012:certificate/${of}`;
}

function weights(m: Made, web: number, green: number): Props[] {
  return [
    { arn: id(m, "web"), weight: web },
    { arn: id(m, "green"), weight: green },
  ];
}

const limits = () => ({ signal: new AbortController().signal, timeoutSeconds: 30 });
const about = (row: Row) => ({
  urn: `urn:pulumi:s::p::${row.type}::${row.name}`,
  type: row.type,
  name: row.name,
  seed: Buffer.from(row.name),
});
const without = (props: Props, keys: readonly string[]): Props =>
  Object.fromEntries(Object.entries(props).filter(([key]) => !keys.includes(key)));

describe("the aws stand-in's types, with the AWS front and moto", function () {
  this.timeout(60_000);
  const rig = useRig();
  const made: Record<string, { id: string; inputs: Props; outputs: Props }> = {};
  let provider: AwsStandIn;
  before(async () => {
    provider = new AwsStandIn(rig().env());
    await provider.configure({});
  });

  it("has a row for each type", () => {
    assert.deepEqual([...new Set(rows.map((row) => row.type))].sort(), awsResources.map((one) => one.token).sort());
  });

  for (const row of rows) {
    it(`makes, reads, imports and changes ${row.name} (${row.type})`, async () => {
      const target = about(row);
      const { inputs, failures } = await provider.check({ ...target, olds: {}, news: row.inputs(made) });
      assert.deepEqual(failures, []);
      const created = await provider.create({ ...target, inputs, preview: false }, limits());
      made[row.name] = { ...created, inputs };
      const refreshed = await provider.read({ ...target, id: created.id, inputs, outputs: created.outputs });
      assert.deepEqual(refreshed?.outputs, created.outputs, "a refresh changes nothing");
      assert.deepEqual(refreshed?.inputs, inputs);
      const again = { ...target, id: created.id, oldInputs: inputs, news: inputs };
      const nothing = await provider.diff({ ...again, oldOutputs: refreshed!.outputs });
      assert.deepEqual(nothing.changes, [], "the program says all that AWS tells");

      const imported = await provider.read({
        ...target,
        id: row.importId?.(created.id, inputs) ?? created.id,
        inputs: {},
        outputs: {},
      });
      assert.equal(imported?.id, created.id);
      const told = [...(row.untold ?? []), "__defaults"];
      for (const [key, value] of Object.entries(without(inputs, told)))
        assert.deepEqual(comparable(imported?.inputs[key]), comparable(value), `imported ${key}`);
      const checked = await provider.check({ ...target, olds: {}, news: imported!.inputs });
      assert.deepEqual(checked.failures, []);

      if (row.change === undefined) return;
      const news = { ...inputs, ...row.change };
      const change = { ...target, id: created.id, oldInputs: inputs, oldOutputs: created.outputs, news };
      const diff = await provider.diff(change);
      assert.equal(diff.changes.length > 0 && diff.changes.every((one) => !one.replaces), true, JSON.stringify(diff));
      const outputs = await provider.update({ ...change, preview: false }, limits());
      made[row.name] = { id: created.id, inputs: news, outputs };
      for (const [key, value] of Object.entries(row.change))
        assert.deepEqual(comparable(outputs[key], value), comparable(value), key);
      assert.deepEqual((await provider.read({ ...target, id: created.id, inputs: news, outputs }))?.outputs, outputs);
      const done = await provider.diff({ ...change, oldInputs: news, oldOutputs: outputs });
      assert.deepEqual(done.changes, [], "one update is enough");
    });
  }

  it("plans a change of weights as a change of weights, makes it, and puts weights of others' hands back", async () => {
    const row = rows.find((one) => one.name === "shares")!;
    const before = made["shares"]!;
    const actions = (web: number, green: number) => [
      { type: "forward", forward: { targetGroups: weights(made, web, green) } },
    ];
    const news = { ...before.inputs, actions: actions(90, 10) };
    const change = { ...about(row), id: before.id, oldInputs: before.inputs, oldOutputs: before.outputs, news };
    const { changes } = await provider.diff(change);
    assert.deepEqual(
      changes.map(({ path, kind, replaces }) => ({ path, kind, replaces })),
      [
        { path: "actions[0].forward.targetGroups[0].weight", kind: "update", replaces: false },
        { path: "actions[0].forward.targetGroups[1].weight", kind: "update", replaces: false },
      ],
    );
    const outputs = await provider.update({ ...change, preview: false }, limits());
    made["shares"] = { id: before.id, inputs: news, outputs };
    const inAws = async () =>
      (await rig().elb.send(new DescribeRulesCommand({ RuleArns: [before.id] }))).Rules?.[0]?.Actions?.[0]
        ?.ForwardConfig?.TargetGroups;
    assert.deepEqual(
      (await inAws())?.map((one) => one.Weight),
      [90, 10],
    );
    // By hand.
    await rig().elb.send(
      new ModifyRuleCommand({
        RuleArn: before.id,
        Actions: [
          {
            Type: "forward",
            ForwardConfig: {
              TargetGroups: [
                { TargetGroupArn: id(made, "web"), Weight: 0 },
                { TargetGroupArn: id(made, "green"), Weight: 7 },
              ],
            },
          },
        ],
      }),
    );
    const refreshed = await provider.read({ ...about(row), id: before.id, inputs: news, outputs });
    assert.deepEqual(refreshed?.inputs["actions"], actions(0, 7));
    const back = { ...change, oldInputs: refreshed!.inputs, oldOutputs: refreshed!.outputs };
    await provider.update({ ...back, preview: false }, limits());
    assert.deepEqual(
      (await inAws())?.map((one) => one.Weight),
      [90, 10],
    );
  });

  it("records what an update that failed left behind, and the next one does the rest", async () => {
    const row = rows.find((one) => one.name === "targets")!;
    const before = made["targets"]!;
    const news = { ...before.inputs, healthCheck: { protocol: "HTTP", path: "/c" }, deregistrationDelay: 10 };
    const change = { ...about(row), id: before.id, oldInputs: before.inputs, oldOutputs: before.outputs, news };
    rig().front.faults.add({
      operation: "elasticloadbalancing:ModifyTargetGroupAttributes",
      kind: "error",
      count: 1,
      status: 400,
      code: "InvalidConfigurationRequest",
      message: "no",
    });
    const failed = await provider.update({ ...change, preview: false }, limits()).then(
      () => assert.fail("did not fail"),
      (error: unknown) => error,
    );
    assert.ok(failed instanceof PartialFailure, String(failed));
    assert.equal(failed.id, before.id);
    assert.equal(failed.outputs["healthCheck"].path, "/c", "what was done is recorded");
    // The engine records the new inputs.
    const again = { ...change, oldInputs: news, oldOutputs: failed.outputs };
    assert.deepEqual(
      (await provider.diff(again)).changes.map((one) => one.path),
      ["deregistrationDelay"],
    );
    const outputs = await provider.update({ ...again, preview: false }, limits());
    made["targets"] = { id: before.id, inputs: news, outputs };
    assert.deepEqual((await provider.diff({ ...change, oldInputs: news, oldOutputs: outputs })).changes, []);
  });

  it("refreshes what was changed from outside, and the next update puts it back", async () => {
    await rig().eks.send(
      new UpdateNodegroupConfigCommand({
        clusterName: "blue",
        nodegroupName: made["nodes"]!.inputs["nodeGroupName"],
        scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 3 },
      }),
    );
    await until(
      "the change from outside",
      async () =>
        (
          await rig().eks.send(
            new DescribeNodegroupCommand({
              clusterName: "blue",
              nodegroupName: made["nodes"]!.inputs["nodeGroupName"],
            }),
          )
        ).nodegroup?.status === "ACTIVE",
    );
    await rig().elb.send(new ModifyTargetGroupCommand({ TargetGroupArn: made["web"]!.id, HealthCheckPath: "/theirs" }));
    for (const [name, path] of [
      ["nodes", "scalingConfig.desiredSize"],
      ["web", null],
    ] as const) {
      const one = made[name]!;
      const target = about(rows.find((row) => row.name === name)!);
      const found = await provider.read({ ...target, ...one });
      const change = { ...target, id: one.id, oldInputs: found!.inputs, oldOutputs: found!.outputs, news: one.inputs };
      // What the program never said is AWS's to choose: a refresh shows it, and it is no change.
      assert.deepEqual(
        (await provider.diff(change)).changes.map((diff) => diff.path),
        path === null ? [] : [path],
      );
      if (path !== null)
        made[name] = { ...one, outputs: await provider.update({ ...change, preview: false }, limits()) };
      else assert.equal(found?.outputs["healthCheck"].path, "/theirs");
    }
    assert.equal(made["nodes"]!.outputs["scalingConfig"].desiredSize, 2);
  });

  it("keeps the id of what was made when a later step of its creation fails", async () => {
    const row = rows.find((one) => one.name === "web")!;
    const inputs = (
      await provider.check({
        ...about(row),
        name: "half",
        olds: {},
        news: { ...row.inputs(made), deregistrationDelay: 15 },
      })
    ).inputs;
    rig().front.faults.add({
      operation: "elasticloadbalancing:ModifyTargetGroupAttributes",
      kind: "error",
      count: 1,
      status: 400,
      code: "InvalidConfigurationRequest",
      message: "no",
    });
    const failed = await provider.create({ ...about(row), inputs, preview: false }, limits()).then(
      () => assert.fail("did not fail"),
      (error: unknown) => error,
    );
    assert.ok(failed instanceof PartialFailure, String(failed));
    const diff = await provider.diff({
      ...about(row),
      id: failed.id,
      oldInputs: inputs,
      oldOutputs: failed.outputs,
      news: inputs,
    });
    assert.ok(
      diff.changes.some((one) => one.path === "deregistrationDelay") && diff.changes.every((one) => !one.replaces),
      JSON.stringify(diff.changes),
    );
    await provider.update(
      { ...about(row), id: failed.id, oldInputs: inputs, oldOutputs: failed.outputs, news: inputs, preview: false },
      limits(),
    );
    const imported = await provider.read({ ...about(row), id: failed.id, inputs: {}, outputs: {} });
    assert.equal(imported?.inputs["deregistrationDelay"], 15);
    await provider.delete({ ...about(row), id: failed.id, oldInputs: inputs, outputs: failed.outputs }, limits());
  });

  it("deletes everything, and again when it is gone", async () => {
    for (const row of [...rows].reverse()) {
      const one = made[row.name];
      assert.ok(one, `${row.name} was made`);
      const call = { ...about(row), id: one.id, oldInputs: one.inputs, outputs: one.outputs };
      await provider.delete(call, limits());
      assert.equal(
        await provider.read({ ...about(row), id: one.id, inputs: one.inputs, outputs: one.outputs }),
        null,
        `${row.name} is gone`,
      );
      await provider.delete(call, limits());
    }
  });
});

/** Sets come back in any order, policies with other spaces; of an answer only what was asked for. */
function comparable(value: unknown, like: unknown = value): unknown {
  if (typeof value === "string" && value.startsWith("{")) return JSON.parse(value);
  if (Array.isArray(value))
    return value.map((item) => comparable(item)).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  if (typeof value === "object" && value !== null && typeof like === "object" && like !== null)
    return Object.fromEntries(Object.entries(value).filter(([key]) => key in like));
  return value;
}
