import assert from "node:assert/strict";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  DeleteSubnetCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateClusterCommand, DescribeClusterCommand, EKSClient, ListClustersCommand } from "@aws-sdk/client-eks";
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { accountId, credentials, hasCode, region, until, useRig } from "../rig";

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
const statement = (Action: string | string[], Resource: string | string[] = "*", Condition?: object): object => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});
const policyOf = (...statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });

describe("AWS front, what a caller's policies allow", function () {
  this.timeout(60_000);
  const rig = useRig();
  const settings = (keys: Keys) => ({ endpoint: rig().front.url, region, credentials: keys, maxAttempts: 1 });
  const iam = () => new IAMClient(settings(credentials));
  let number = 0;

  /** A user with an inline policy of these statements, and its key. */
  async function user(...statements: object[]): Promise<Keys & { readonly name: string; readonly arn: string }> {
    const name = `user-${(number += 1)}`;
    await iam().send(new CreateUserCommand({ UserName: name }));
    if (statements.length > 0)
      await iam().send(
        new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument: policyOf(...statements) }),
      );
    const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: name }));
    return {
      name,
      arn: `arn:aws:iam::${accountId}:user/${name}`,
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };
  }

  it("is not asked of the sandbox's own key", async () => {
    await rig().ec2.send(new DescribeVpcsCommand({}));
    assert.equal(rig().front.requests().at(-1)?.by, undefined);
  });

  it("is nothing for a user without policies, in the words of each service", async () => {
    const keys = await user();
    await assert.rejects(new EC2Client(settings(keys)).send(new DescribeVpcsCommand({})), (error: Error) => {
      assert.equal(error.name, "UnauthorizedOperation");
      assert.equal(
        error.message,
        `You are not authorized to perform this operation. User: ${keys.arn} is not authorized to perform: ` +
          "ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action",
      );
      return true;
    });
    await assert.rejects(
      new EKSClient(settings(keys)).send(new DescribeClusterCommand({ name: "dev-blue" })),
      (error: Error) => {
        assert.equal(error.name, "AccessDeniedException");
        assert.match(
          error.message,
          new RegExp(`^User: ${keys.arn} is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:`),
        );
        return true;
      },
    );
    const elb = new ElasticLoadBalancingV2Client(settings(keys));
    await assert.rejects(elb.send(new DescribeTargetGroupsCommand({})), hasCode("AccessDenied"));
    await assert.rejects(
      new IAMClient(settings(keys)).send(new GetRoleCommand({ RoleName: "none" })),
      hasCode("AccessDenied"),
    );
  });

  it("always is to ask who one is, and that is the user", async () => {
    const keys = await user();
    const { Arn } = await new STSClient(settings(keys)).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, keys.arn);
  });

  it("is the resource that a policy names, and no other", async () => {
    const cluster = `arn:aws:eks:${region}:${accountId}:cluster/dev-*`;
    const eks = new EKSClient(settings(await user(statement("eks:Describe*", cluster))));
    // Allowed, and not there.
    await assert.rejects(
      eks.send(new DescribeClusterCommand({ name: "dev-blue" })),
      hasCode("ResourceNotFoundException"),
    );
    await assert.rejects(eks.send(new DescribeClusterCommand({ name: "prod-blue" })), hasCode("AccessDeniedException"));
    await assert.rejects(eks.send(new ListClustersCommand({})), hasCode("AccessDeniedException"));
  });

  it("may depend on the tags of a resource of EC2", async () => {
    const owned = { StringEquals: { "aws:ResourceTag/team": "a" } };
    const ec2 = new EC2Client(settings(await user(statement("ec2:DeleteSubnet", "*", owned))));
    const made = await rig().ec2.send(new CreateSubnetCommand({ VpcId: rig().vpcId, CidrBlock: "10.42.64.0/20" }));
    const SubnetId = made.Subnet?.SubnetId ?? "";
    await assert.rejects(ec2.send(new DeleteSubnetCommand({ SubnetId })), hasCode("UnauthorizedOperation"));
    await rig().ec2.send(new CreateTagsCommand({ Resources: [SubnetId], Tags: [{ Key: "team", Value: "a" }] }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
  });

  it("is asked for tags that come with a new resource as well", async () => {
    const make = (ec2: EC2Client, GroupName: string, tagged: boolean) =>
      ec2.send(
        new CreateSecurityGroupCommand({
          GroupName,
          Description: "for a test",
          VpcId: rig().vpcId,
          ...(tagged
            ? { TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "team", Value: "a" }] }] }
            : {}),
        }),
      );
    const plain = new EC2Client(settings(await user(statement("ec2:CreateSecurityGroup"))));
    await make(plain, "plain", false);
    await assert.rejects(make(plain, "tagged", true), /perform: ec2:CreateTags on resource: .*:security-group\/\*/);
    const during = { StringEquals: { "ec2:CreateAction": "CreateSecurityGroup", "aws:RequestTag/team": "a" } };
    const keys = await user(statement("ec2:CreateSecurityGroup"), statement("ec2:CreateTags", "*", during));
    const both = new EC2Client(settings(keys));
    const { GroupId } = await make(both, "tagged", true);
    // Only while it is made.
    await assert.rejects(
      both.send(new CreateTagsCommand({ Resources: [GroupId ?? ""], Tags: [{ Key: "team", Value: "a" }] })),
      hasCode("UnauthorizedOperation"),
    );
    await assert.rejects(
      both.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ IpProtocol: "-1" }] })),
      new RegExp(`AuthorizeSecurityGroupIngress on resource: .*:security-group/${GroupId}`),
    );
    assert.deepEqual(
      rig()
        .front.requests()
        .find(({ by, status }) => by === keys.arn && status === 200)?.permissions,
      ["ec2:CreateSecurityGroup", "ec2:CreateTags"],
    );
  });

  it("may depend on the tags of a load balancer's parts, those given and those that are there", async () => {
    const mine = { StringEquals: { "aws:RequestTag/team": "a" } };
    const own = { StringEquals: { "aws:ResourceTag/team": "a" } };
    const elb = new ElasticLoadBalancingV2Client(
      settings(
        await user(
          statement("elasticloadbalancing:CreateTargetGroup", "*", mine),
          statement("elasticloadbalancing:AddTags", "*", {
            StringEquals: { "elasticloadbalancing:CreateAction": "CreateTargetGroup" },
          }),
          statement("elasticloadbalancing:DeleteTargetGroup", "*", own),
        ),
      ),
    );
    const make = (client: ElasticLoadBalancingV2Client, Name: string, team: string) =>
      client.send(
        new CreateTargetGroupCommand({
          Name,
          Protocol: "TCP",
          Port: 80,
          VpcId: rig().vpcId,
          Tags: [{ Key: "team", Value: team }],
        }),
      );
    await assert.rejects(make(elb, "theirs", "b"), hasCode("AccessDenied"));
    const arns = [await make(elb, "ours", "a"), await make(rig().elb, "theirs", "b")].map(
      ({ TargetGroups }) => TargetGroups?.[0]?.TargetGroupArn,
    );
    await elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arns[0] }));
    await assert.rejects(elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arns[1] })), hasCode("AccessDenied"));
  });

  it("is asked for what EKS needs of its caller: the role to pass, tags, the zone, its own role", async () => {
    const cluster = `arn:aws:eks:${region}:${accountId}:cluster/dev-*`;
    const role = `arn:aws:iam::${accountId}:role/dev-cluster`;
    const passed = { StringEquals: { "iam:PassedToService": "eks.amazonaws.com" } };
    const linked = { StringEquals: { "iam:AWSServiceName": "eks.amazonaws.com" } };
    const all = [
      statement("eks:CreateCluster", cluster),
      statement("eks:TagResource", cluster),
      statement("iam:PassRole", role, passed),
      statement("route53:AssociateVPCWithHostedZone"),
      statement("iam:CreateServiceLinkedRole", "*", linked),
    ];
    const create = (keys: Keys, name: string) =>
      new EKSClient(settings(keys)).send(
        new CreateClusterCommand({
          name,
          roleArn: role,
          resourcesVpcConfig: { subnetIds: rig().subnets, endpointPrivateAccess: true },
          tags: { team: "a" },
        }),
      );
    for (const [index, lacking] of all.entries()) {
      const { Action } = lacking as { readonly Action: string };
      const keys = await user(...all.filter((_, other) => other !== index));
      await assert.rejects(create(keys, "dev-blue"), new RegExp(`perform: ${Action} on resource: arn:`), Action);
    }
    const keys = await user(...all);
    const made = await create(keys, "dev-blue");
    assert.equal(made.cluster?.name, "dev-blue");
    // AWS's own role is there now, and the creator has the cluster's first access entry.
    await create(await user(...all.slice(0, 4)), "dev-green");
    const entries = await fetchEntries("dev-blue");
    assert.deepEqual(entries, [keys.arn]);
  });

  async function fetchEntries(name: string): Promise<readonly string[]> {
    const { ListAccessEntriesCommand } = await import("@aws-sdk/client-eks");
    return (await rig().eks.send(new ListAccessEntriesCommand({ clusterName: name }))).accessEntries ?? [];
  }

  it("comes from managed policies too, and from a role while somebody has it", async () => {
    const document = policyOf(statement("ec2:DescribeVpcs"));
    const { Policy } = await iam().send(new CreatePolicyCommand({ PolicyName: "looks", PolicyDocument: document }));
    const owner = await user(statement("sts:AssumeRole", `arn:aws:iam::${accountId}:role/looker`));
    await assert.rejects(
      new EC2Client(settings(owner)).send(new DescribeVpcsCommand({})),
      hasCode("UnauthorizedOperation"),
    );
    const looker = await user();
    await iam().send(new AttachUserPolicyCommand({ UserName: looker.name, PolicyArn: Policy?.Arn }));
    await new EC2Client(settings(looker)).send(new DescribeVpcsCommand({}));

    await iam().send(new CreateRoleCommand({ RoleName: "looker", AssumeRolePolicyDocument: policyOf() }));
    await iam().send(new PutRolePolicyCommand({ RoleName: "looker", PolicyName: "own", PolicyDocument: document }));
    const assume = (keys: Keys) =>
      new STSClient(settings(keys)).send(
        new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${accountId}:role/looker`, RoleSessionName: "now" }),
      );
    await assert.rejects(assume(looker), /sts:AssumeRole on resource: .*role\/looker/);
    const { Credentials } = await assume(owner);
    const session = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    await new EC2Client(settings(session)).send(new DescribeVpcsCommand({}));
    await assert.rejects(
      new EKSClient(settings(session)).send(new ListClustersCommand({})),
      /User: arn:aws:sts::123456789012:assumed-role\/looker\/now is not/,
    );
  });

  it("is felt some seconds after it was changed", async () => {
    const keys = await user();
    const ec2 = new EC2Client(settings(keys));
    await assert.rejects(ec2.send(new DescribeVpcsCommand({})), hasCode("UnauthorizedOperation"));
    const document = policyOf(statement("ec2:Describe*"));
    await iam().send(new PutUserPolicyCommand({ UserName: keys.name, PolicyName: "own", PolicyDocument: document }));
    await until("the policy to be felt", () =>
      ec2.send(new DescribeVpcsCommand({})).then(
        () => true,
        () => false,
      ),
    );
  });

  it("ends with the key", async () => {
    const keys = await user(statement("ec2:DescribeVpcs"));
    const ec2 = new EC2Client(settings(keys));
    const key = { UserName: keys.name, AccessKeyId: keys.accessKeyId };
    await iam().send(new UpdateAccessKeyCommand({ ...key, Status: "Inactive" }));
    await assert.rejects(ec2.send(new DescribeVpcsCommand({})), hasCode("AuthFailure"));
    await iam().send(new UpdateAccessKeyCommand({ ...key, Status: "Active" }));
    await ec2.send(new DescribeVpcsCommand({}));
    await iam().send(new DeleteAccessKeyCommand(key));
    await assert.rejects(ec2.send(new DescribeVpcsCommand({})), hasCode("AuthFailure"));
  });
});
