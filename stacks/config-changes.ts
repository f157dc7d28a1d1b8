/** What a wanted config may not change about a deployed environment. Pure: both sides come in as data; every problem is answered. */
import type { Problem } from "../components/problems";
import type { EnvironmentConfig } from "./config";
import { compareVersions } from "./desired-member";
import type { EnvironmentRecord } from "./record";

const moveToNew = "Keep the deployed value; to change it, build a second environment and move clients to it by DNS";

/** Fields whose change would replace the VPC, the load balancer, a listener's target group, or a running workload. */
export function sharedFieldProblems(current: EnvironmentConfig, wanted: EnvironmentConfig): Problem[] {
  const problems: Problem[] = [];
  const fixed = (path: string, was: unknown, is: unknown, what: string, remedy: string = moveToNew): void => {
    if (JSON.stringify(was ?? null) !== JSON.stringify(is ?? null)) {
      problems.push({ path, value: is ?? null, rule: `can't change on a deployed environment (it is ${JSON.stringify(was ?? null)}): ${what}`, remedy });
    }
  };
  fixed("aws:region", current.region, wanted.region, "everything would be replaced");
  fixed("network.cidrBlock", current.network.cidrBlock, wanted.network.cidrBlock, "the VPC would be replaced");
  fixed("network.existing", current.network.existing, wanted.network.existing, "the load balancer and all target groups would be replaced");
  const zones = current.network.availabilityZones;
  fixed("network.availabilityZones", zones, wanted.network.availabilityZones.slice(0, zones.length), "subnets that are in use would be replaced", "Keep the deployed zones in their order; new ones go behind them");
  fixed("loadBalancer.scheme", current.loadBalancer?.scheme ?? "internet-facing", wanted.loadBalancer?.scheme ?? "internet-facing", "the load balancer would be replaced");
  for (const service of current.services) {
    const index = wanted.services.findIndex((candidate) => candidate.name === service.name);
    const same = wanted.services[index];
    if (same === undefined) {
      problems.push({ path: "services", value: service.name, rule: `service '${service.name}' is deployed; removing it would delete its listener and target group, which are protected`, remedy: `Keep it; to remove it for good, first lift the protection: pulumi state unprotect (listener and target group of '${service.name}')` });
      continue;
    }
    fixed(`services[${index}].targetPort`, service.targetPort, same.targetPort, "the target group would be replaced", "Keep the port; add a service of another name beside it and move clients to its port");
    fixed(`services[${index}].namespace`, service.namespace, same.namespace, "the running workload would be replaced at once on every member", "Keep the namespace; add a service of another name beside it and move clients to its port");
  }
  return problems;
}

/** Members that the record has and the config has no more, unless they are absent. */
export function memberProblems(record: EnvironmentRecord, wanted: Pick<EnvironmentConfig, "members">): Problem[] {
  return Object.entries(record.placement)
    .filter(([member, stands]) => stands.role !== "absent" && !wanted.members.includes(member))
    .map(([member, stands]) => ({
      path: "members",
      value: wanted.members,
      rule: `member '${member}' is ${stands.role} with Kubernetes ${stands.version}; the list must keep it until it is absent`,
      remedy: `Put '${member}' back; an upgrade with strategy replace retires it`,
    }));
}

/** Versions that the strategy can't reach from where the members are. */
export function versionProblems(record: EnvironmentRecord, wanted: Pick<EnvironmentConfig, "kubernetesVersion" | "rollout">): Problem[] {
  // `replace` builds a new cluster: any version, up or down.
  if (wanted.rollout.strategy === "replace") return [];
  const problems: Problem[] = [];
  for (const [member, { version }] of Object.entries(record.placement)) {
    if (version === null) continue;
    if (compareVersions(wanted.kubernetesVersion, version) < 0) {
      problems.push({ path: "kubernetesVersion", value: wanted.kubernetesVersion, rule: `member '${member}' runs ${version}, and a cluster's version can't be lowered in place`, remedy: `Write ${version}, or use rollout.strategy replace` });
    }
  }
  return problems;
}
