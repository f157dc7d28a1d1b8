import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { longestLoadBalancingName } from "./internal/aws-limits";
import { createSecurityGroup, createTargetGroups, sharedServices } from "./internal/balancer-parts";
import { shortenedName } from "./internal/names";
import { throwProblems } from "./internal/problems";
import { forwardAction } from "./internal/weights";
import {
  groupNameProblems,
  type SharedLoadBalancerArgs,
  sharedLoadBalancerProblems,
  type SharedServiceArgs,
} from "./shared-load-balancer-args";

/** One target group of a load balancer that members share, as others need it. */
export interface SharedService {
  /** Of the target group: the service's name; with weights `NAME@MEMBER`. */
  name: string;
  port: number;
  targetPort: number;
  healthCheckPort: number;
  targetGroupArn: pulumi.Output<string>;
  targetGroupName: string;
  listenerArn: pulumi.Output<string>;
  /** Name of the service. */
  service: string;
  /** The one member whose targets are in it; null: all members'. */
  member: string | null;
  /** The listener's rule that routes to it; null: the listener's default action does. */
  ruleArn: pulumi.Output<string> | null;
}

/**
 * A Network Load Balancer that belongs to no member: its own security group (an NLB can get its first one only at
 * creation), and for each service a listener and a target group that several clusters register into; with `weights` a
 * target group for each member, of which the listener sends new connections to each by its weight.
 */
export class SharedLoadBalancer extends pulumi.ComponentResource {
  /** ARN of the load balancer. */
  public readonly arn: pulumi.Output<string>;
  /** Name that clients connect to. */
  public readonly dnsName: pulumi.Output<string>;
  /** Of the load balancer's name: a Route 53 alias record needs it. */
  public readonly hostedZoneId: pulumi.Output<string>;
  /** Let this group into the pods' security group. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** By service name; with weights by `NAME@MEMBER`. */
  public readonly services: Readonly<Record<string, SharedService>>;

  constructor(name: string, args: SharedLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:SharedLoadBalancer", name, {}, opts);
    throwProblems(`SharedLoadBalancer '${name}'`, [
      ...groupNameProblems("(resource name)", name),
      ...sharedLoadBalancerProblems(args),
    ]);
    const protect = args.protect !== false;
    const guarded = { parent: this, protect };
    const { group, rules } = createSecurityGroup(name, args, guarded);
    const balancer = new aws.lb.LoadBalancer(
      name,
      {
        name: shortenedName(args.loadBalancerName, longestLoadBalancingName),
        loadBalancerType: "network",
        internal: args.internal === true,
        securityGroups: [group.id],
        subnets: args.subnetIds,
        enableCrossZoneLoadBalancing: args.crossZone !== false,
        enableDeletionProtection: protect,
        tags: args.tags,
      },
      { ...guarded, dependsOn: rules },
    );
    this.services = Object.fromEntries(
      args.services.flatMap((service) => this.createService(name, args, service, balancer, guarded)),
    );
    this.arn = balancer.arn;
    this.dnsName = balancer.dnsName;
    this.hostedZoneId = balancer.zoneId;
    this.securityGroupId = group.id;
    this.registerOutputs({ arn: this.arn, dnsName: this.dnsName, securityGroupId: this.securityGroupId });
  }

  private createService(
    name: string,
    args: SharedLoadBalancerArgs,
    service: SharedServiceArgs,
    balancer: aws.lb.LoadBalancer,
    guarded: pulumi.CustomResourceOptions,
  ): [string, SharedService][] {
    const protocol = {
      protocol: "TCP",
      connectionTermination: service.connectionTermination === true,
      preserveClientIp: String(service.preserveClientIp === true),
    };
    const groups = createTargetGroups(name, args, service, protocol, guarded);
    const listener = new aws.lb.Listener(
      `${name}-${service.name}`,
      {
        loadBalancerArn: balancer.arn,
        port: service.port,
        protocol: "TCP",
        defaultActions: [forwardAction(groups, args.weights)],
        tags: args.tags,
      },
      { ...guarded, ...(args.keepWeights === true ? { ignoreChanges: ["defaultActions"] } : {}) },
    );
    return sharedServices(service, groups, { listenerArn: listener.arn, ruleArn: null });
  }
}
