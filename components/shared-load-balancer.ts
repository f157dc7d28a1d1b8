import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { deregistrationDelaySeconds, healthCheckTimeoutSeconds, longestLoadBalancingName } from "./internal/aws-limits";
import { describeForEc2 } from "./internal/descriptions";
import { derivedName, shortenedName } from "./internal/names";
import { throwProblems } from "./internal/problems";
import { clientRules, type GroupRule, targetRules } from "./internal/load-balancer-rules";
import {
  groupNameProblems,
  type SharedLoadBalancerArgs,
  sharedLoadBalancerProblems,
  type SharedServiceArgs,
} from "./shared-load-balancer-args";

/** One service of the shared load balancer, as others need it. */
export interface SharedService {
  name: string;
  port: number;
  targetPort: number;
  healthCheckPort: number;
  targetGroupArn: pulumi.Output<string>;
  targetGroupName: string;
  listenerArn: pulumi.Output<string>;
}

/**
 * A Network Load Balancer that belongs to no member: its own security group (an NLB can get its first one only at
 * creation), and for
 * each service a listener and a target group that several clusters register into.
 */
export class SharedLoadBalancer extends pulumi.ComponentResource {
  public readonly arn: pulumi.Output<string>;
  public readonly dnsName: pulumi.Output<string>;
  /** Of the load balancer's name: a Route 53 alias record needs it. */
  public readonly hostedZoneId: pulumi.Output<string>;
  /** Let this group into the pods' security group. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** By service name. */
  public readonly services: Readonly<Record<string, SharedService>>;

  constructor(name: string, args: SharedLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:SharedLoadBalancer", name, {}, opts);
    throwProblems(`SharedLoadBalancer '${name}'`, [
      ...groupNameProblems("(resource name)", name),
      ...sharedLoadBalancerProblems(args),
    ]);
    const protect = args.protect !== false;
    const guarded = { parent: this, protect };
    const group = new aws.ec2.SecurityGroup(
      name,
      {
        vpcId: args.vpcId,
        description: describeForEc2(`Load balancer ${args.loadBalancerName}`),
        tags: { ...args.tags, Name: args.loadBalancerName },
      },
      guarded,
    );
    const rules = this.createRules(name, args, group);
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
      args.services.map((service) => [service.name, this.createService(name, args, service, balancer, guarded)]),
    );
    this.arn = balancer.arn;
    this.dnsName = balancer.dnsName;
    this.hostedZoneId = balancer.zoneId;
    this.securityGroupId = group.id;
    this.registerOutputs({ arn: this.arn, dnsName: this.dnsName, securityGroupId: this.securityGroupId });
  }

  /** Rules are resources of their own: inline ones would be taken away again by the next update of the group. */
  private createRules(name: string, args: SharedLoadBalancerArgs, group: aws.ec2.SecurityGroup): pulumi.Resource[] {
    const inputs = ({ name: _, description, ...rule }: GroupRule) => ({
      ...rule,
      securityGroupId: group.id,
      ipProtocol: "tcp",
      description: describeForEc2(description),
      tags: args.tags,
    });
    return [
      ...clientRules(args).map(
        (rule) => new aws.vpc.SecurityGroupIngressRule(`${name}-${rule.name}`, inputs(rule), { parent: this }),
      ),
      ...targetRules(args).map(
        (rule) => new aws.vpc.SecurityGroupEgressRule(`${name}-${rule.name}`, inputs(rule), { parent: this }),
      ),
    ];
  }

  private createService(
    name: string,
    args: SharedLoadBalancerArgs,
    service: SharedServiceArgs,
    balancer: aws.lb.LoadBalancer,
    guarded: pulumi.CustomResourceOptions,
  ): SharedService {
    const targetGroupName = derivedName([args.loadBalancerName, service.name], longestLoadBalancingName);
    const threshold = service.healthCheckThreshold ?? 3;
    const interval = service.healthCheckIntervalSeconds ?? 10;
    const group = new aws.lb.TargetGroup(
      `${name}-${service.name}`,
      {
        name: targetGroupName,
        vpcId: args.vpcId,
        targetType: service.targetType ?? "ip",
        protocol: "TCP",
        port: service.targetPort,
        deregistrationDelay: service.deregistrationDelaySeconds ?? deregistrationDelaySeconds.default,
        connectionTermination: service.connectionTermination === true,
        preserveClientIp: String(service.preserveClientIp === true),
        healthCheck: {
          enabled: true,
          protocol: "HTTP",
          path: service.healthCheckPath ?? "/healthz",
          port: service.healthCheckPort === undefined ? "traffic-port" : String(service.healthCheckPort),
          interval,
          timeout: healthCheckTimeoutSeconds(interval),
          healthyThreshold: threshold,
          unhealthyThreshold: threshold,
          matcher: "200-399",
        },
        tags: args.tags,
      },
      guarded,
    );
    const listener = new aws.lb.Listener(
      `${name}-${service.name}`,
      {
        loadBalancerArn: balancer.arn,
        port: service.port,
        protocol: "TCP",
        defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
        tags: args.tags,
      },
      guarded,
    );
    return {
      name: service.name,
      port: service.port,
      targetPort: service.targetPort,
      healthCheckPort: service.healthCheckPort ?? service.targetPort,
      targetGroupArn: group.arn,
      targetGroupName,
      listenerArn: listener.arn,
    };
  }
}
