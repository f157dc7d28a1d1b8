/** A load balancer controller may do what the role of its pods is allowed, and no more: here with the policy of the product. */
import assert from "node:assert/strict";
import { CreateClusterCommand, CreatePodIdentityAssociationCommand, DescribeClusterCommand } from "@aws-sdk/client-eks";
import {
  AddTagsCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { controllerPolicy } from "../../../../components/internal/controller-policy";
import { accountId, credentials, hasCode, region, until, useRig } from "../rig";

const clusterName = "dev-blue";
const roleArn = `arn:aws:iam::${accountId}:role/blue`;
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "pods.eks.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

describe("AWS front, what a controller's policy allows", function () {
  this.timeout(120_000);
  const keys = { accessKeyId: "AKIASANDBOXCONTROLLER", secretAccessKey: "the controller's" };
  const rig = useRig(() => ({
    controllerOf: (id) => (id === keys.accessKeyId ? clusterName : null),
    controllerSecret: (id) => (id === keys.accessKeyId ? keys.secretAccessKey : null),
  }));
  const settings = (one: typeof keys) => ({ endpoint: rig().front.url, region, credentials: one, maxAttempts: 1 });
  const controller = () => new ElasticLoadBalancingV2Client(settings(keys));
  const groups: Record<string, string> = {};
  const group = async (name: string): Promise<string> =>
    (groups[name] ??=
      (
        await rig().elb.send(
          new CreateTargetGroupCommand({ Name: name, Protocol: "TCP", Port: 80, TargetType: "ip", VpcId: rig().vpcId }),
        )
      ).TargetGroups?.[0]?.TargetGroupArn ?? "");
  const put = (policy: string): Promise<unknown> =>
    new IAMClient(settings(credentials)).send(
      new PutRolePolicyCommand({ RoleName: "blue", PolicyName: "controller", PolicyDocument: policy }),
    );

  before(async () => {
    const iam = new IAMClient(settings(credentials));
    await iam.send(new CreateRoleCommand({ RoleName: "blue", AssumeRolePolicyDocument: trust }));
    await iam.send(new CreateRoleCommand({ RoleName: "cluster", AssumeRolePolicyDocument: trust }));
    await put(
      controllerPolicy({
        clusterName,
        bindingNetworking: false,
        loadBalancers: false,
        targetGroupArns: [`arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/dev-*/*`],
      }),
    );
    await rig().eks.send(
      new CreateClusterCommand({
        name: clusterName,
        roleArn: `arn:aws:iam::${accountId}:role/cluster`,
        resourcesVpcConfig: { subnetIds: rig().subnets },
      }),
    );
    await until("the cluster is active", async () =>
      (await rig().eks.send(new DescribeClusterCommand({ name: clusterName }))).cluster?.status === "ACTIVE"
        ? true
        : null,
    );
    await rig().eks.send(
      new CreatePodIdentityAssociationCommand({
        clusterName,
        namespace: "kube-system",
        serviceAccount: "aws-load-balancer-controller",
        roleArn,
      }),
    );
    await until("IAM has heard of it", () =>
      controller()
        .send(new DescribeTargetGroupsCommand({}))
        .then(
          () => true,
          () => null,
        ),
    );
  });

  it("is to register and deregister in the environment's groups, and in no other's", async () => {
    const ours = await group("dev-web");
    const theirs = await group("shop-web");
    const Targets = [{ Id: "10.42.0.9", Port: 8080 }];
    await controller().send(new RegisterTargetsCommand({ TargetGroupArn: ours, Targets }));
    await controller().send(new DescribeTargetHealthCommand({ TargetGroupArn: ours }));
    await controller().send(new DeregisterTargetsCommand({ TargetGroupArn: ours, Targets }));
    const refused =
      /assumed-role\/blue\/eks-dev-blue-\S+ is not authorized to perform: elasticloadbalancing:RegisterTargets/;
    await assert.rejects(controller().send(new RegisterTargetsCommand({ TargetGroupArn: theirs, Targets })), refused);
  });

  it("is no more than is written: what no policy allows is refused", async () => {
    const ours = await group("dev-web");
    const denied = hasCode("AccessDenied");
    await assert.rejects(controller().send(new DeleteTargetGroupCommand({ TargetGroupArn: ours })), denied);
    const Tags = [{ Key: "a", Value: "b" }];
    await assert.rejects(controller().send(new AddTagsCommand({ ResourceArns: [ours], Tags })), denied);
    const create = new CreateTargetGroupCommand({ Name: "own", Protocol: "TCP", Port: 80, VpcId: rig().vpcId });
    await assert.rejects(controller().send(create), denied);
  });

  it("is less when a statement is taken away", async () => {
    await put(
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "elasticloadbalancing:DescribeTargetGroups", Resource: "*" }],
      }),
    );
    const TargetGroupArn = await group("dev-web");
    await until("IAM has heard of it", () =>
      controller()
        .send(new DescribeTargetHealthCommand({ TargetGroupArn }))
        .then(
          () => null,
          (error: unknown) => (hasCode("AccessDenied")(error) ? true : null),
        ),
    );
    await controller().send(new DescribeTargetGroupsCommand({}));
  });
});
