import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  deregistrationDelaySeconds,
  healthCheck,
  healthCheckTimeoutSeconds,
  listenersPerLoadBalancer,
  longestLoadBalancingName,
  nodePortRange,
  ports,
} from "./internal/aws-limits";
import { parseCidr } from "./internal/cidr";
import { derivedName, shortenedName } from "./internal/names";
import { type Problem, throwProblems, wholeNumberProblems } from "./internal/problems";

/** One service port: a listener and the target group that all members share. */
export interface SharedServiceArgs {
  /** Unique within the load balancer; part of the target group's name. */
  name: string;
  /** Listener port, 1 to 65535. */
  port: number;
  /**
   * `ip` (default: pods are the targets) or `instance` (nodes are, by NodePort). A change replaces the target group.
   */
  targetType?: "ip" | "instance";
  /** Port of the pods, 1 to 65535. A change replaces the target group. */
  targetPort: number;
  /** Path of the HTTP health check, on `healthCheckPort`. Default `/healthz`. */
  healthCheckPath?: string;
  /** Default: the pods' port. */
  healthCheckPort?: number;
  /**
   * Seconds between health checks, 5 to 300. Default 10 (AWS: 30): with three successes a pod is seen healthy after
   * half a minute.
   */
  healthCheckIntervalSeconds?: number;
  /** Successes, and failures, in a row that change a target's state, 2 to 10. Default 3. */
  healthCheckThreshold?: number;
  /** How long flows that are open may go on after deregistration, 0 to 3600 s. Default 300. */
  deregistrationDelaySeconds?: number;
  /** Default false: a flow that outlives the delay is not cut, its pod says goodbye when it stops. */
  connectionTermination?: boolean;
  /**
   * Default false, which is also AWS's default for ip targets over TCP. On, pods see the clients' addresses, so every
   * client must be
   * let into the pods' security group, a pod can't reach itself through the load balancer, and a client that comes
   * through two zones
   * to the same pod may collide with its own source port.
   */
  preserveClientIp?: boolean;
}

export interface SharedLoadBalancerArgs {
  /** Name in AWS; shortened with a hash when it is longer than 32 characters. */
  loadBalancerName: string;
  vpcId: pulumi.Input<string>;
  /** Subnets of the load balancer's nodes, in at least two zones: public ones, or private ones when `internal`. */
  subnetIds: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * IPv4 block that the pods' addresses come from, usually the VPC's. The load balancer may send to the service ports
   * there.
   */
  podCidrBlock: pulumi.Input<string>;
  /**
   * More blocks that pods' (or with `instance` nodes') addresses come from, like a VPC's secondary ones; parts of their
   * rules' names. Default none.
   */
  morePodCidrBlocks?: string[];
  /** Default false: internet-facing. A change replaces the load balancer. */
  internal?: boolean;
  /** Who may connect to the listeners. Default `["0.0.0.0/0"]`. */
  clientCidrBlocks?: string[];
  /**
   * Default true: every zone serves as long as any has a healthy target. Then 500 targets is the most for the whole
   * load balancer.
   */
  crossZone?: boolean;
  /** At least one, at most 50. */
  services: SharedServiceArgs[];
  /**
   * Default true: neither Pulumi nor AWS deletes the load balancer. Lift it in an update of its own before a teardown.
   */
  protect?: boolean;
  tags?: Record<string, string>;
}

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

/** A block as part of a resource's name. */
const dashed = (block: string): string => block.replace(/[./]/g, "-");

function serviceProblems(service: SharedServiceArgs, path: string): Problem[] {
  const range = (
    key: string,
    value: number | undefined,
    limits: { least: number; most: number },
    source: string,
  ): Problem[] =>
    value === undefined ? [] : wholeNumberProblems(`${path}.${key}`, value, limits.least, limits.most, source);
  const problems = [
    ...wholeNumberProblems(`${path}.port`, service.port, ports.least, ports.most, ports.source),
    ...wholeNumberProblems(`${path}.targetPort`, service.targetPort, ports.least, ports.most, ports.source),
    ...range("healthCheckPort", service.healthCheckPort, ports, ports.source),
    ...range(
      "healthCheckIntervalSeconds",
      service.healthCheckIntervalSeconds,
      healthCheck.intervalSeconds,
      healthCheck.source,
    ),
    ...range("healthCheckThreshold", service.healthCheckThreshold, healthCheck.threshold, healthCheck.source),
    ...range(
      "deregistrationDelaySeconds",
      service.deregistrationDelaySeconds,
      deregistrationDelaySeconds,
      deregistrationDelaySeconds.source,
    ),
  ];
  const checkPath = service.healthCheckPath ?? "/healthz";
  if (!checkPath.startsWith("/") || checkPath.length > healthCheck.longestPath) {
    problems.push({
      path: `${path}.healthCheckPath`,
      value: checkPath,
      rule: `must begin with / and have at most ${healthCheck.longestPath} characters (${healthCheck.source})`,
      remedy: "Write it like /healthz",
    });
  }
  return problems;
}

/** What is wrong with the name of a load balancer to be made. */
export function loadBalancerNameProblems(path: string, name: string): Problem[] {
  if (!name.startsWith("internal-")) return [];
  return [
    {
      path,
      value: name,
      rule:
        "can't begin with `internal-`: AWS keeps that for its own names of load balancers (API reference " +
        "CreateLoadBalancer, 2026-11-21)",
      remedy: `Choose a name like ${name.slice("internal-".length) || "dev"}`,
    },
  ];
}

/** All that is wrong with the arguments. */
export function sharedLoadBalancerProblems(args: SharedLoadBalancerArgs): Problem[] {
  const problems = [
    ...loadBalancerNameProblems("loadBalancerName", args.loadBalancerName),
    ...args.services.flatMap((service, index) => serviceProblems(service, `services[${index}]`)),
  ];
  if (args.services.length === 0 || args.services.length > listenersPerLoadBalancer.most) {
    problems.push({
      path: "services",
      value: args.services.length,
      rule: `must be 1 to ${listenersPerLoadBalancer.most} (${listenersPerLoadBalancer.source})`,
      remedy: "Add a service, or use a second load balancer",
    });
  }
  for (const key of ["name", "port"] as const) {
    args.services.forEach((service, index) => {
      const first = args.services.findIndex((other) => other[key] === service[key]);
      if (first < index)
        problems.push({
          path: `services[${index}].${key}`,
          value: service[key],
          rule: `is taken by services[${first}]`,
          remedy: `Give every service its own ${key}`,
        });
    });
  }
  for (const key of ["clientCidrBlocks", "morePodCidrBlocks"] as const) {
    (args[key] ?? []).forEach((block, index) => {
      if (parseCidr(block) === null)
        problems.push({
          path: `${key}[${index}]`,
          value: block,
          rule: "must be an IPv4 block",
          remedy: "Write it like 10.0.0.0/8",
        });
    });
  }
  return problems;
}

/**
 * A Network Load Balancer that belongs to no member: its own security group (an NLB can get its first one only at
 * creation), and for
 * each service a listener and a target group that several clusters register into.
 */
export class SharedLoadBalancer extends pulumi.ComponentResource {
  public readonly arn: pulumi.Output<string>;
  public readonly dnsName: pulumi.Output<string>;
  /** Let this group into the pods' security group. */
  public readonly securityGroupId: pulumi.Output<string>;
  /** By service name. */
  public readonly services: Readonly<Record<string, SharedService>>;

  constructor(name: string, args: SharedLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:SharedLoadBalancer", name, {}, opts);
    throwProblems(`SharedLoadBalancer '${name}'`, sharedLoadBalancerProblems(args));
    const protect = args.protect !== false;
    const guarded = { parent: this, protect };
    const group = new aws.ec2.SecurityGroup(
      name,
      {
        vpcId: args.vpcId,
        description: `Load balancer ${args.loadBalancerName}`,
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
    this.securityGroupId = group.id;
    this.registerOutputs({ arn: this.arn, dnsName: this.dnsName, securityGroupId: this.securityGroupId });
  }

  /** Rules are resources of their own: inline ones would be taken away again by the next update of the group. */
  private createRules(name: string, args: SharedLoadBalancerArgs, group: aws.ec2.SecurityGroup): pulumi.Resource[] {
    const ingress = args.services.flatMap(({ port }) =>
      (args.clientCidrBlocks ?? ["0.0.0.0/0"]).map(
        (cidrIpv4) =>
          new aws.vpc.SecurityGroupIngressRule(
            `${name}-clients-${port}-${dashed(cidrIpv4)}`,
            {
              securityGroupId: group.id,
              ipProtocol: "tcp",
              fromPort: port,
              toPort: port,
              cidrIpv4,
              description: `Clients to listener ${port}`,
              tags: args.tags,
            },
            { parent: this },
          ),
      ),
    );
    // EC2 refuses a second rule of the same content, so one per distinct port. Pulumi-made groups have no egress by
    // themselves.
    const podPorts = [
      ...new Set(
        args.services
          .filter(({ targetType }) => targetType !== "instance")
          .flatMap((service) => [service.targetPort, service.healthCheckPort ?? service.targetPort]),
      ),
    ];
    const nodePorts = args.services.some(({ targetType }) => targetType === "instance");
    // The first block's rules have no block in their names: they were there before there could be others.
    const blocks = [
      { suffix: "", cidrIpv4: args.podCidrBlock },
      ...(args.morePodCidrBlocks ?? []).map((cidrIpv4) => ({ suffix: `-${dashed(cidrIpv4)}`, cidrIpv4 })),
    ];
    const egress = blocks.flatMap(({ suffix, cidrIpv4 }) => [
      ...podPorts.map(
        (port) =>
          new aws.vpc.SecurityGroupEgressRule(
            `${name}-pods-${port}${suffix}`,
            {
              securityGroupId: group.id,
              ipProtocol: "tcp",
              fromPort: port,
              toPort: port,
              cidrIpv4,
              description: `Pods' port ${port}`,
              tags: args.tags,
            },
            { parent: this },
          ),
      ),
      ...(nodePorts
        ? [
            new aws.vpc.SecurityGroupEgressRule(
              `${name}-node-ports${suffix}`,
              {
                securityGroupId: group.id,
                ipProtocol: "tcp",
                fromPort: nodePortRange.first,
                toPort: nodePortRange.last,
                cidrIpv4,
                description: "Nodes' NodePorts",
                tags: args.tags,
              },
              { parent: this },
            ),
          ]
        : []),
    ]);
    return [...ingress, ...egress];
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
