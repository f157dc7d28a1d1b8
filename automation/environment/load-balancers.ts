/**
 * What holds while Services of a primary own the load balancers: they are found by tags, and the primary is never
 * destroyed.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { groupOfMember, groupRefsOf, groupsOf, onePerPort } from "../../stacks/config/group-refs";
import { trafficOf } from "../../stacks/config/listeners";
import type { EnvironmentRecord, Ownership, Step } from "../../stacks/record";
import {
  clusterNameOf,
  ownershipOf,
  targetGroupsInHandover,
  targetGroupsOf,
  type TargetGroupSpec,
} from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import type { AwsPort } from "../ports";

/**
 * The environment with every target group that AWS has. With owner `stack` that is as the stack says; else the
 * primary's, by the
 * controller's tags, in the same shape, so that nobody behind this needs to know who owns them.
 */
export async function withLoadBalancers(
  aws: Pick<AwsPort, "findServiceLoadBalancers">,
  environment: EnvironmentOutputs,
  record: EnvironmentRecord,
): Promise<EnvironmentOutputs> {
  const ownership = ownershipOf(record, environment.config);
  if (ownership.owner === "stack" || ownership.primary === null) return environment;
  const known = { ...targetGroupsInHandover(record), ...environment.loadBalancer.services };
  const found = await aws.findServiceLoadBalancers({
    clusterName: clusterNameOf(environment, ownership.primary),
    services: targetGroupsOf(environment.config).filter(({ key }) => known[key] === undefined),
  });
  return {
    ...environment,
    loadBalancer: {
      ...environment.loadBalancer,
      securityGroupId: found.backendSecurityGroupId,
      services: { ...known, ...found.services },
    },
  };
}

/** A member that was deployed before the load balancers were there has no ARNs in its outputs yet. */
export function withTargetGroups(member: MemberOutputs, environment: EnvironmentOutputs): MemberOutputs {
  const groups = environment.loadBalancer.services;
  const refs = groupRefsOf(groups);
  const services = Object.fromEntries(
    Object.entries(member.services).map(([port, service]) => {
      const known = groups[groupOfMember(refs, port, member.member)]?.targetGroupArn ?? null;
      return [port, { ...service, targetGroupArn: service.targetGroupArn ?? known }];
    }),
  );
  return { ...member, services };
}

/** Target groups that the config names and nobody has found: nothing can be moved while a service can't be watched. */
export function missingTargetGroups(environment: EnvironmentOutputs): string[] {
  const { config } = environment;
  return groupsOf(config, config.members, trafficOf(config))
    .map(({ key }) => key)
    .filter((key) => environment.loadBalancer.services[key] === undefined);
}

/**
 * The primary's Services of type LoadBalancer, each once (its first port); without those whose load balancer was handed
 * over.
 */
export function ownedServices(config: Pick<EnvironmentConfig, "services">, ownership: Ownership): TargetGroupSpec[] {
  if (ownership.owner !== "service") return [];
  const specs = targetGroupsOf(config).filter(({ service }) => ownership.adopted?.[service] === undefined);
  return specs.filter((spec, index) => specs.findIndex((one) => one.service === spec.service) === index);
}

const primaryOf = (
  record: EnvironmentRecord,
  config: Pick<EnvironmentConfig, "loadBalancer" | "members">,
): string | null => {
  const ownership = ownershipOf(record, config);
  return ownership.owner === "service" ? ownership.primary : null;
};

/** @throws EBG-PRIMARY when a step would destroy the member whose Services own the load balancers */
export function refuseRetiringPrimary(
  record: EnvironmentRecord,
  config: Pick<EnvironmentConfig, "loadBalancer" | "members">,
  steps: readonly Step[],
  environment: string,
): void {
  const primary = primaryOf(record, config);
  if (
    primary === null ||
    !steps.some((step) => step.type === "move" && step.kind === "retire" && step.member === primary)
  )
    return;
  throw new DriverError(
    "EBG-PRIMARY",
    `this would destroy ${primary}, whose Services own the load balancers: they, and every member's targets with ` +
      "them, would go as well",
    `hand the load balancers over first: eks-blue-green adopt --stack ${environment}; or keep ${primary} and ` +
      "upgrade in place: rollout.strategy cycle",
  );
}

/** Where clients send their requests, by the service's port: `NAME:PORT` of the load balancer's listener. */
export const addressesOf = ({ loadBalancer }: Pick<EnvironmentOutputs, "loadBalancer">): Record<string, string> =>
  Object.fromEntries(
    onePerPort(groupRefsOf(loadBalancer.services)).flatMap(({ key, port }) => {
      const group = loadBalancer.services[key];
      return group === undefined ? [] : [[port, `${group.dnsName}:${group.port}`]];
    }),
  );
