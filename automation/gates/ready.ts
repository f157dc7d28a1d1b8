import { failed, notYet, passed, waiting, type Decided, type Decision } from "./gate-result";
import { silence, type MemberObservation, type Observation } from "../observation/observe";
import { flagProblems } from "./multi-cluster-flag";

/**
 * A new (or restarted) member is ready to be admitted: API server, nodes, controller, workload. What somebody else
 * deploys there is waited for before the member is let in (external-workload.ts): no update of ours can bring it.
 */
export function decideReady(observation: Observation, member: string): Decided {
  const seen = observation.members[member];
  if (seen === undefined) return notYet(waiting("not-declared", `the stack of ${member} has no outputs yet`));
  const oneSided = flagProblems(observation).filter((problem) => problem.member === member)[0];
  if (oneSided !== undefined) return notYet(failed("one-sided-flag", oneSided.message, oneSided.remedy));
  const own = Object.values(seen.services).some(({ external }) => external === undefined);
  return notYet(
    lacking(seen) ??
      passed(
        own
          ? `${member}: API server, nodes, controller and workload are ready`
          : `${member}: API server, nodes and controller are ready`,
      ),
  );
}

/** The same for a member that serves meanwhile: what it lacks, or null. */
export function lackingOf(observation: Observation, member: string): Decision | null {
  const seen = observation.members[member];
  return seen === undefined ? waiting("not-declared", `the stack of ${member} has no outputs yet`) : lacking(seen);
}

function lacking(seen: MemberObservation): Decision | null {
  if (!seen.reachable) return waiting("api-server", silence(seen));
  if (seen.nodes === null || seen.nodes.ready === 0)
    return waiting("nodes", `${seen.name} has no ready node yet (${seen.nodes?.total ?? 0} registered)`);
  if (seen.controller === null || !seen.controller.available)
    return waiting("controller", `${seen.name}'s load balancer controller: ${seen.controller?.message ?? "unknown"}`);
  for (const [service, state] of Object.entries(seen.services)) {
    if (state.external !== undefined) continue;
    if (state.deployment === null)
      return waiting("workload", `${service} on ${seen.name}: its Deployment is not there`);
    if (state.deployment.wanted === 0) return waiting("workload", `${service} on ${seen.name}: scaled to zero`);
    if (!state.deployment.available || state.deployment.ready < state.deployment.wanted)
      return waiting(
        "workload",
        `${service} on ${seen.name}: ${state.deployment.ready} of ${state.deployment.wanted} pods ready` +
          (state.deployment.refused === undefined ? "" : `; no further pod is made: ${state.deployment.refused}`),
      );
    if (state.endpoints.length === 0) return waiting("no-endpoints", `${service} on ${seen.name}: no ready endpoint`);
  }
  if (Object.keys(seen.services).length === 0) return waiting("workload", `${seen.name} has no service`);
  return null;
}
