/** Lets the load balancers reach a member's pods: rules of the member's own, one component per source group. */
import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { MemberIngress } from "../../components";
import type { EnvironmentOutputs } from "../contract";
import { partOf } from "./services";
import type { Ownership } from "../record";
import { targetGroupsOf } from "../config/target-groups";

export interface IngressPlan {
  readonly member: string;
  readonly environment: EnvironmentOutputs;
  readonly ownership: Ownership;
  /** The primary's controller makes it with its first load balancer; null: not there yet. */
  readonly backendSecurityGroupId: string | null;
  /**
   * By service, on a member that binds: a group that the load balancer carries. Without those whose load balancer is
   * not there yet.
   */
  readonly sourceGroups: Readonly<Record<string, string>>;
  /** By service, on a primary that stands by: the load balancer's own group. Empty: not looked for. */
  readonly managedGroups: Readonly<Record<string, string>>;
  readonly podSecurityGroupId: pulumi.Output<string>;
  readonly provider: aws.Provider;
}

/**
 * The group that came with a handed-over load balancer; it carries the backend group as well, but a rule from that is
 * the controller's.
 */
const ownGroupOf = (ownership: Ownership, service: string): string | null =>
  ownership.adopted?.[service]?.securityGroups.find(({ kind }) => kind === "managed")?.id ?? null;

/** Whether the controller shares the group out to all its load balancers; any other one is of one service alone. */
function isBackendGroup({ ownership, backendSecurityGroupId }: IngressPlan, service: string, source: string): boolean {
  const adopted = ownership.adopted?.[service]?.securityGroups;
  return adopted === undefined
    ? source === backendSecurityGroupId
    : adopted.some(({ id, kind }) => id === source && kind === "backend");
}

/**
 * Where the load balancer is (or was) a Service's, its connections come from the shared backend group of the primary's
 * controller (or, where it
 * does not carry that, from a group of its own). On
 * the primary that controller keeps the rule itself: EC2 refuses a second one of the same content. It takes that rule
 * away with its last
 * endpoint, before the load balancer has stopped sending: a primary that stands by, and after a handover the former
 * primary, has rules of
 * its own, from the load balancer's other group. They go before the load balancer does, whose group nothing may refer
 * to then.
 */
export function createIngress(plan: IngressPlan): MemberIngress[] {
  const { member, environment, ownership } = plan;
  const everServices = ownership.owner === "service" || ownership.adopted !== null;
  const bySource = new Map<string, { name: string; ports: Set<number>; nodePorts: boolean }>();
  for (const spec of targetGroupsOf(environment.config)) {
    const part = partOf(ownership, spec.service, member);
    const shared = environment.loadBalancer.services[spec.key];
    const ofController = ownership.adopted?.[spec.service] !== undefined || ownership.owner === "service";
    const source =
      part === "owns"
        ? plan.managedGroups[spec.service]
        : part === "owned"
          ? ownGroupOf(ownership, spec.service)
          : (shared?.securityGroupId ??
            (ofController
              ? (plan.sourceGroups[spec.service] ?? plan.backendSecurityGroupId)
              : environment.loadBalancer.securityGroupId));
    if (source == null) continue;
    const rules = bySource.get(source) ?? {
      name:
        part !== "binds"
          ? `${member}-${spec.service}`
          : ofController && !isBackendGroup(plan, spec.service, source)
            ? `${member}-${source}`
            : everServices && !ofController
              ? `${member}-shared`
              : member,
      ports: new Set<number>(),
      nodePorts: false,
    };
    if (spec.targetType === "instance") rules.nodePorts = true;
    else for (const port of [spec.targetPort, spec.healthCheckPort ?? spec.targetPort]) rules.ports.add(port);
    bySource.set(source, rules);
  }
  return [...bySource].map(
    ([source, { name, ports, nodePorts }]) =>
      new MemberIngress(
        name,
        {
          podSecurityGroupId: plan.podSecurityGroupId,
          loadBalancerSecurityGroupId: source,
          ports: [...ports],
          ...(nodePorts ? { nodePorts } : {}),
        },
        { providers: [plan.provider] },
      ),
  );
}
