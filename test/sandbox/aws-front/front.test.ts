import assert from "node:assert/strict";
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeNetworkInterfacesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { NodeSpec } from "../../../sandbox/contract";
import type { AwsFront } from "../../../sandbox/aws-front/index";
import { hasCode, until, useRig } from "./rig";

describe("AWS front with moto and the JS SDK", function () {
  this.timeout(60_000);
  const rig = useRig();
  let front: AwsFront;
  let nodes: readonly NodeSpec[] = [];
  let ec2: EC2Client;
  let lb: elb.ElasticLoadBalancingV2Client;
  let kube: eks.EKSClient;
  let vpcId = "";
  let subnets: string[] = [];
  let balancerGroup = "";
  let group = "";

  before(async () => {
    ({ front, ec2, elb: lb, eks: kube, vpcId, subnets } = rig());
    balancerGroup =
      (await ec2.send(new CreateSecurityGroupCommand({ GroupName: "lb", Description: "lb", VpcId: vpcId }))).GroupId ??
      "";
  });

  it("makes a cluster with nodes and pod addresses", async () => {
    const made = await kube.send(
      new eks.CreateClusterCommand({
        name: "blue",
        version: "1.34",
        roleArn: "arn:aws:iam::123456789012:role/r",
        resourcesVpcConfig: { subnetIds: subnets },
        accessConfig: { authenticationMode: "API" },
      }),
    );
    assert.equal(made.cluster?.status, "CREATING");
    await until(
      "ACTIVE",
      async () => (await kube.send(new eks.DescribeClusterCommand({ name: "blue" }))).cluster?.status === "ACTIVE",
    );
    await assert.rejects(
      kube.send(new eks.UpdateClusterVersionCommand({ name: "blue", version: "1.36" })),
      hasCode("InvalidParameterException"),
    );
    await kube.send(
      new eks.CreateNodegroupCommand({
        clusterName: "blue",
        nodegroupName: "main",
        nodeRole: "arn:aws:iam::123456789012:role/n",
        subnets,
        scalingConfig: { minSize: 2, maxSize: 3, desiredSize: 2 },
      }),
    );
    await until(
      "nodes",
      async () =>
        (await kube.send(new eks.DescribeNodegroupCommand({ clusterName: "blue", nodegroupName: "main" }))).nodegroup
          ?.status === "ACTIVE",
    );
    nodes = rig().nodes.get("blue") ?? [];
    assert.equal(nodes.length, 2);
    assert.equal(new Set(nodes.flatMap((one) => [one.address, ...one.podAddresses])).size, 50);
    assert.equal(new Set(nodes.map((one) => one.subnetId)).size, 2);
    await assert.rejects(kube.send(new eks.DeleteClusterCommand({ name: "blue" })), hasCode("ResourceInUseException"));
  });

  it("finds the interface of a pod's address, and none for nobody's", async () => {
    const found = async (...values: string[]): Promise<(string | undefined)[]> =>
      (
        (
          await ec2.send(
            new DescribeNetworkInterfacesCommand({
              Filters: [
                { Name: "vpc-id", Values: [vpcId] },
                { Name: "addresses.private-ip-address", Values: values },
              ],
            }),
          )
        ).NetworkInterfaces ?? []
      ).map((one) => one.PrivateIpAddress);
    assert.deepEqual(await found(nodes[0]?.podAddresses[3] ?? "", nodes[0]?.podAddresses[4] ?? ""), [
      nodes[0]?.address,
    ]);
    assert.deepEqual(
      (await found(nodes[0]?.podAddresses[0] ?? "", nodes[1]?.podAddresses[0] ?? "")).sort(),
      [nodes[0]?.address, nodes[1]?.address].sort(),
    );
    assert.deepEqual(await found("10.42.9.9"), []);
  });

  it("walks a target through AWS's states, and judges by security groups", async () => {
    const pod = { Id: nodes[0]?.podAddresses[0] ?? "", Port: 8080 };
    const balancer = (
      await lb.send(
        new elb.CreateLoadBalancerCommand({
          Name: "shared",
          Type: "network",
          Subnets: subnets,
          SecurityGroups: [balancerGroup],
        }),
      )
    ).LoadBalancers?.[0];
    assert.match(balancer?.LoadBalancerArn ?? "", /:loadbalancer\/net\/shared\/[0-9a-f]{16}$/);
    group =
      (
        await lb.send(
          new elb.CreateTargetGroupCommand({
            Name: "web",
            Protocol: "TCP",
            Port: 8080,
            VpcId: vpcId,
            TargetType: "ip",
          }),
        )
      ).TargetGroups?.[0]?.TargetGroupArn ?? "";
    const health = async (): Promise<string> => {
      const found = (await lb.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: group, Targets: [pod] })))
        .TargetHealthDescriptions?.[0]?.TargetHealth;
      return `${found?.State ?? ""} ${found?.Reason ?? ""}`.trim();
    };
    assert.equal(await health(), "unused Target.NotRegistered");
    await lb.send(new elb.RegisterTargetsCommand({ TargetGroupArn: group, Targets: [pod] }));
    assert.equal(await health(), "unused Target.NotInUse");
    await lb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: balancer?.LoadBalancerArn,
        Protocol: "TCP",
        Port: 80,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
      }),
    );
    await until("checking", async () => (await health()) === "initial Elb.InitialHealthChecking");
    const target = (): boolean | undefined => rig().state?.targetGroups[0]?.targets[0]?.reachable;
    await until("state", () => rig().state?.listeners.length === 1 && rig().state?.targetGroups.length === 1);
    assert.equal(target(), false);
    const clusterGroup = nodes[0]?.securityGroupIds[0] ?? "";
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: clusterGroup,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: balancerGroup }] },
        ],
      }),
    );
    await ec2.send(
      new AuthorizeSecurityGroupEgressCommand({
        GroupId: balancerGroup,
        IpPermissions: [
          { IpProtocol: "tcp", FromPort: 8080, ToPort: 8080, UserIdGroupPairs: [{ GroupId: clusterGroup }] },
        ],
      }),
    );
    await until("reachable", target);
    front.onDataPlaneMessage({
      type: "health",
      targetGroupArn: group,
      id: pod.Id,
      port: 8080,
      state: "healthy",
      reason: null,
      description: null,
    });
    assert.equal(await health(), "healthy");
    await lb.send(
      new elb.DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [pod, { Id: "10.42.0.250", Port: 1 }] }),
    );
    assert.equal(await health(), "draining Target.DeregistrationInProgress");
    await until("gone", async () => (await health()) === "unused Target.NotRegistered");
  });

  it("refuses as AWS does, pages, and injects faults", async () => {
    await assert.rejects(
      lb.send(
        new elb.CreateTargetGroupCommand({ Name: "web", Protocol: "TCP", Port: 9, VpcId: vpcId, TargetType: "ip" }),
      ),
      hasCode("DuplicateTargetGroupNameException"),
    );
    await assert.rejects(
      lb.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: group })),
      hasCode("ResourceInUseException"),
    );
    await lb.send(
      new elb.CreateTargetGroupCommand({ Name: "web2", Protocol: "TCP", Port: 9, VpcId: vpcId, TargetType: "ip" }),
    );
    const first = await lb.send(new elb.DescribeTargetGroupsCommand({ PageSize: 1 }));
    const second = await lb.send(new elb.DescribeTargetGroupsCommand({ PageSize: 1, Marker: first.NextMarker }));
    assert.deepEqual(
      [...(first.TargetGroups ?? []), ...(second.TargetGroups ?? [])].map((one) => one.TargetGroupName),
      ["web", "web2"],
    );
    const arn = (await lb.send(new elb.DescribeLoadBalancersCommand({}))).LoadBalancers?.[0]?.LoadBalancerArn;
    await lb.send(
      new elb.ModifyLoadBalancerAttributesCommand({
        LoadBalancerArn: arn,
        Attributes: [{ Key: "deletion_protection.enabled", Value: "true" }],
      }),
    );
    await assert.rejects(
      lb.send(new elb.DeleteLoadBalancerCommand({ LoadBalancerArn: arn })),
      (error: Error) => error.name.startsWith("OperationNotPermitted") && /deletion protection/.test(error.message),
    );
    front.faults.add({ operation: "eks:ListClusters", kind: "throttle", count: 1 });
    await assert.rejects(kube.send(new eks.ListClustersCommand({})), hasCode("TooManyRequestsException"));
    assert.deepEqual((await kube.send(new eks.ListClustersCommand({}))).clusters, ["blue"]);
    assert.equal((await fetch(front.url)).status, 403);
  });
});
