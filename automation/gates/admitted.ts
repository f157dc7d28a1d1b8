import { bad, goodFor, listing, notYet, waiting, type Decided, type Decision, type GateMemory } from "./gate-result";
import { decideFlags } from "./multi-cluster-flag";
import { silence, type MemberServiceObservation, type Observation } from "../observation/observe";
import type { Ownership } from "../observation/target-owners";
import { isDrift, peersProblem, probeProblem, remedyOf, servingProblem, type Snapshot } from "./peers";

export interface AdmitRules {
  readonly member: string;
  /** The other active members. */
  readonly peers: readonly string[];
  readonly peersBefore: Readonly<Record<string, Snapshot>>;
  readonly holdMs: number;
  /** How long peers may look bad before the gate fails. */
  readonly toleratedMs: number;
  /**
   * How long targets that were taken away behind a controller's back may take to come back; toleratedMs when absent.
   */
  readonly repairMs?: number;
}

/**
 * Each ready endpoint is in the controller's list and healthy in ELBv2, the peers' targets are all still there,
 * requests succeed,
 * and it has been so for the propagation hold: `healthy` is not yet `routed` (docs/reference/aws-behaviour.md).
 */
export function decideAdmitted(
  observation: Observation,
  owners: Ownership,
  rules: AdmitRules,
  memory: GateMemory,
): Decided {
  const flags = decideFlags(observation);
  if (flags !== null) return flags;
  const peers = peersOfAdmitted(observation, owners, rules);
  const drift = isDrift(peers)
    ? servingProblem(observation, owners, rules.peers, { before: rules.peersBefore, toleratedMs: rules.toleratedMs })
    : null;
  if (drift !== null)
    return bad(
      memory,
      observation.at,
      rules.toleratedMs,
      drift,
      remedyOf(drift, "eks-blue-green status shows each target's state"),
      rules.repairMs,
    );
  // What we don't know, we wait for; only what we saw counts as bad.
  if (peers !== null && peers.status === "waiting" && peers.reason === "unknown") return notYet(peers);
  if (peers !== null && !isDrift(peers))
    return bad(
      memory,
      observation.at,
      rules.toleratedMs,
      peers,
      remedyOf(
        peers,
        "look for a controller without the multi-cluster flag, then remove the annotation " +
          "elbv2.k8s.aws/checkpoint from the peer's TargetGroupBinding so that it registers again",
      ),
    );
  const own = ownProblem(observation, rules.member);
  if (own !== null) return notYet(own);
  const probe = probeProblem(observation);
  if (probe !== null)
    return bad(memory, observation.at, rules.toleratedMs, probe, "eks-blue-green status shows each target's state");
  return goodFor(
    memory,
    observation.at,
    rules.holdMs,
    "hold",
    `${rules.member} is healthy; the load balancer may still route the old way`,
    `${rules.member} serves: all its endpoints are healthy, the peers' targets are all there`,
  );
}

/**
 * On the way back something is broken already, and whoever comes in makes it better: a peer that is sick is no reason
 * to hold it up for ever.
 * One whose targets are gone is: that may be this member's doing.
 */
function peersOfAdmitted(
  observation: Observation,
  owners: Ownership,
  { peers, peersBefore, toleratedMs }: AdmitRules,
): Decision | null {
  const problems = peers.map((peer) => peersProblem(observation, owners, [peer], peersBefore));
  const holds = (problem: Decision | null): boolean =>
    problem?.status === "waiting" && !(problem.reason === "peers-unhealthy" && !Number.isFinite(toleratedMs));
  return problems.find((problem) => holds(problem) && !isDrift(problem)) ?? problems.find(holds) ?? null;
}

function ownProblem(observation: Observation, name: string): Decision | null {
  const seen = observation.members[name];
  if (seen === undefined || !seen.reachable)
    return waiting("api-server", silence(seen ?? { name, problem: "no outputs" }));
  // Nothing to look at is never a pass.
  if (Object.keys(observation.groups).length === 0)
    return waiting("unknown", "no target group of this environment was found");
  for (const service of Object.keys(observation.groups)) {
    const state = seen.services[service];
    if (state === undefined) return waiting("not-declared", `${name} does not serve '${service}'`);
    const problem = serviceProblem(observation, name, service, state);
    if (problem !== null) return problem;
  }
  return null;
}

function serviceProblem(
  observation: Observation,
  name: string,
  service: string,
  state: MemberServiceObservation,
): Decision | null {
  const { endpoints, recorded, bindings } = state;
  if (bindings.length === 0) return waiting("not-declared", `${name} has no TargetGroupBinding of '${service}' yet`);
  const going = bindings.find((binding) => binding.deleting);
  if (going !== undefined)
    return waiting(
      "not-declared",
      `TargetGroupBinding ${going.namespace}/${going.name} on ${name} is still being deleted: its controller ` +
        "must run to let it go, and its targets leave with it",
    );
  // Zero expected targets is never healthy.
  if (endpoints.length === 0) return waiting("no-endpoints", `${service} on ${name} has no ready endpoint`);
  const unrecorded = endpoints.filter((id) => !(recorded ?? []).includes(id));
  if (unrecorded.length > 0)
    return waiting(
      "not-recorded",
      `${name}'s controller has not written down ${unrecorded.length} of ${endpoints.length} endpoints of ` +
        `'${service}': ${listing(unrecorded)}`,
    );
  const targets = observation.groups[service];
  if (targets === null || targets === undefined)
    return waiting("unknown", `AWS did not tell the targets of '${service}'`);
  const states = endpoints.map((id) => targets.find((target) => target.id === id) ?? null);
  const healthy = states.filter((target) => target?.state === "healthy").length;
  if (healthy === endpoints.length) return null;
  const worst = states.find((target) => target === null || target.state !== "healthy") ?? null;
  if (worst === null)
    return waiting(
      "not-registered",
      `${healthy} of ${endpoints.length} targets of ${name} are healthy in '${service}', one is not registered yet`,
    );
  const detail = worst.description ?? worst.reason ?? worst.state;
  return waiting(
    worst.state === "initial" ? "initial" : "unhealthy",
    `${healthy} of ${endpoints.length} targets of ${name} are healthy in '${service}'; ${worst.id} is ` +
      `${worst.state} (${detail})`,
  );
}
