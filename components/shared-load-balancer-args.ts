import type * as pulumi from "@pulumi/pulumi";
import { listenersPerLoadBalancer } from "./internal/aws-limits";
import { balancerProblems, serviceProblems, takenProblems } from "./internal/balancer-problems";
import type { Problem } from "./internal/problems";
import type { WeightedArgs } from "./internal/weights";

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
export interface SharedLoadBalancerArgs extends WeightedArgs {
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
  const problems = args.services.flatMap((service, index) => serviceProblems(service, `services[${index}]`));
  if (args.services.length === 0 || args.services.length > listenersPerLoadBalancer.most) {
    problems.push({
      path: "services",
      value: args.services.length,
      rule: `must be 1 to ${listenersPerLoadBalancer.most} (${listenersPerLoadBalancer.source})`,
      remedy: "Add a service, or use a second load balancer",
    });
  }
  return [
    ...problems,
    ...takenProblems(args.services, "name"),
    ...takenProblems(args.services, "port"),
    ...balancerProblems(args),
  ];
}
