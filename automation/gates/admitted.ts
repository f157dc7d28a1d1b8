import {
  goodFor,
  holding,
  incomplete,
  isUnknown,
  listing,
  passed,
  untold,
  waiting,
  type Decided,
  type Decision,
  type GateMemory,
  type HeldTargets,
  type Waiting,
} from "./gate-result";
import { decideFlags } from "./multi-cluster-flag";
import type { Excused } from "../observation/baseline";
import { groupsOfMember, silence, type MemberServiceObservation, type Observation } from "../observation/observe";
import { isRegistered, targetsOf, type TargetOwners } from "../observation/target-owners";
import { isDrift, notServing, peerProblems, probeProblem, worstOf, type Snapshot, type Tolerance } from "./peers";

export interface AdmitRules extends Tolerance {
  readonly member: string;
  /** The other active members. */
  readonly peers: readonly string[];
  readonly peersBefore: Readonly<Record<string, Snapshot>>;
  readonly holdMs: number;
  /**
   * It is bound, and has no share of the requests yet: who has them, and how long those must be dead before nobody waits
   * for its hold. Absent: it serves.
   */
  readonly unserved?: { readonly served: readonly string[]; readonly sureMs: number };
  /**
   * Traffic is divided by weights: the part of those that serve nobody fails, whatever this member does, until the next
   * move gives it away. How long they must be dead before nobody waits for its requests. Absent: traffic is shared.
   */
  readonly partsFail?: { readonly sureMs: number };
  /** What must be ready besides, as the pods of a new size; null when it is. Absent: nothing. */
  readonly ready?: (observation: Observation) => Decision | null;
  /**
   * Requests tell something of the member only when all were answered for a time while it came in: those that failed
   * before may be the doing of one that is still to leave. Absent: they always do.
   */
  readonly requestsTellOnceAnswered?: true;
}

/** What came of the requests so far, as the gate remembers it. */
function answersSoFar({ at, probes }: Observation, { toleratedMs }: AdmitRules, memory: GateMemory): GateMemory {
  const asked = Object.values(probes);
  const { answeredSince: before, ...rest } = memory;
  if (asked.length === 0 || asked.some(({ failed }) => failed > 0)) return rest;
  const answeredSince = before ?? at;
  const long = at - answeredSince >= toleratedMs;
  return { ...rest, answeredSince, ...(long ? { answered: true as const } : {}) };
}

/** As decideArrived; where requests tell nothing yet, without them. */
export function decideAdmitted(
  observation: Observation,
  owners: TargetOwners,
  rules: AdmitRules,
  memory: GateMemory,
): Decided {
  if (rules.requestsTellOnceAnswered !== true) return decideArrived(observation, owners, rules, memory);
  const judged = { ...rules, toleratedMs: rules.requestsToleratedMs ?? rules.toleratedMs };
  const next = answersSoFar(observation, judged, memory);
  const seen = next.answered === true ? observation : { ...observation, probes: {} };
  return decideArrived(seen, owners, rules, next);
}

/**
 * The peers' targets are all still there and requests succeed; each ready endpoint is in the controller's list and
 * healthy in ELBv2; and it has been so for the propagation hold: `healthy` is not yet `routed` (docs/reference/aws-behaviour.md).
 */
function decideArrived(
  observation: Observation,
  owners: TargetOwners,
  rules: AdmitRules,
  { aloneSince: before, ...rest }: GateMemory,
): Decided {
  // It gets nothing yet, so requests tell of the others only; and they fail until it gets something.
  const { served, sureMs } = rules.unserved ?? { served: null, sureMs: rules.partsFail?.sureMs ?? 0 };
  const alone =
    served === null
      ? rules.partsFail !== undefined && isAlone(observation, owners, rules.peers)
      : served.length === 0 || isAlone(observation, owners, served);
  const aloneSince = before ?? observation.at;
  const memory = alone ? { ...rest, aloneSince } : rest;
  const flags = decideFlags(observation);
  if (flags !== null) return flags;
  // What users feel is judged first: the member's own targets may need a long time, and requests fail meanwhile.
  const serving = servingOf(observation, owners, rules);
  if (serving !== null && !isUnknown(serving))
    return notServing(serving, observation, rules, memory, remedyFor(serving));
  if (serving !== null) return untold(memory, serving);
  const lacking = rules.ready?.(observation) ?? null;
  if (lacking !== null) return incomplete(memory, observation.at, lacking);
  if (alone && observation.at - aloneSince >= sureMs) return decideOnlyOne(observation, rules, memory);
  const held = decideHeld(observation, rules, memory);
  const probe = probeProblem(observation, rules.excused);
  return held.decision.status === "passed" && probe !== null ? { decision: probe, memory: held.memory } : held;
}

/** Undefined: the usual one. */
const remedyFor = (problem: Decision): string | undefined =>
  problem.status === "waiting" && /^peers-/.test(problem.reason)
    ? "look for a controller without the multi-cluster flag, then remove the annotation " +
      "elbv2.k8s.aws/checkpoint from the peer's TargetGroupBinding so that it registers again"
    : undefined;

/**
 * On the way back something is broken already, and whoever comes in makes it better: a peer that is sick is no reason
 * to hold it up for ever.
 * One whose targets are gone is: that may be this member's doing.
 */
function servingOf(observation: Observation, owners: TargetOwners, rules: AdmitRules): Decision | null {
  // Nobody else serves any more: going back would lead to nobody, so only the newcomer counts.
  if (isAlone(observation, owners, rules.peers)) return null;
  const { peers, peersBefore, excused, toleratedMs } = rules;
  const tolerant = !Number.isFinite(toleratedMs);
  const problems = peerProblems(observation, owners, peers, peersBefore, excused).filter(
    (problem) =>
      !tolerant || !(isDrift(problem) || (problem.status === "waiting" && problem.reason === "peers-unhealthy")),
  );
  const probe = probeProblem(observation, excused);
  return worstOf([...problems, ...(probe === null ? [] : [probe])]);
}

/** No peer has a healthy target, and not because somebody took out targets whose pods are ready. */
function isAlone(observation: Observation, owners: TargetOwners, peers: readonly string[]): boolean {
  if (peers.length === 0) return false;
  return peers.every((peer) => {
    const groups = groupsOfMember(observation, peer);
    return (
      groups.length > 0 &&
      groups.every((key) => {
        if (observation.groups[key] === null) return false;
        const registered = targetsOf(owners, observation, key, peer).filter(isRegistered);
        const evicted =
          registered.length === 0 && (observation.members[peer]?.services[key]?.endpoints ?? []).length > 0;
        return !evicted && !registered.some(({ state }) => state === "healthy" || state === "initial");
      })
    );
  });
}

/** Nobody is served before it gets its share, so nobody waits for the hold either. */
function decideOnlyOne(observation: Observation, { member, excused }: AdmitRules, memory: GateMemory): Decided {
  const own = ownProblem(observation, member, excused);
  if (own !== null) return isUnknown(own) ? untold(memory, own) : incomplete(memory, observation.at, own);
  return { decision: passed(`${member} is healthy, and nobody else who serves is`), memory };
}

/**
 * The hold belongs to the targets that came in together. An autoscaler may add others every few minutes: they are not
 * held for, and don't make those that are there begin anew.
 */
function decideHeld(observation: Observation, rules: AdmitRules, memory: GateMemory): Decided {
  const { at } = observation;
  const own = ownProblem(observation, rules.member, rules.excused);
  if (own !== null && (isUnknown(own) || own.reason === "api-server")) return untold(memory, own);
  const held = heldTargets(observation, rules.member, memory, own === null);
  const enough = held.count === null ? Number.POSITIVE_INFINITY : heldAt(held, rules.holdMs);
  if (own !== null && (held.count === null || !isTarget(own) || !Number.isFinite(enough)))
    return incomplete({ ...memory, held }, at, own);
  const done =
    `${rules.member} ${rules.unserved !== undefined ? "is in, with no share of the requests yet" : "serves"}: its endpoints ` +
    "are healthy, the peers' targets are all there";
  const what =
    rules.unserved !== undefined
      ? `${rules.member} is healthy; not every part of the load balancer may know its targets yet`
      : `${rules.member} is healthy; the load balancer may still route the old way`;
  const all = own === null ? goodFor(memory, at, rules.holdMs, "hold", what, done) : incomplete(memory, at, own);
  const decided = { ...all, memory: { ...all.memory, held } };
  if (all.decision.status === "passed") return decided;
  if (at < enough) {
    const until = all.decision.status === "waiting" ? Math.min(enough, all.decision.retryAt ?? enough) : enough;
    return { ...decided, decision: holding("hold", what, until, at) };
  }
  return own?.reason === "unhealthy" ? decided : { ...decided, decision: passed(done) };
}

/** About single targets, of which others may be good. */
const isTarget = ({ reason }: Waiting): boolean =>
  reason === "not-recorded" || reason === "not-registered" || reason === "initial" || reason === "unhealthy";

function heldTargets(observation: Observation, member: string, memory: GateMemory, complete: boolean): HeldTargets {
  const since: Record<string, number> = {};
  const now: Record<string, number> = {};
  for (const [service, { endpoints, recorded }] of Object.entries(observation.members[member]?.services ?? {})) {
    const listed = new Set(recorded ?? []);
    const healthy = new Set(
      (observation.groups[service] ?? []).filter(({ state }) => state === "healthy").map(({ id }) => id),
    );
    const good = endpoints.filter((id) => listed.has(id) && healthy.has(id));
    for (const id of good) since[`${service}|${id}`] = memory.held?.since[`${service}|${id}`] ?? observation.at;
    now[service] = good.length;
  }
  const before = memory.held?.count ?? null;
  return { since, count: before ?? (complete ? now : null) };
}

/** When enough of them will have been good for the hold; infinity while too few are good. */
function heldAt({ since, count }: HeldTargets, holdMs: number): number {
  return Math.max(
    ...Object.entries(count ?? {}).map(([service, needed]) => {
      const times = Object.entries(since)
        .flatMap(([key, at]) => (key.startsWith(`${service}|`) ? [at] : []))
        .sort((a, b) => a - b);
      return needed === 0 ? 0 : (times[needed - 1] ?? Number.POSITIVE_INFINITY) + holdMs;
    }),
  );
}

/** What keeps a member that is asked from serving: in every group each ready endpoint is listed, and healthy. */
export function ownProblem(observation: Observation, name: string, excused?: Excused): Waiting | null {
  const seen = observation.members[name];
  if (seen === undefined || !seen.reachable)
    return waiting("api-server", silence(seen ?? { name, problem: "no outputs" }));
  // Nothing to look at is never a pass.
  const groups = groupsOfMember(observation, name);
  if (groups.length === 0) return waiting("unknown", "no target group of this environment was found");
  for (const service of groups) {
    const state = seen.services[service];
    if (state === undefined) return waiting("not-declared", `${name} does not serve '${service}'`);
    const problem = serviceProblem(observation, name, service, state, excused?.sick(name, service) ?? 0);
    if (problem !== null) return problem;
  }
  return null;
}

function serviceProblem(
  observation: Observation,
  name: string,
  service: string,
  state: MemberServiceObservation,
  sickBefore: number,
): Waiting | null {
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
  // As many were sick when it served before.
  const sick = states.filter((target) => target?.state === "unhealthy").length;
  if (healthy > 0 && healthy + sick === endpoints.length && sick <= sickBefore) return null;
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
