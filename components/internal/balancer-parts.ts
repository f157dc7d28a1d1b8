/** What load balancers of both types are made of: their security group with its rules, and target groups. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { SharedService } from "../shared-load-balancer";
import type { SharedLoadBalancerArgs, SharedServiceArgs } from "../shared-load-balancer-args";
import { deregistrationDelaySeconds, healthCheckTimeoutSeconds, longestLoadBalancingName } from "./aws-limits";
import { describeForEc2 } from "./descriptions";
import { clientRules, type GroupRule, targetRules } from "./load-balancer-rules";
import { derivedName, distinctName, memberGroupKey } from "./names";
import type { Forwarded } from "./weights";

/** What the parts need to know of the load balancer. */
export type BalancerArgs = Pick<
  SharedLoadBalancerArgs,
  | "loadBalancerName"
  | "vpcId"
  | "podCidrBlock"
  | "morePodCidrBlocks"
  | "clientCidrBlocks"
  | "tags"
  | "weights"
  | "goneMembers"
> & {
  readonly services: Pick<SharedServiceArgs, "port" | "targetPort" | "targetType" | "healthCheckPort">[];
  /** Listener ports besides the services'. */
  readonly morePorts?: readonly number[];
};

/** Rules are resources of their own: inline ones would be taken away again by the next update of the group. */
function createRules(
  name: string,
  args: BalancerArgs,
  group: aws.ec2.SecurityGroup,
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const inputs = ({ name: _, description, ...rule }: GroupRule) => ({
    ...rule,
    securityGroupId: group.id,
    ipProtocol: "tcp",
    description: describeForEc2(description),
    tags: args.tags,
  });
  return [
    ...clientRules(args).map(
      (rule) => new aws.vpc.SecurityGroupIngressRule(`${name}-${rule.name}`, inputs(rule), { parent }),
    ),
    ...targetRules(args).map(
      (rule) => new aws.vpc.SecurityGroupEgressRule(`${name}-${rule.name}`, inputs(rule), { parent }),
    ),
  ];
}

/** The load balancer's own security group, and its rules, which must be there before it is. */
export function createSecurityGroup(
  name: string,
  args: BalancerArgs,
  guarded: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): { readonly group: aws.ec2.SecurityGroup; readonly rules: pulumi.Resource[] } {
  const group = new aws.ec2.SecurityGroup(
    name,
    {
      vpcId: args.vpcId,
      description: describeForEc2(`Load balancer ${args.loadBalancerName}`),
      tags: { ...args.tags, Name: args.loadBalancerName },
    },
    guarded,
  );
  return { group, rules: createRules(name, args, group, guarded.parent) };
}

const healthCheckOf = (service: SharedServiceArgs): aws.types.input.lb.TargetGroupHealthCheck => {
  const threshold = service.healthCheckThreshold ?? 3;
  const interval = service.healthCheckIntervalSeconds ?? 10;
  return {
    enabled: true,
    protocol: "HTTP",
    path: service.healthCheckPath ?? "/healthz",
    port: service.healthCheckPort === undefined ? "traffic-port" : String(service.healthCheckPort),
    interval,
    timeout: healthCheckTimeoutSeconds(interval),
    healthyThreshold: threshold,
    unhealthyThreshold: threshold,
    matcher: "200-399",
  };
};

/**
 * AWS takes a zone out of the load balancer's DNS name, for all its services, when any group of it has no healthy target
 * there (`dns_failover` is 1 by default: API reference TargetGroupAttribute, 2026-11-30). Of several groups in an action
 * the one of a member that stands by is empty, and may be sick: that must cost nobody else a zone.
 */
const noDnsFailover = {
  dnsFailover: { minimumHealthyTargetsCount: "off", minimumHealthyTargetsPercentage: "off" },
  // AWS's own defaults, written out: the aws provider reads this block back beside the other, and a program without it
  // would have a change that no update ends.
  unhealthyStateRouting: { minimumHealthyTargetsCount: 1, minimumHealthyTargetsPercentage: "off" },
};

/** A target group of a service. */
export interface MadeGroup extends Forwarded {
  /** The service's name, with the member's where it is one member's own: unique in the load balancer. */
  readonly key: string;
  /** Name in AWS. */
  readonly name: string;
}

/** One for all members, or one for each. `protocol` are the inputs in which the types of load balancer differ. */
export function createTargetGroups(
  name: string,
  args: BalancerArgs,
  service: SharedServiceArgs,
  protocol: Partial<aws.lb.TargetGroupArgs>,
  guarded: pulumi.CustomResourceOptions,
): MadeGroup[] {
  const create = (key: string, groupName: string, member: string | null): MadeGroup => {
    const group = new aws.lb.TargetGroup(
      `${name}-${key}`,
      {
        name: groupName,
        vpcId: args.vpcId,
        targetType: service.targetType ?? "ip",
        ...protocol,
        port: service.targetPort,
        deregistrationDelay: service.deregistrationDelaySeconds ?? deregistrationDelaySeconds.default,
        healthCheck: healthCheckOf(service),
        ...(member === null ? {} : { targetGroupHealth: noDnsFailover }),
        tags: args.tags,
      },
      args.goneMembers?.includes(member ?? "") === true ? { ...guarded, protect: false } : guarded,
    );
    return { key, name: groupName, member, arn: group.arn };
  };
  const { loadBalancerName, weights } = args;
  const longest = longestLoadBalancingName;
  if (weights === undefined)
    return [create(service.name, derivedName([loadBalancerName, service.name], longest), null)];
  return Object.keys(weights).map((member) =>
    create(
      memberGroupKey(service.name, member),
      distinctName([loadBalancerName, service.name, member], longest),
      member,
    ),
  );
}

/** Of each target group of a service, by its key. */
export function sharedServices(
  service: Pick<SharedServiceArgs, "name" | "port" | "targetPort" | "healthCheckPort">,
  groups: readonly MadeGroup[],
  route: Pick<SharedService, "listenerArn" | "ruleArn">,
): [string, SharedService][] {
  const { name, port, targetPort, healthCheckPort } = service;
  return groups.map((group) => [
    group.key,
    {
      name: group.key,
      service: name,
      member: group.member,
      port,
      targetPort,
      healthCheckPort: healthCheckPort ?? targetPort,
      targetGroupArn: group.arn,
      targetGroupName: group.name,
      ...route,
    },
  ]);
}
