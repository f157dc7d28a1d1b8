import type * as pulumi from "@pulumi/pulumi";
import {
  deregistrationDelaySeconds,
  healthCheck,
  listenersPerLoadBalancer,
  ports,
  rulesPerSecurityGroup,
} from "./internal/aws-limits";
import { parseCidr } from "./internal/cidr";
import { clientRules, targetRules } from "./internal/load-balancer-rules";
import { type Problem, wholeNumberProblems } from "./internal/problems";

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

/** Settings of the Network Load Balancer that members share, its listeners and target groups. */
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
   * The account's quota of rules per security group and direction (Service Quotas L-0EA8095F). Default 60, AWS's own
   * default: say the higher figure only where AWS has raised it.
   */
  rulesPerSecurityGroup?: number;
  /**
   * Default true: neither Pulumi nor AWS deletes the load balancer. Lift it in an update of its own before a teardown.
   */
  protect?: boolean;
  tags?: Record<string, string>;
}

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

/** What is wrong with a resource name that AWS's name of a security group is made from. */
export function groupNameProblems(path: string, name: string): Problem[] {
  if (!name.startsWith("sg-")) return [];
  return [
    {
      path,
      value: name,
      rule:
        "can't begin with `sg-`: the security group's name is made from it, and EC2 keeps that for its own ids (API " +
        "reference CreateSecurityGroup, 2026-11-30)",
      remedy: `Choose a name like ${name.slice("sg-".length) || "dev"}`,
    },
  ];
}

/** EC2 counts by direction; the update would fail in the middle, with some clients let in. */
function ruleCountProblems(args: SharedLoadBalancerArgs): Problem[] {
  const most = args.rulesPerSecurityGroup ?? rulesPerSecurityGroup.most;
  const counted = [
    {
      count: clientRules(args).length,
      what: `inbound rules (${args.services.length} services × ${args.clientCidrBlocks?.length ?? 1} client blocks)`,
      path: "clientCidrBlocks",
      remedy: "Name fewer, wider blocks of clients",
    },
    {
      count: targetRules(args).length,
      what: "outbound rules (one a distinct pod or health-check port and block of pods)",
      path: "services",
      remedy: "Let services share ports of pods",
    },
  ];
  return counted
    .filter(({ count }) => count > most)
    .map(({ count, what, path, remedy }) => ({
      path,
      value: count,
      rule: `makes ${count} ${what}, and a security group has at most ${most} (${rulesPerSecurityGroup.source})`,
      remedy: `${remedy}, use a second environment, or have AWS raise the quota and say so (rulesPerSecurityGroup)`,
    }));
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
  problems.push(...ruleCountProblems(args));
  return problems;
}
