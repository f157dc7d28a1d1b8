/**
 * A member that was upgraded in place: everything in it says the new version and is ready, and nothing of it is in
 * traffic yet.
 */
import { compareVersions } from "../../stacks/record";
import { decideReady } from "./ready";
import { listing, notYet, passed, waiting, type Decided, type Decision } from "./gate-result";
import { silence, type MemberObservation, type Observation } from "../observation/observe";

/** A kubelet may be up to three minors behind its API server, never ahead of it. */
export const mostSkew = 3;
const minorOf = (version: string): number => Number(version.split(".")[1] ?? 0);

export interface UpgradedRules {
  readonly member: string;
  /** The Kubernetes minor that it was upgraded to. EKS may have gone further by itself. */
  readonly version: string;
  /** Whether its workload is to run (a standby may be scaled to zero). */
  readonly workload: boolean;
}

/** Control plane version, nodes ready at the version, add-ons active, controller available, workload ready. */
export function decideUpgraded(observation: Observation, rules: UpgradedRules): Decided {
  const seen = observation.members[rules.member];
  if (seen === undefined) return notYet(waiting("not-declared", `the stack of ${rules.member} has no outputs`));
  if (!seen.reachable) return notYet(waiting("api-server", silence(seen)));
  const lacking = versionsProblem(seen, rules.version);
  if (lacking !== null) return notYet(lacking);
  if (seen.controller === null || !seen.controller.available)
    return notYet(
      waiting("controller", `${seen.name}'s load balancer controller: ${seen.controller?.message ?? "unknown"}`),
    );
  if (!rules.workload)
    return notYet(passed(`${rules.member}: control plane, add-ons and nodes are at ${rules.version}`));
  const ready = decideReady(observation, rules.member);
  return ready.decision.status === "passed"
    ? notYet(passed(`${rules.member}: control plane, add-ons and nodes are at ${rules.version}, the workload is ready`))
    : ready;
}

function versionsProblem({ name, cluster, nodes }: MemberObservation, version: string): Decision | null {
  if (cluster === undefined || cluster === null) return waiting("version", `EKS has no cluster of ${name}`);
  if (cluster.status !== "ACTIVE") return waiting("version", `${name}'s cluster is ${cluster.status}`);
  if (cluster.version === null || compareVersions(cluster.version, version) < 0)
    return waiting(
      "version",
      `${name}'s control plane is at ${cluster.version ?? "an unknown version"}, not at ${version}`,
    );
  if (compareVersions(cluster.apiVersion, version) < 0)
    return waiting("version", `${name}'s API server still says ${cluster.apiVersion}`);
  const idle = cluster.addons.filter((addon) => addon.status !== "ACTIVE");
  if (idle.length > 0)
    return waiting(
      "addons",
      `add-ons of ${name}: ${listing(idle.map((addon) => `${addon.name} ${addon.version} is ${addon.status}`))}`,
    );
  if (nodes === null || nodes.total === 0) return waiting("nodes", `${name} has no node`);
  const old = nodes.minors.filter((minor) => compareVersions(minor, version) < 0);
  if (old.length > 0) return waiting("nodes", `${name} still has nodes at ${old.join(", ")}`);
  return nodes.ready < nodes.total
    ? waiting("nodes", `${nodes.ready} of ${nodes.total} nodes of ${name} are ready`)
    : null;
}

/** Why the control plane may not go on to `version`: its kubelets would be too far behind. null when it may. */
export function skewProblem(observation: Observation, member: string, version: string): string | null {
  const behind = (observation.members[member]?.nodes?.minors ?? []).filter(
    (minor) => minorOf(version) - minorOf(minor) > mostSkew,
  );
  return behind.length === 0
    ? null
    : `${member} has nodes at ${behind.join(", ")}; an API server at ${version} works with kubelets at most ` +
        `${mostSkew} minors behind`;
}
