/** The others: after a move of one member, the rest of the group must be as it was. */
import { listing, waiting, type Decision } from "./decision";
import type { Observation } from "./observation";
import { isRegistered, targetsOf, type Ownership } from "./ownership";

/** Registered targets per service, for members that can't be asked for their endpoints. */
export type Snapshot = Readonly<Record<string, readonly string[]>>;

/** What is wrong with the active peers now, or null. `before`: targets of peers before the move, for those that don't answer. */
export function peersProblem(observation: Observation, owners: Ownership, peers: readonly string[], before: Readonly<Record<string, Snapshot>>): Decision | null {
  for (const peer of peers) {
    const seen = observation.members[peer];
    for (const service of Object.keys(observation.groups)) {
      if (observation.groups[service] === null) return waiting("unknown", `AWS did not tell the targets of '${service}': ${listing(observation.problems, 1)}`);
      // FACTS F: a binding whose deletion was asked for goes as soon as its controller can, and all its targets with it.
      if (seen?.services[service]?.bindings.some((binding) => binding.deleting)) return waiting("peers-missing", `a TargetGroupBinding of '${service}' on ${peer} is being deleted: its targets leave as soon as its controller runs`);
      const targets = targetsOf(owners, observation, service, peer);
      // A peer that answers says itself what it should have; its pods may come and go meanwhile.
      const expected = seen?.reachable ? (seen.services[service]?.endpoints ?? []) : (before[peer]?.[service] ?? []);
      if (seen?.reachable && expected.length === 0) return waiting("peers-missing", `${peer} has no ready endpoint of '${service}'`);
      const registered = targets.filter(isRegistered);
      const missing = expected.filter((id) => !registered.some((target) => target.id === id));
      if (missing.length > 0) return waiting("peers-missing", `${missing.length} of ${expected.length} targets of ${peer} are no longer registered in '${service}': ${listing(missing)}`);
      const sick = registered.filter((target) => target.state !== "healthy" && target.state !== "initial");
      const healthy = registered.filter((target) => target.state === "healthy");
      if (healthy.length === 0) return waiting("peers-unhealthy", `${peer} has no healthy target in '${service}'`);
      if (sick.length > 0) return waiting("peers-unhealthy", `${sick.length} of ${registered.length} targets of ${peer} are ${sick[0]?.state} in '${service}': ${sick[0]?.description ?? sick[0]?.reason ?? listing(sick.map((target) => target.id))}`);
    }
  }
  return null;
}

export function probeProblem(observation: Observation): Decision | null {
  for (const [service, probe] of Object.entries(observation.probes)) {
    if (probe.failed > 0) return waiting("probe", `${probe.failed} of ${probe.sent} requests to '${service}' failed: ${probe.firstFailure ?? "no answer"}`);
  }
  return null;
}
