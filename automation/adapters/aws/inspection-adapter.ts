/**
 * The inspection port: EC2 and ELBv2 through the SDK's clients, the members' API servers, and requests to the load
 * balancer.
 */
import {
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
  type Filter,
  type NetworkInterface,
  type SecurityGroupRule as Ec2Rule,
} from "@aws-sdk/client-ec2";
import {
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import type { InspectionPort } from "../../ports";
import type {
  BindingCrd,
  BindingTimes,
  LoadBalancerReading,
  Sample,
  SecurityGroupRule,
  TargetGroupReading,
  TargetInterface,
  WorkloadReading,
} from "../../ports/readings";
import { callAws } from "./call";
import { clientSettings } from "./client";
import { interfacesByAddress } from "./network-interfaces";
import { readBindingCrds, readBindingTimes, readWorkload, readWorkloadBehind } from "../kubernetes/workload-readings";
import { sample } from "../http/sample";

const pairs = (
  attributes: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Record<string, string> => Object.fromEntries((attributes ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
const hostOf = (target: string): string => target.slice(0, target.lastIndexOf(":"));
const gone = (what: string): DriverError =>
  new DriverError("EBG-AWS", `there is no ${what}`, "deploy the environment's stack: pulumi up");

function ruleOf(rule: Ec2Rule): SecurityGroupRule {
  return {
    groupId: rule.GroupId ?? "",
    egress: rule.IsEgress === true,
    protocol: rule.IpProtocol ?? "-1",
    fromPort: rule.FromPort ?? -1,
    toPort: rule.ToPort ?? -1,
    cidr: rule.CidrIpv4 ?? rule.CidrIpv6 ?? null,
    referencedGroupId: rule.ReferencedGroupInfo?.GroupId ?? null,
  };
}

export class InspectionAdapter implements InspectionPort {
  private readonly elb: ElasticLoadBalancingV2Client;
  private readonly ec2: EC2Client;

  constructor(region: string) {
    const common = clientSettings(region);
    this.elb = new ElasticLoadBalancingV2Client(common);
    this.ec2 = new EC2Client(common);
  }

  dispose(): void {
    this.elb.destroy();
    this.ec2.destroy();
  }

  async loadBalancer(arn: string): Promise<LoadBalancerReading> {
    const [balancers, attributes] = await Promise.all([
      callAws("elasticloadbalancing:DescribeLoadBalancers", (options) =>
        this.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }), options),
      ),
      callAws("elasticloadbalancing:DescribeLoadBalancerAttributes", (options) =>
        this.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }), options),
      ),
    ]);
    const found = balancers.LoadBalancers?.[0];
    if (found === undefined) throw gone(`load balancer ${arn}`);
    return {
      arn,
      scheme: found.Scheme ?? "",
      securityGroups: found.SecurityGroups ?? [],
      attributes: pairs(attributes.Attributes),
    };
  }

  async targetGroup(arn: string): Promise<TargetGroupReading> {
    const [groups, attributes] = await Promise.all([
      callAws("elasticloadbalancing:DescribeTargetGroups", (options) =>
        this.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }), options),
      ),
      callAws("elasticloadbalancing:DescribeTargetGroupAttributes", (options) =>
        this.elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }), options),
      ),
    ]);
    const found = groups.TargetGroups?.[0];
    if (found === undefined) throw gone(`target group ${arn}`);
    const checked = Number(found.HealthCheckPort);
    return {
      targetType: found.TargetType ?? "",
      port: found.Port ?? 0,
      healthCheckPort: Number.isInteger(checked) ? checked : null,
      attributes: pairs(attributes.Attributes),
    };
  }

  async securityGroupRules(groupIds: readonly string[]): Promise<readonly SecurityGroupRule[]> {
    const rules: SecurityGroupRule[] = [];
    // One filter takes 200 values.
    for (let at = 0; at < groupIds.length; at += 200) {
      const Filters: Filter[] = [{ Name: "group-id", Values: groupIds.slice(at, at + 200) }];
      let NextToken: string | undefined;
      do {
        const page = await callAws("ec2:DescribeSecurityGroupRules", (options) =>
          this.ec2.send(new DescribeSecurityGroupRulesCommand({ Filters, NextToken }), options),
        );
        rules.push(...(page.SecurityGroupRules ?? []).map(ruleOf));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
    }
    return rules;
  }

  async interfaces(targets: readonly string[], vpcId: string): Promise<Readonly<Record<string, TargetInterface>>> {
    const hosts = [...new Set(targets.map(hostOf))];
    const instances = hosts.filter((host) => host.startsWith("i-"));
    const addresses = hosts.filter((host) => !host.startsWith("i-"));
    const [ofAddresses, ofInstances] = await Promise.all([
      interfacesByAddress(addresses, vpcId, (filters) => this.networkInterfaces(filters)),
      this.interfacesOfInstances(instances),
    ]);
    const byHost = new Map<string, TargetInterface>();
    for (const [address, one] of ofAddresses) byHost.set(address, { address, securityGroups: groupsOf(one) });
    for (const one of ofInstances) {
      // Traffic by instance comes to its primary interface.
      if (one.Attachment?.InstanceId !== undefined && (one.Attachment.DeviceIndex ?? 0) === 0)
        byHost.set(one.Attachment.InstanceId, { address: one.PrivateIpAddress ?? "", securityGroups: groupsOf(one) });
    }
    return Object.fromEntries(
      targets.flatMap((target) => {
        const found = byHost.get(hostOf(target));
        return found === undefined ? [] : [[target, found]];
      }),
    );
  }

  private async interfacesOfInstances(ids: readonly string[]): Promise<readonly NetworkInterface[]> {
    const found: NetworkInterface[] = [];
    for (let at = 0; at < ids.length; at += 200)
      found.push(
        ...(await this.networkInterfaces([{ Name: "attachment.instance-id", Values: ids.slice(at, at + 200) }])),
      );
    return found;
  }

  private async networkInterfaces(Filters: Filter[]): Promise<readonly NetworkInterface[]> {
    const found: NetworkInterface[] = [];
    let NextToken: string | undefined;
    do {
      const page = await callAws("ec2:DescribeNetworkInterfaces", (options) =>
        this.ec2.send(new DescribeNetworkInterfacesCommand({ Filters, NextToken }), options),
      );
      found.push(...(page.NetworkInterfaces ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return found;
  }

  sample(
    url: string,
    requests: number,
    concurrency: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Sample> {
    return sample(url, requests, concurrency, headers);
  }
  bindingCrds(member: MemberOutputs): Promise<readonly BindingCrd[]> {
    return readBindingCrds(member);
  }
  bindingTimes(member: MemberOutputs): Promise<BindingTimes> {
    return readBindingTimes(member);
  }
  workload(member: MemberOutputs, namespace: string, deployment: string): Promise<WorkloadReading | null> {
    return readWorkload(member, namespace, deployment);
  }
  workloadBehind(member: MemberOutputs, namespace: string, service: string): Promise<WorkloadReading | null> {
    return readWorkloadBehind(member, namespace, service);
  }
}

const groupsOf = (one: NetworkInterface): string[] =>
  (one.Groups ?? []).flatMap(({ GroupId }) => (GroupId === undefined ? [] : [GroupId]));
