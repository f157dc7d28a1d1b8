/**
 * What a wanted config may not change about a deployed environment. Pure: both sides come in as data; every problem is
 * answered.
 */
import type { Problem } from "../../components/internal/problems";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { compareVersions } from "./desired-member";
import { listenerProblems } from "./listener-changes";
import type { EnvironmentRecord } from "./types";
import { configDifferences, fixedProblems } from "../config/differences";
import { loadBalancerSubnetsOf } from "../config/load-balancer-subnets";
import { ownershipOf, type TargetGroupSpec, targetGroupsOf } from "../config/target-groups";

const moveToNew = "Keep the deployed value; to change it, build a second environment and move clients to it by DNS";

/**
 * Changes that would replace the VPC, the load balancer, a listener's target group, or a running workload: those of keys
 * that are declared as fixed, and what a declaration can't say.
 */
export function sharedFieldProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  const found = configDifferences(current, wanted);
  const problems = [...fixedProblems(found), ...listenerProblems(current, wanted)];
  const refuse = (path: string, was: unknown, is: unknown, what: string, remedy: string): void =>
    void problems.push({
      path,
      value: is ?? null,
      rule: `can't change on a deployed environment (it is ${JSON.stringify(was ?? null)}): ${what}`,
      remedy,
    });
  if (current.network.existing?.vpcId !== wanted.network.existing?.vpcId)
    refuse(
      "network.existing",
      current.network.existing,
      wanted.network.existing,
      "the load balancer and all target groups would be replaced",
      moveToNew,
    );
  else problems.push(...balancerSubnetProblems(current, wanted));
  const zones = current.network.availabilityZones;
  const same = wanted.network.availabilityZones;
  if (zones.some((zone, index) => zone !== same[index]))
    refuse(
      "network.availabilityZones",
      zones,
      same.slice(0, zones.length),
      "subnets that are in use would be replaced",
      "Keep the deployed zones in their order; new ones go behind them",
    );
  for (const service of current.services) {
    const index = wanted.services.findIndex((candidate) => candidate.name === service.name);
    const same = wanted.services[index];
    if (same === undefined) {
      problems.push({
        path: "services",
        value: service.name,
        rule:
          `service '${service.name}' is deployed; removing it would delete its listener and target group, which ` +
          "are protected",
        remedy: "Keep it; to be without it, build a second environment without it and move clients to that by DNS",
      });
      continue;
    }
    problems.push(...portProblems(service, same, index), ...releaseProblems(service, same, index));
  }
  return problems;
}

/**
 * The load balancer stays in its subnets: it has one a zone, and is replaced without one that it was in. Members keep
 * the subnets that they were made in, so all others may change.
 */
function balancerSubnetProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  const was = loadBalancerSubnetsOf(current) ?? [];
  const is = loadBalancerSubnetsOf(wanted) ?? [];
  // Nobody but who writes them down for the load balancer says that further ones are in further zones.
  const mayGrow = wanted.network.existing?.loadBalancerSubnetIds !== undefined;
  if (was.every((subnet) => is.includes(subnet)) && (mayGrow || is.length === was.length)) return [];
  return [
    {
      path: "network.existing",
      value: is,
      rule: `the load balancer is in ${was.join(", ")}: it can't leave a subnet, and has one in each zone`,
      remedy: `Write network.existing.loadBalancerSubnetIds: [${was.join(", ")}]; all other subnets may change`,
    },
  ];
}

/** Most charts make the names of all their objects from the release's, and what Services select by as well. */
function releaseProblems(service: ServiceConfig, same: ServiceConfig, index: number): Problem[] {
  if (service.chart === undefined || same.chart === undefined) return [];
  const was = service.chart.releaseName ?? service.name;
  const is = same.chart.releaseName ?? same.name;
  if (was === is) return [];
  return [
    {
      path: `services[${index}].chart.releaseName`,
      value: is,
      rule:
        `can't change on a deployed environment (it is ${JSON.stringify(was)}): every object would be made anew under ` +
        "another name, and the running ones deleted, at once on every member",
      remedy: "Keep it; add a service of another name beside it and move clients to its port",
    },
  ];
}

/** A deployed port keeps its name (its target group's key follows from it), and its container port. */
function portProblems(service: ServiceConfig, same: ServiceConfig, index: number): Problem[] {
  const wanted = targetGroupsOf({ services: [same] });
  return targetGroupsOf({ services: [service] }).flatMap((spec): Problem[] => {
    const next = wanted.find(({ key }) => key === spec.key);
    if (next === undefined) {
      return [
        {
          path: `services[${index}].ports`,
          value: wanted.map(({ key }) => key),
          rule:
            `target group '${spec.key}' is deployed (port ${spec.port}); without this port's name, or with a ` +
            "second port beside an unnamed one, it would be deleted",
          remedy: "Keep the ports' names; add a service of another name for further ports",
        },
      ];
    }
    if (next.targetPort === spec.targetPort)
      return theirServiceProblems(spec, next, `services[${index}]`, same.workload);
    const path =
      same.ports === undefined
        ? "targetPort"
        : `ports[${same.ports.findIndex(({ name }) => name === spec.portName)}].targetPort`;
    return [
      {
        path: `services[${index}].${path}`,
        value: next.targetPort,
        rule: `can't change on a deployed environment (it is ${spec.targetPort}): the target group would be replaced`,
        remedy: "Keep the port; add a service of another name beside it and move clients to its port",
      },
    ];
  });
}

/** Where the Service is not this package's: bindings to another one would let go of all their targets first. */
function theirServiceProblems(
  spec: TargetGroupSpec,
  next: TargetGroupSpec,
  path: string,
  kind: ServiceConfig["workload"],
): Problem[] {
  const found: Problem[] = [];
  const refuse = (key: string, was: string | number, is: string | number): void =>
    void found.push({
      path: `${path}.${key}`,
      value: is,
      rule:
        `can't change on a deployed environment (it is ${JSON.stringify(was)}): the bindings of members that serve ` +
        "would change all their targets at once",
      remedy: "Keep it; add a service of another name beside it and move clients to its port",
    });
  if (next.kubernetesService !== spec.kubernetesService)
    refuse(`${kind ?? "external"}.service`, spec.kubernetesService, next.kubernetesService);
  if (next.servicePort !== spec.servicePort) refuse("servicePort", spec.servicePort, next.servicePort);
  return found;
}

/** A config whose owner or primary is not the deployed one. Load balancers change their owner by `adopt` alone. */
export function ownershipProblems(
  last: { readonly record: EnvironmentRecord; readonly config: EnvironmentConfig },
  wanted: EnvironmentConfig,
): Problem[] {
  const deployed = ownershipOf(last.record, last.config);
  const is = ownershipOf(null, wanted);
  if (deployed.owner === "service" && is.owner === "stack") {
    return [
      {
        path: "loadBalancer.owner",
        value: "stack",
        rule: `the load balancers belong to Services of '${deployed.primary}': declaring others would move no client`,
        remedy: "Hand them over first: eks-blue-green adopt; it keeps them, and sets the owner in the record",
      },
    ];
  }
  // After a handover the config may say `service` for a while: the record wins.
  if (deployed.owner === "stack" && is.owner === "service" && deployed.adopted === null) {
    return [
      {
        path: "loadBalancer.owner",
        value: "service",
        rule: "can't change on a deployed environment (it is stack): the load balancer would be deleted",
        remedy: moveToNew,
      },
    ];
  }
  if (deployed.owner === "service" && is.owner === "service" && is.primary !== deployed.primary) {
    return [
      {
        path: "loadBalancer.primary",
        value: is.primary,
        rule: `can't change (it is '${deployed.primary}'): the load balancers belong to Services of that cluster`,
        remedy: `Write loadBalancer.primary: ${deployed.primary}; eks-blue-green adopt makes any member equal`,
      },
    ];
  }
  return [];
}

/** Members that the record has and the config has no more, unless they are absent. */
export function memberProblems(record: EnvironmentRecord, wanted: Pick<EnvironmentConfig, "members">): Problem[] {
  return Object.entries(record.placement)
    .filter(([member, stands]) => stands.role !== "absent" && !wanted.members.includes(member))
    .map(([member, stands]) => ({
      path: "members",
      value: wanted.members,
      rule:
        `member '${member}' is ${stands.role} with Kubernetes ${stands.version}; the list must keep it until it is ` +
        "absent",
      remedy: `Put '${member}' back; an upgrade with strategy replace retires it`,
    }));
}

/** Versions that the strategy can't reach from where the members are. */
export function versionProblems(
  record: EnvironmentRecord,
  wanted: Pick<EnvironmentConfig, "kubernetesVersion" | "rollout">,
): Problem[] {
  // `replace` builds a new cluster: any version, up or down.
  if (wanted.rollout.strategy === "replace") return [];
  const problems: Problem[] = [];
  for (const [member, { version }] of Object.entries(record.placement)) {
    if (version === null) continue;
    if (compareVersions(wanted.kubernetesVersion, version) < 0) {
      problems.push({
        path: "kubernetesVersion",
        value: wanted.kubernetesVersion,
        rule: `member '${member}' runs ${version}, and a cluster's version can't be lowered in place`,
        remedy: `Write ${version}, or use rollout.strategy replace`,
      });
    }
  }
  return problems;
}
