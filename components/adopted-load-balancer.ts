import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AdoptedLoadBalancer as Shape, AdoptedTargetGroup } from "./internal/adopted-load-balancer-shape";
import { type Problem, throwProblems } from "./internal/problems";
import type { SharedService } from "./shared-load-balancer";

/** What an `AdoptedLoadBalancer` is made from: its shape, as it was found in AWS. */
export interface AdoptedLoadBalancerArgs {
  /** What AWS describes: everything is declared exactly so, and imported. */
  balancer: Shape;
  /** Container port by target group key, for who binds. Default: the target group's own port. */
  targetPorts?: Record<string, number>;
  /** Default true: neither Pulumi nor AWS deletes it. Lift it in an update of its own before a teardown. */
  protect?: boolean;
  /** What it stands on: destroyed after it. Default: nothing. */
  outlivedBy?: pulumi.Resource[];
}

/** All that is wrong with the arguments. */
export function adoptedLoadBalancerProblems({ balancer }: AdoptedLoadBalancerArgs): Problem[] {
  const problems: Problem[] = [];
  const keys = balancer.targetGroups.map((group) => group.key);
  if (keys.length === 0)
    problems.push({
      path: "balancer.targetGroups",
      value: [],
      rule: "must name at least one",
      remedy: "Describe the load balancer again",
    });
  keys.forEach((key, index) => {
    if (keys.indexOf(key) < index)
      problems.push({
        path: `balancer.targetGroups[${index}].key`,
        value: key,
        rule: `is taken by targetGroups[${keys.indexOf(key)}]`,
        remedy: "Give every target group its own key",
      });
  });
  balancer.listeners.forEach((listener, index) => {
    if (!keys.includes(listener.targetGroupKey))
      problems.push({
        path: `balancer.listeners[${index}].targetGroupKey`,
        value: listener.targetGroupKey,
        rule: `must be one of ${keys.join(", ")}`,
        remedy: "Describe the listener's target group as well",
      });
  });
  for (const [index, key] of keys.entries()) {
    if (!balancer.listeners.some((listener) => listener.targetGroupKey === key))
      problems.push({
        path: `balancer.targetGroups[${index}]`,
        value: key,
        rule: "must have a listener: without one it is never healthy",
        remedy: "Describe its listener",
      });
  }
  return problems;
}

/** No tags are read back as nothing, which is not the same as an empty map. */
const tagged = (tags: Readonly<Record<string, string>>): { tags?: Record<string, string> } =>
  Object.keys(tags).length === 0 ? {} : { tags: { ...tags } };

const flag = (attributes: Readonly<Record<string, string>>, key: string): boolean | undefined =>
  attributes[key] === undefined ? undefined : attributes[key] === "true";

/**
 * A load balancer that a controller made for a Service, now the stack's: load balancer, listeners, target groups and
 * the security group
 * that came with it are imported as they are. The controller must have let go of them before, or both would write.
 */
export class AdoptedLoadBalancer extends pulumi.ComponentResource {
  /** ARN of the load balancer. */
  public readonly arn: pulumi.Output<string>;
  /** Name that clients connect to. */
  public readonly dnsName: pulumi.Output<string>;
  /** Of the load balancer's name: a Route 53 alias record needs it. */
  public readonly hostedZoneId: pulumi.Output<string>;
  /** Let this group into the pods' security group: the source of the load balancer's connections to them. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** By target group key. */
  public readonly services: Readonly<Record<string, SharedService>>;

  constructor(name: string, args: AdoptedLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:AdoptedLoadBalancer", name, {}, opts);
    throwProblems(`AdoptedLoadBalancer '${name}'`, adoptedLoadBalancerProblems(args));
    const { balancer } = args;
    // Identifiers are plain values here, so that no order of a destroy follows from them.
    const before = args.outlivedBy ?? [];
    const guarded = { parent: this, protect: args.protect !== false, dependsOn: before };
    const managed = balancer.securityGroups
      .filter(({ kind }) => kind === "managed")
      .map(
        (group) =>
          // Its rules are not declared: they stay as they are.
          new aws.ec2.SecurityGroup(
            `${name}-${group.id}`,
            { name: group.name, description: group.description, vpcId: group.vpcId, ...tagged(group.tags) },
            { ...guarded, import: group.id, ignoreChanges: ["ingress", "egress", "revokeRulesOnDelete"] },
          ),
      );
    const declared = new aws.lb.LoadBalancer(name, this.balancerArgs(balancer, args.protect !== false), {
      ...guarded,
      dependsOn: [...before, ...managed],
      import: balancer.arn,
    });
    const groups = new Map(
      balancer.targetGroups.map((group) => [
        group.key,
        new aws.lb.TargetGroup(`${name}-${group.key}`, this.groupArgs(group, balancer.tags), {
          ...guarded,
          import: group.arn,
        }),
      ]),
    );
    this.services = Object.fromEntries(
      balancer.listeners.flatMap((listener) => {
        const described = balancer.targetGroups.find((one) => one.key === listener.targetGroupKey);
        const group = groups.get(listener.targetGroupKey);
        if (described === undefined || group === undefined) return [];
        const made = new aws.lb.Listener(
          `${name}-${described.key}`,
          {
            loadBalancerArn: declared.arn,
            port: listener.port,
            protocol: listener.protocol,
            defaultActions: [{ type: "forward", targetGroupArn: group.arn }],
            ...tagged(balancer.tags),
          },
          { ...guarded, import: listener.arn, ignoreChanges: ["defaultActions[0].forward", "defaultActions[0].order"] },
        );
        const targetPort = args.targetPorts?.[described.key] ?? described.port;
        const healthCheckPort =
          described.healthCheck.port === "traffic-port" ? targetPort : Number(described.healthCheck.port);
        return [
          [
            described.key,
            {
              name: described.key,
              port: listener.port,
              targetPort,
              healthCheckPort,
              targetGroupArn: group.arn,
              targetGroupName: described.name,
              listenerArn: made.arn,
              service: described.key,
              member: null,
              ruleArn: null,
            },
          ],
        ];
      }),
    );
    this.arn = declared.arn;
    this.dnsName = declared.dnsName;
    this.hostedZoneId = declared.zoneId;
    this.hostedZoneId = declared.zoneId;
    const source = balancer.securityGroups.find(({ kind }) => kind === "backend") ?? balancer.securityGroups[0];
    this.securityGroupId = pulumi.output(source?.id ?? "");
    this.registerOutputs({ arn: this.arn, dnsName: this.dnsName, securityGroupId: this.securityGroupId });
  }

  private balancerArgs(balancer: Shape, protect: boolean): aws.lb.LoadBalancerArgs {
    const { attributes } = balancer;
    return {
      name: balancer.name,
      loadBalancerType: "network",
      internal: balancer.scheme === "internal",
      ipAddressType: balancer.ipAddressType,
      securityGroups: balancer.securityGroups.map(({ id }) => id),
      subnets: [...balancer.subnetIds],
      enableCrossZoneLoadBalancing: flag(attributes, "load_balancing.cross_zone.enabled"),
      // Lifting `protect` for a teardown is the only difference that may come.
      enableDeletionProtection: protect ? (flag(attributes, "deletion_protection.enabled") ?? true) : false,
      ...(attributes["dns_record.client_routing_policy"] === undefined
        ? {}
        : { dnsRecordClientRoutingPolicy: attributes["dns_record.client_routing_policy"] }),
      ...(flag(attributes, "zonal_shift.config.enabled") === undefined
        ? {}
        : { enableZonalShift: flag(attributes, "zonal_shift.config.enabled") }),
      ...tagged(balancer.tags),
    };
  }

  private groupArgs(group: AdoptedTargetGroup, tags: Readonly<Record<string, string>>): aws.lb.TargetGroupArgs {
    const { attributes, healthCheck: check } = group;
    const delay = attributes["deregistration_delay.timeout_seconds"];
    const preserve = attributes["preserve_client_ip.enabled"];
    return {
      name: group.name,
      vpcId: group.vpcId,
      targetType: group.targetType,
      protocol: group.protocol,
      port: group.port,
      ...(delay === undefined ? {} : { deregistrationDelay: Number(delay) }),
      connectionTermination: flag(attributes, "deregistration_delay.connection_termination.enabled"),
      ...(preserve === undefined ? {} : { preserveClientIp: preserve }),
      proxyProtocolV2: flag(attributes, "proxy_protocol_v2.enabled"),
      healthCheck: {
        enabled: true,
        protocol: check.protocol,
        port: check.port,
        ...(check.path === null ? {} : { path: check.path }),
        ...(check.matcher === null ? {} : { matcher: check.matcher }),
        interval: check.intervalSeconds,
        timeout: check.timeoutSeconds,
        healthyThreshold: check.healthyThreshold,
        unhealthyThreshold: check.unhealthyThreshold,
      },
      ...tagged(tags),
    };
  }
}
