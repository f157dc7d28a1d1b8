/** The others: after a move of one member, the rest of the group must be as it was. */
import { bad, isUnknown, listing, waiting, type Decided, type Decision, type GateMemory } from "./gate-result";
import { driftedTargets } from "../observation/target-drift";
import { declareAgain, describeLost, isBindingLost } from "../observation/deleted-objects";
import { groupsOfMember, type MemberServiceObservation, type Observation } from "../observation/observe";
import { nothingExcused, worseAnswers, type Excused } from "../observation/baseline";
import { isRegistered, targetsOf, type TargetOwners } from "../observation/target-owners";

/** Registered targets by target group, for members that can't be asked for their endpoints. */
export type Snapshot = Readonly<Record<string, readonly string[]>>;

const nothing: MemberServiceObservation = {
  declaredBinding: null,
  bindings: [],
  recorded: null,
  endpoints: [],
  deployment: null,
  pods: 0,
};

/**
 * What is wrong with the active peers now, one problem for each peer and target group. `before`: targets of peers before the
 * move, for those that don't answer.
 */
export function peerProblems(
  observation: Observation,
  owners: TargetOwners,
  peers: readonly string[],
  before: Readonly<Record<string, Snapshot>>,
  excused: Excused = nothingExcused,
): Decision[] {
  return peers.flatMap((peer) =>
    groupsOfMember(observation, peer).flatMap((service) => {
      const problem = peerProblem(observation, owners, peer, service, before[peer]?.[service] ?? [], excused);
      return problem === null ? [] : [problem];
    }),
  );
}

function peerProblem(
  observation: Observation,
  owners: TargetOwners,
  peer: string,
  service: string,
  before: readonly string[],
  excused: Excused,
): Decision | null {
  const seen = observation.members[peer];
  // A binding whose deletion was asked for goes as soon as its controller can, and all its targets with it.
  if (seen?.services[service]?.bindings.some((binding) => binding.deleting))
    return waiting(
      "peers-missing",
      `a TargetGroupBinding of '${service}' on ${peer} is being deleted: its targets leave as soon as its ` +
        "controller runs",
    );
  if (seen?.reachable && isBindingLost(seen.services[service]))
    return waiting("lost", describeLost({ member: peer, service, kind: "TargetGroupBinding" }));
  if (excused.dead(peer, service)) return null;
  // A peer that answers says itself what it should have; its pods may come and go meanwhile.
  const expected = seen?.reachable ? (seen.services[service]?.endpoints ?? []) : before;
  if (seen?.reachable && expected.length === 0)
    return waiting("peers-missing", `${peer} has no ready endpoint of '${service}'`);
  if (observation.groups[service] === null)
    return waiting("unknown", `AWS did not tell the targets of '${service}': ${listing(observation.problems, 1)}`);
  const targets = targetsOf(owners, observation, service, peer);
  const registered = targets.filter(isRegistered);
  const healthy = registered.filter((target) => target.state === "healthy");
  // Its controller thinks that they are there: it is made to look again. Where no target is left to serve meanwhile,
  // there is no time for that.
  const drifted =
    seen?.reachable && healthy.length > 0
      ? driftedTargets(observation, service, seen.services[service] ?? nothing)
      : [];
  const missing = expected.filter((id) => !registered.some((target) => target.id === id) && !drifted.includes(id));
  if (missing.length > 0)
    return waiting(
      "peers-missing",
      `${missing.length} of ${expected.length} targets of ${peer} are no longer registered in '${service}': ` +
        `${listing(missing)}`,
    );
  const sick = registered.filter((target) => target.state !== "healthy" && target.state !== "initial");
  if (healthy.length === 0) return waiting("peers-unhealthy", `${peer} has no healthy target in '${service}'`);
  if (sick.length > excused.sick(peer, service))
    return waiting(
      "peers-unhealthy",
      `${sick.length} of ${registered.length} targets of ${peer} are ${sick[0]?.state} in '${service}': ` +
        `${sick[0]?.description ?? sick[0]?.reason ?? listing(sick.map((target) => target.id))}`,
    );
  return drifted.length === 0
    ? null
    : waiting(
        "drift",
        `${drifted.length} of ${expected.length} targets of ${peer} were taken out of '${service}' behind its ` +
          `controller's back: ${listing(drifted)}`,
      );
}

/** What was seen to be bad hides what comes back by itself, and that hides what was not told. */
export const worstOf = (problems: readonly Decision[]): Decision | null =>
  problems.find((problem) => !isUnknown(problem) && !isDrift(problem)) ?? problems.find(isDrift) ?? problems[0] ?? null;

/** The remedy when asking did not help. */
const notBack =
  "the controller's cache of targets may be in the way: a restart of that member's load balancer controller " +
  "empties it (kubectl -n kube-system rollout restart deployment aws-load-balancer-controller); then run the " +
  "same command again";

/** Requests fail. */
export const isProbe = (decision: Decision | null): boolean =>
  decision?.status === "waiting" && decision.reason === "probe";

export const isDrift = (decision: Decision | null): boolean =>
  decision?.status === "waiting" && decision.reason === "drift";

/** What helps with a problem of the peers; `otherwise` where the problem's kind does not say it. */
export function remedyOf(problem: Decision, otherwise: string): string {
  if (problem.status === "waiting" && problem.reason === "lost") return declareAgain();
  return isDrift(problem) ? notBack : otherwise;
}

/** What a gate puts up with of those that serve. */
export interface Tolerance {
  /** How long they may look bad before the gate fails. */
  readonly toleratedMs: number;
  /** The same of failed requests; toleratedMs when absent. */
  readonly requestsToleratedMs?: number;
  /** What was so before the move. Absent: nothing. */
  readonly excused?: Excused;
  /**
   * How long targets that were taken away behind a controller's back may take to come back; toleratedMs when absent.
   */
  readonly repairMs?: number;
}

export interface ServingRules extends Pick<Tolerance, "toleratedMs" | "excused"> {
  readonly before: Readonly<Record<string, Snapshot>>;
}

/**
 * Of peers and requests, what is worst: targets that are on their way back hide nothing else. Where everything is
 * tolerated they hold nothing up: the others serve, and whoever leaves may be worse.
 */
export function servingProblem(
  observation: Observation,
  owners: TargetOwners,
  peers: readonly string[],
  { before, excused, toleratedMs }: ServingRules,
): Decision | null {
  const probe = probeProblem(observation, excused);
  const found = peerProblems(observation, owners, peers, before, excused).filter(
    (problem) => !isDrift(problem) || Number.isFinite(toleratedMs),
  );
  return worstOf([...found, ...(probe === null ? [] : [probe])]);
}

/** How long this problem may last: of requests it may be another time than of members. */
export const toleratedFor = (
  problem: Decision,
  { toleratedMs, requestsToleratedMs }: Pick<Tolerance, "toleratedMs" | "requestsToleratedMs">,
): number => (isProbe(problem) ? (requestsToleratedMs ?? toleratedMs) : toleratedMs);

const statusShows = "eks-blue-green status shows each target's state";

/** `servingProblem` has found this: it waits while it is tolerated, and fails behind that. `remedy`: of what has none of its own. */
export const notServing = (
  problem: Decision,
  { at }: Pick<Observation, "at">,
  rules: Pick<Tolerance, "toleratedMs" | "requestsToleratedMs" | "repairMs">,
  memory: GateMemory,
  remedy: string = statusShows,
): Decided => bad(memory, at, toleratedFor(problem, rules), problem, remedyOf(problem, remedy), rules.repairMs);

/** Not one request was answered, in any service. */
export function nothingAnswers({ probes }: Pick<Observation, "probes">): boolean {
  const all = Object.values(probes);
  return all.length > 0 && all.every(({ sent, failed }) => sent > 0 && failed === sent);
}

export function probeProblem(observation: Observation, excused: Excused = nothingExcused): Decision | null {
  for (const [service, probe] of Object.entries(observation.probes)) {
    const worse = worseAnswers(service, probe, excused);
    if (worse !== null) return waiting("probe", worse);
  }
  return null;
}
