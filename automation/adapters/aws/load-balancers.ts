/** Load balancers described as they are, and their tags read and written. */
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type Tag as Ec2Tag,
} from "@aws-sdk/client-ec2";
import {
  AddTagsCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  RemoveTagsCommand,
  type ElasticLoadBalancingV2Client,
  type LoadBalancer,
  type TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { LoadBalancerDescription } from "../../ports";
import { isGone, type Call } from "./call";
import { describeElbTags } from "./elb-tags";

type Described = LoadBalancerDescription["targetGroups"][number];

type Tags = Readonly<Record<string, string>>;

const record = (tags: readonly Ec2Tag[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
const isGroupId = (resource: string): boolean => resource.startsWith("sg-");

export class LoadBalancers {
  constructor(
    private readonly elb: ElasticLoadBalancingV2Client,
    private readonly ec2: EC2Client,
    private readonly call: Call,
  ) {}

  async describe(arn: string): Promise<LoadBalancerDescription | null> {
    try {
      const answer = await this.call("elasticloadbalancing:DescribeLoadBalancers", (options) =>
        this.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }), options),
      );
      const found = answer.LoadBalancers?.[0];
      return found === undefined ? null : await this.complete(found);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  private async complete(found: LoadBalancer): Promise<LoadBalancerDescription> {
    const LoadBalancerArn = found.LoadBalancerArn ?? "";
    const groupIds = found.SecurityGroups ?? [];
    const [attributes, listeners, targetGroups, groups] = await Promise.all([
      this.call("elasticloadbalancing:DescribeLoadBalancerAttributes", (options) =>
        this.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }), options),
      ),
      this.call("elasticloadbalancing:DescribeListeners", (options) =>
        this.elb.send(new DescribeListenersCommand({ LoadBalancerArn }), options),
      ),
      this.call("elasticloadbalancing:DescribeTargetGroups", (options) =>
        this.elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn }), options),
      ),
      groupIds.length === 0
        ? null
        : this.call("ec2:DescribeSecurityGroups", (options) =>
            this.ec2.send(
              new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-id", Values: groupIds }] }),
              options,
            ),
          ),
    ]);
    return {
      arn: LoadBalancerArn,
      name: found.LoadBalancerName ?? "",
      dnsName: found.DNSName ?? "",
      scheme: found.Scheme ?? "",
      ipAddressType: found.IpAddressType ?? "ipv4",
      vpcId: found.VpcId ?? "",
      subnetIds: (found.AvailabilityZones ?? []).map((zone) => zone.SubnetId ?? "").sort(),
      securityGroups: (groups?.SecurityGroups ?? []).map((group) => ({
        id: group.GroupId ?? "",
        name: group.GroupName ?? "",
        description: group.Description ?? "",
        vpcId: group.VpcId ?? "",
        tags: record(group.Tags),
      })),
      attributes: Object.fromEntries((attributes.Attributes ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
      listeners: (listeners.Listeners ?? []).map((listener) => {
        const actions = (listener.DefaultActions ?? []).flatMap((action) => [
          action.TargetGroupArn,
          ...(action.ForwardConfig?.TargetGroups ?? []).map((group) => group.TargetGroupArn),
        ]);
        return {
          arn: listener.ListenerArn ?? "",
          port: listener.Port ?? 0,
          protocol: listener.Protocol ?? "",
          targetGroupArns: [...new Set(actions.filter((arn) => arn !== undefined))],
        };
      }),
      targetGroups: await Promise.all((targetGroups.TargetGroups ?? []).map((group) => this.targetGroup(group))),
    };
  }

  private async targetGroup(group: TargetGroup): Promise<Described> {
    const TargetGroupArn = group.TargetGroupArn ?? "";
    const attributes = await this.call("elasticloadbalancing:DescribeTargetGroupAttributes", (options) =>
      this.elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }), options),
    );
    return {
      arn: TargetGroupArn,
      name: group.TargetGroupName ?? "",
      port: group.Port ?? 0,
      protocol: group.Protocol ?? "",
      targetType: group.TargetType === "instance" ? "instance" : "ip",
      vpcId: group.VpcId ?? "",
      healthCheck: {
        protocol: group.HealthCheckProtocol ?? "TCP",
        port: group.HealthCheckPort ?? "traffic-port",
        path: group.HealthCheckPath ?? null,
        intervalSeconds: group.HealthCheckIntervalSeconds ?? 30,
        timeoutSeconds: group.HealthCheckTimeoutSeconds ?? 10,
        healthyThreshold: group.HealthyThresholdCount ?? 3,
        unhealthyThreshold: group.UnhealthyThresholdCount ?? 3,
        matcher: group.Matcher?.HttpCode ?? null,
      },
      attributes: Object.fromEntries((attributes.Attributes ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])),
    };
  }

  async tags(resources: readonly string[]): Promise<Readonly<Record<string, Tags>>> {
    const arns = resources.filter((resource) => !isGroupId(resource));
    const found: Record<string, Readonly<Record<string, string>>> = Object.fromEntries(
      await describeElbTags(this.elb, this.call, arns),
    );
    const groups = resources.filter(isGroupId);
    if (groups.length > 0) {
      const answer = await this.call("ec2:DescribeSecurityGroups", (options) =>
        this.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-id", Values: groups }] }), options),
      );
      for (const group of answer.SecurityGroups ?? []) found[group.GroupId ?? ""] = record(group.Tags);
    }
    return found;
  }

  async removeTags(resource: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    if (isGroupId(resource))
      await this.call("ec2:DeleteTags", (options) =>
        this.ec2.send(new DeleteTagsCommand({ Resources: [resource], Tags: keys.map((Key) => ({ Key })) }), options),
      );
    else
      await this.call("elasticloadbalancing:RemoveTags", (options) =>
        this.elb.send(new RemoveTagsCommand({ ResourceArns: [resource], TagKeys: [...keys] }), options),
      );
  }

  async addTags(resource: string, tags: Tags): Promise<void> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    if (Tags.length === 0) return;
    if (isGroupId(resource))
      await this.call("ec2:CreateTags", (options) =>
        this.ec2.send(new CreateTagsCommand({ Resources: [resource], Tags }), options),
      );
    else
      await this.call("elasticloadbalancing:AddTags", (options) =>
        this.elb.send(new AddTagsCommand({ ResourceArns: [resource], Tags }), options),
      );
  }
}
