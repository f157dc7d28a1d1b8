/**
 * A role with the deployer's policies builds and removes a network in the sandbox's AWS with the calls of the aws
 * provider, in its order: every resource gets its tags in the call that makes it, so that the next call is permitted.
 */
import assert from "node:assert/strict";
import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteNatGatewayCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteTagsCommand,
  DeleteVpcCommand,
  DescribeSecurityGroupsCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  EC2Client,
  ModifySecurityGroupRulesCommand,
  ModifySubnetAttributeCommand,
  ModifyVpcAttributeCommand,
  ReleaseAddressCommand,
  type ResourceType,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from "@aws-sdk/client-ec2";
import { accountId, credentials, hasCode, region, useRig } from "../sandbox/aws-front/rig";
import type { SandboxInfo } from "../../sandbox/contract";
import { Identities } from "../support/identities";

const tags = (ResourceType: ResourceType, environment = "dev") => ({
  TagSpecifications: [{ ResourceType, Tags: [{ Key: "eks-blue-green/environment", Value: environment }] }],
});
const everywhere = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "10.0.0.0/8" }] };
const all = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const refused = hasCode("UnauthorizedOperation");

describe("a network with the deployer's policies", function () {
  this.timeout(120_000);
  const rig = useRig();
  const clients: { destroy(): void }[] = [];
  let identities: Identities;
  /** Groups that a Service's controller made: one of what is handed over, and another one. */
  let [mine, others] = ["", ""];

  async function groupOf(GroupName: string): Promise<string> {
    const Tags = ["elbv2.k8s.aws/cluster", "team"].map((Key) => ({ Key, Value: "a" }));
    const TagSpecifications = [{ ResourceType: "security-group" as const, Tags }];
    const made = { GroupName, Description: "of a controller", VpcId: rig().vpcId, TagSpecifications };
    return (await rig().ec2.send(new CreateSecurityGroupCommand(made))).GroupId ?? "";
  }
  before(async () => {
    [mine, others] = [await groupOf("k8s-mine"), await groupOf("k8s-others")];
    const env = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
    const info = { awsEndpoint: rig().front.url, region, accountId, env } as unknown as SandboxInfo;
    identities = await Identities.make(info, {
      environment: "dev",
      members: ["blue", "green"],
      others: { VPC_ID: rig().vpcId, GROUP_ID: mine },
    });
  });
  after(() => {
    identities?.close();
    for (const client of clients) client.destroy();
  });

  /** EC2 as the command sees it. */
  async function as(command: string): Promise<EC2Client> {
    const ec2 = new EC2Client(await identities.client(command, rig().front.url, region));
    clients.push(ec2);
    return ec2;
  }
  const vpcOf = async (ec2: EC2Client, CidrBlock: string, environment: string): Promise<string> =>
    (await ec2.send(new CreateVpcCommand({ CidrBlock, ...tags("vpc", environment) }))).Vpc?.VpcId ?? "";

  it("is made, changed and removed", async () => {
    const ec2 = await as("up");
    const VpcId = await vpcOf(ec2, "10.50.0.0/16", "dev");
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
    const gateway = await ec2.send(new CreateInternetGatewayCommand(tags("internet-gateway")));
    const { InternetGatewayId } = gateway.InternetGateway ?? {};
    await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
    const table = await ec2.send(new CreateRouteTableCommand({ VpcId, ...tags("route-table") }));
    const { RouteTableId } = table.RouteTable ?? {};
    const outward = { RouteTableId, DestinationCidrBlock: "0.0.0.0/0" };
    await ec2.send(new CreateRouteCommand({ ...outward, GatewayId: InternetGatewayId }));
    const subnet = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.50.0.0/20", ...tags("subnet") }));
    const { SubnetId } = subnet.Subnet ?? {};
    await ec2.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }));
    const { AssociationId } = await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc", ...tags("elastic-ip") }));
    const nat = await ec2.send(new CreateNatGatewayCommand({ SubnetId, AllocationId, ...tags("natgateway") }));
    const { NatGatewayId } = nat.NatGateway ?? {};
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: "dev", Description: "dev", VpcId, ...tags("security-group") }),
    );
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [all] }));
    const made = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [everywhere],
        ...tags("security-group-rule"),
      }),
    );
    const SecurityGroupRuleId = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "";
    const SecurityGroupRule = { IpProtocol: "tcp", FromPort: 81, ToPort: 81, CidrIpv4: "10.0.0.0/8" };
    await ec2.send(
      new ModifySecurityGroupRulesCommand({
        GroupId,
        SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }],
      }),
    );
    const SecurityGroupRuleIds = [SecurityGroupRuleId];
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
    await ec2.send(new ReleaseAddressCommand({ AllocationId }));
    await ec2.send(new DisassociateRouteTableCommand({ AssociationId }));
    await ec2.send(new DeleteRouteCommand(outward));
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
    await ec2.send(new DetachInternetGatewayCommand({ VpcId, InternetGatewayId }));
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
    await ec2.send(new DeleteSubnetCommand({ SubnetId }));
    await ec2.send(new DeleteVpcCommand({ VpcId }));
  });

  it("of another environment stays as it is, whatever tags the call brings", async () => {
    const ec2 = await as("up");
    const VpcId = await vpcOf(rig().ec2, "10.60.0.0/16", "prod");
    const theirs = await rig().ec2.send(new CreateRouteTableCommand({ VpcId, ...tags("route-table", "prod") }));
    const { RouteTableId } = theirs.RouteTable ?? {};
    const gateway = await ec2.send(new CreateInternetGatewayCommand(tags("internet-gateway")));
    const { InternetGatewayId } = gateway.InternetGateway ?? {};
    const group = await rig().ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: "prod",
        Description: "prod",
        VpcId,
        ...tags("security-group", "prod"),
      }),
    );
    const attacks = [
      () => ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId })),
      () =>
        ec2.send(
          new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId }),
        ),
      () => ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.60.0.0/20", ...tags("subnet") })),
      () => ec2.send(new CreateRouteTableCommand({ VpcId, ...tags("route-table") })),
      () => ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } })),
      () =>
        ec2.send(
          new CreateSecurityGroupCommand({ GroupName: "dev", Description: "dev", VpcId, ...tags("security-group") }),
        ),
      () =>
        ec2.send(
          new AuthorizeSecurityGroupIngressCommand({
            GroupId: group.GroupId,
            IpPermissions: [everywhere],
            ...tags("security-group-rule"),
          }),
        ),
    ];
    for (const attack of attacks) await assert.rejects(attack(), refused, String(attack));
  });

  it("that is there already gets a group for the load balancer, and nothing else", async () => {
    const ec2 = await as("up");
    const VpcId = rig().vpcId;
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: "guest", Description: "dev", VpcId, ...tags("security-group") }),
    );
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [everywhere] }));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    await assert.rejects(
      ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.42.96.0/20", ...tags("subnet") })),
      refused,
    );
  });

  it("has groups whose tags a driver that adopts can't take off, but for the controller's of the one that is named", async () => {
    const ec2 = await as("adopt");
    const without = (id: string, ...keys: string[]) =>
      ec2.send(
        new DeleteTagsCommand({ Resources: [id], ...(keys.length > 0 ? { Tags: keys.map((Key) => ({ Key })) } : {}) }),
      );
    for (const id of [mine, others]) await assert.rejects(without(id), refused, "all of its tags");
    await assert.rejects(without(mine, "elbv2.k8s.aws/cluster", "team"), refused);
    await assert.rejects(without(others, "elbv2.k8s.aws/cluster"), refused);
    await without(mine, "elbv2.k8s.aws/cluster");
    const left = await rig().ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [mine, others] }));
    const keysOf = (id: string) =>
      left.SecurityGroups?.find(({ GroupId }) => GroupId === id)
        ?.Tags?.map(({ Key }) => Key)
        .sort();
    assert.deepEqual([keysOf(mine), keysOf(others)], [["team"], ["elbv2.k8s.aws/cluster", "team"]]);
  });
});
