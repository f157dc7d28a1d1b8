/** The targets that all services need together, against what AWS lets a load balancer have. */
import {
  applicationQuotas,
  rulesPerSecurityGroup,
  targetsPerLoadBalancer,
  targetsPerTargetGroup,
} from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import type { OwnKeys } from "../keys/environment";
import { listenersOf, trafficOf, typeOf } from "../listeners";

/** Members that are in at once. In a cycle that is all, scaled up for the one that leaves next. */
function membersAtOnce({ rollout, members }: OwnKeys): number {
  const scaled = Math.max(1, ((rollout.minCapacityPercent / 100) * members.length) / (members.length - 1));
  return rollout.strategy === "cycle" ? Math.ceil(members.length * scaled) : 2;
}

/** Targets that the load balancer takes in all, and whether it would take more with cross-zone load balancing off. */
function mostTargets(config: OwnKeys): { readonly most: number; readonly source: string; readonly crossZone: boolean } {
  if (typeOf(config) === "application")
    return { most: applicationQuotas.targets, source: applicationQuotas.source, crossZone: false };
  const { network, loadBalancer } = config;
  const crossZone = loadBalancer?.crossZone ?? true;
  const zones = network.existing?.privateSubnetIds.length ?? network.availabilityZones.length;
  const most = crossZone ? targetsPerLoadBalancer.withCrossZone : targetsPerLoadBalancer.perZone * Math.max(1, zones);
  return { most, source: targetsPerLoadBalancer.source, crossZone };
}

/** More targets than the load balancer takes while the most members are in at once. */
export const targetQuotas: Rule<OwnKeys> = (config, place) => {
  const { services, cluster, loadBalancer } = config;
  const atOnce = membersAtOnce(config);
  const { most, source, crossZone } = mostTargets(config);
  const tooMany = (path: string, total: number, otherwise: string): void =>
    place.add(
      path,
      total,
      `need ${total} targets with ${atOnce} members in at once; this load balancer has at most ${most} ` +
        `(${source})`,
      crossZone ? "Use fewer and larger pods, or set loadBalancer.crossZone to false" : otherwise,
    );
  const shared = loadBalancer?.owner !== "service";
  let total = 0;
  services.forEach((service, index) => {
    // Of instance targets every node is one, with or without a pod.
    const ofMember = service.targetType === "instance" ? cluster.nodes.maxSize : service.replicas;
    const targets = ofMember * atOnce;
    const inGroup = trafficOf(config) === "weighted" ? ofMember : targets;
    if (inGroup > targetsPerTargetGroup.most)
      place.add(
        `services[${index}].replicas`,
        service.replicas,
        `needs ${inGroup} targets with ${atOnce} members in at once; a target group has at most ` +
          `${targetsPerTargetGroup.most} (${targetsPerTargetGroup.source})`,
        "Use fewer and larger pods",
      );
    // A target in n groups of a load balancer counts n times.
    const ofLoadBalancer = targets * (service.ports?.length ?? 1);
    total += ofLoadBalancer;
    if (!shared && ofLoadBalancer > most)
      tooMany(`services[${index}].replicas`, ofLoadBalancer, "Use fewer and larger pods");
  });
  if (shared && total > most)
    tooMany("services", total, "Use fewer and larger pods, or split the services over several environments");
};

/** Each listener has a rule for each block of clients; EC2 counts them for the load balancer's group. */
export const securityGroupQuota: Rule<OwnKeys> = (config, place) => {
  const { services, loadBalancer } = config;
  const most = loadBalancer?.rulesPerSecurityGroup ?? rulesPerSecurityGroup.most;
  const blocks = loadBalancer?.clientCidrBlocks.length ?? 1;
  const balancers = loadBalancer?.owner === "service" ? services.map((one) => [one]) : [services];
  for (const one of balancers) {
    const listeners = listenersOf({ ...config, services: one }).length;
    if (listeners * blocks > most)
      place.add(
        "loadBalancer.clientCidrBlocks",
        listeners * blocks,
        `makes ${listeners * blocks} rules (${listeners} listeners, ${blocks} blocks of clients), and a security group ` +
          `has at most ${most} (${rulesPerSecurityGroup.source})`,
        "Name fewer, wider blocks; or have AWS raise the quota and write it in loadBalancer.rulesPerSecurityGroup",
      );
  }
};
