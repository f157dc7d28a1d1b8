/** What ELBv2 knows. One store per sandbox; everything lives in memory. */
import type { HealthCheckSpec, TargetHealthState } from "../../contract";

export type Tags = Map<string, string>;

export interface LbSubnet {
  readonly id: string;
  readonly zone: string;
  readonly cidr: string;
  readonly allocationId?: string;
  readonly privateIpv4?: string;
}

export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  readonly type: "network" | "application";
  readonly scheme: "internet-facing" | "internal";
  readonly vpcId: string;
  readonly dnsName: string;
  readonly createdAt: number;
  /** Date.now() from which on it is `active`. */
  readonly activeAt: number;
  readonly attributes: Map<string, string>;
  readonly tags: Tags;
  ipAddressType: string;
  enablePrefixForIpv6SourceNat: "on" | "off";
  enforcePrivateLinkRules: "on" | "off" | undefined;
  subnets: readonly LbSubnet[];
  securityGroups: readonly string[];
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly protocol: string;
  readonly protocolVersion?: string;
  readonly port: number;
  readonly vpcId: string;
  readonly targetType: "ip" | "instance" | "alb" | "lambda";
  readonly ipAddressType: string;
  readonly attributes: Map<string, string>;
  readonly tags: Tags;
  readonly targets: Map<string, Target>;
  healthCheck: HealthCheckSpec & { readonly enabled: boolean };
}

export interface Target {
  readonly id: string;
  readonly port: number;
  readonly zone: string | null;
  /** Address behind it: the id itself, or the instance's. */
  readonly address: string;
  registeredAt: number;
  deregisteredAt: number | null;
  /** When it stops being `draining` and leaves the answers. */
  drainedAt: number | null;
  health: {
    readonly state: TargetHealthState;
    readonly reason: string | null;
    readonly description: string | null;
  } | null;
}

export interface Action {
  readonly type: string;
  readonly order?: number;
  readonly forward: readonly { readonly arn: string; readonly weight: number }[];
  readonly stickiness?: { readonly enabled: boolean; readonly seconds?: number };
  readonly raw: unknown;
}

export interface Listener {
  readonly arn: string;
  readonly loadBalancerArn: string;
  readonly attributes: Map<string, string>;
  readonly tags: Tags;
  port: number;
  protocol: string;
  actions: readonly Action[];
  /** The first is the default; the others are chosen by SNI. */
  certificates: readonly string[];
  /** As it was given. */
  mutualAuthentication?: unknown;
  sslPolicy: string | undefined;
  alpnPolicy: readonly string[];
}

/** A rule of an application load balancer's listener. */
export interface Rule {
  readonly arn: string;
  readonly listenerArn: string;
  readonly tags: Tags;
  priority: number;
  actions: readonly Action[];
  /** As they were given. */
  conditions: readonly unknown[];
  transforms: readonly unknown[];
}

export class Store {
  readonly rules = new Map<string, Rule>();
  readonly loadBalancers = new Map<string, LoadBalancer>();
  readonly targetGroups = new Map<string, TargetGroup>();
  readonly listeners = new Map<string, Listener>();

  listenersOf(loadBalancerArn: string): Listener[] {
    return [...this.listeners.values()].filter((one) => one.loadBalancerArn === loadBalancerArn);
  }

  listenersUsing(targetGroupArn: string): Listener[] {
    const forwards = (actions: readonly Action[]): boolean =>
      actions.some((action) => action.forward.some((forward) => forward.arn === targetGroupArn));
    return [...this.listeners.values()].filter(
      (one) => forwards(one.actions) || this.rulesOf(one.arn).some((rule) => forwards(rule.actions)),
    );
  }

  /** Of listeners and rules. */
  actionsUsing(targetGroupArn: string): Action[] {
    return [...this.listeners.values(), ...this.rules.values()]
      .flatMap((one) => one.actions)
      .filter((action) => action.forward.some((forward) => forward.arn === targetGroupArn));
  }

  /** Lowest number first. */
  rulesOf(listenerArn: string): Rule[] {
    return [...this.rules.values()]
      .filter((one) => one.listenerArn === listenerArn)
      .sort((a, b) => a.priority - b.priority);
  }

  deleteListener(arn: string): void {
    for (const rule of this.rulesOf(arn)) this.rules.delete(rule.arn);
    this.listeners.delete(arn);
  }

  loadBalancersUsing(targetGroupArn: string): LoadBalancer[] {
    const arns = new Set(this.listenersUsing(targetGroupArn).map((one) => one.loadBalancerArn));
    return [...arns].map((arn) => this.loadBalancers.get(arn)).filter((one): one is LoadBalancer => one !== undefined);
  }

  /** A target group's own setting, or that of its load balancer. */
  crossZone(group: TargetGroup): boolean {
    const own = group.attributes.get("load_balancing.cross_zone.enabled");
    if (own === "true" || own === "false") return own === "true";
    const balancer = this.loadBalancersUsing(group.arn)[0];
    return balancer?.type === "application" || balancer?.attributes.get("load_balancing.cross_zone.enabled") === "true";
  }
}

export const targetKey = (id: string, port: number): string => `${id}:${port}`;
