import {
  failed,
  goodFor,
  incomplete,
  isUnknown,
  listing,
  notYet,
  passed,
  untold,
  waiting,
  type Decided,
  type Decision,
  type GateMemory,
} from "./gate-result";
import type { DeploymentState } from "../ports";
import { hasPartIn } from "../../stacks/config/group-refs";
import { groupsOfMember, silence, type Observation } from "../observation/observe";
import { isDraining, isRegistered, snapshot, type TargetOwners } from "../observation/target-owners";
import {
  isProbe,
  nothingAnswers,
  notServing,
  servingProblem,
  toleratedFor,
  type Snapshot,
  type Tolerance,
} from "./peers";

export interface DrainRules extends Tolerance {
  readonly member: string;
  readonly peers: readonly string[];
  readonly peersBefore: Readonly<Record<string, Snapshot>>;
  /** The member's targets before the move, from the record: all of them must go. */
  readonly before: Snapshot;
  readonly holdMs: number;
  /** The longest that ELBv2 lets open connections drain: that long it is as it should be. */
  readonly drainMs: number;
  /**
   * Requests tell something only when the load balancer can't route to the member any more: it may be why they fail.
   * Absent: no.
   */
  readonly requestsTellLate?: boolean;
  /** How long it may last that not one request is answered, whatever else is tolerated; toleratedMs when absent. */
  readonly noAnswerToleratedMs?: number;
  /** Whether another member that lists a target may be believed. Absent: yes. */
  readonly mayBeTaken?: (service: string, id: string) => boolean;
}

/**
 * Targets of the snapshot that AWS still has, by service: registered ones and draining ones. An address that another
 * member has by now, and lists, is that member's (where it may be believed).
 */
export function remaining(
  observation: Observation,
  { member, before, mayBeTaken }: Pick<DrainRules, "member" | "before" | "mayBeTaken">,
): {
  readonly registered: Record<string, string[]>;
  readonly draining: Record<string, string[]>;
  readonly unknown: string[];
} {
  const registered: Record<string, string[]> = {};
  const draining: Record<string, string[]> = {};
  const unknown: string[] = [];
  for (const [service, ids] of Object.entries(before)) {
    const targets = observation.groups[service];
    if (targets === null || targets === undefined) unknown.push(service);
    const taken = (id: string): boolean =>
      isTaken(observation, member, service, id) && mayBeTaken?.(service, id) !== false;
    const mine = (targets ?? []).filter(({ id }) => ids.includes(id) && !taken(id));
    registered[service] = mine.filter(isRegistered).map((target) => target.id);
    draining[service] = mine.filter(isDraining).map((target) => target.id);
  }
  return { registered, draining, unknown };
}

function isTaken(observation: Observation, member: string, service: string, id: string): boolean {
  const has = (name: string): boolean => (observation.members[name]?.services[service]?.endpoints ?? []).includes(id);
  return Object.values(observation.members).some(
    (other) =>
      other.name !== member &&
      other.reachable &&
      has(other.name) &&
      (other.services[service]?.recorded ?? []).includes(id) &&
      !has(member),
  );
}

/**
 * Leftovers of a drain that may be deregistered by us: still registered though nobody's, i.e. in no member's list or
 * endpoints of a bound
 * service. One that can't be asked may have any of them, except where `silentGo`: everybody goes, and they are known to
 * be the member's own.
 */
export function leftovers(
  observation: Observation,
  rules: Pick<DrainRules, "member" | "before" | "mayBeTaken"> & { readonly silentGo?: boolean },
): { readonly free: Record<string, string[]>; readonly claimed: string[] } {
  const free: Record<string, string[]> = {};
  const claimed: string[] = [];
  const others = Object.values(observation.members).filter((member) => member.name !== rules.member);
  for (const [service, ids] of Object.entries(remaining(observation, rules).registered)) {
    for (const id of ids) {
      const owner = others.find(
        (member) =>
          (!member.reachable && rules.silentGo !== true && hasPartIn(observation.groupOf, service, member.name)) ||
          (member.services[service]?.recorded ?? []).includes(id) ||
          (member.services[service]?.endpoints ?? []).includes(id),
      );
      if (owner === undefined) (free[service] ??= []).push(id);
      else claimed.push(`${id} (${owner.reachable ? `listed by ${owner.name}` : `${owner.name} can't be asked`})`);
    }
  }
  return { free, claimed };
}

/** So much of what was answered before must be answered still: whoever was in traffic besides gets more of it now. */
const leastOfAnswered = 0.25;

/**
 * Requests fail that failed before, some more or some less: whoever leaves is not why, there is nothing to turn to, and
 * nobody waits for a share that comes and goes. The command's end says that they still fail.
 */
function failedBefore({ probes }: Observation, rules: DrainRules, problem: Decision | null): boolean {
  if (problem === null || !isProbe(problem) || Number.isFinite(toleratedFor(problem, rules))) return false;
  return Object.entries(probes).every(([port, { sent, failed: count }]) => {
    const answeredBefore = 1 - (rules.excused?.failing(port) ?? 0);
    const answered = sent === 0 ? 1 : 1 - count / sent;
    return count === 0 || (answeredBefore < 1 && answered > 0 && answered >= answeredBefore * leastOfAnswered);
  });
}

/** Less where nothing is answered at all. */
function toleranceFor(problem: Decision, observation: Observation, rules: DrainRules): Tolerance {
  const { noAnswerToleratedMs } = rules;
  if (noAnswerToleratedMs === undefined || !nothingAnswers(observation)) return rules;
  const least = Math.min(noAnswerToleratedMs, toleratedFor(problem, rules));
  return { ...rules, toleratedMs: least, requestsToleratedMs: least };
}

/**
 * The snapshot is gone from ELBv2, the propagation hold has passed while the drained pods still ran, and the peers
 * (none in a teardown) are healthy.
 */
export function decideDrained(
  observation: Observation,
  owners: TargetOwners,
  rules: DrainRules,
  memory: GateMemory,
): Decided {
  const problem = servingProblem(observation, owners, rules.peers, { ...rules, before: rules.peersBefore });
  const peers = failedBefore(observation, rules, problem) ? null : problem;
  const left = remaining(observation, rules);
  const gone = left.unknown.length === 0 && Object.values(left.registered).flat().length === 0;
  const goneSince = gone ? (memory.drainingSince ?? observation.at) : null;
  const early = rules.requestsTellLate === true && (goneSince === null || observation.at - goneSince < rules.holdMs);
  if (early && peers?.status === "waiting" && isProbe(peers) && goneSince !== null)
    return incomplete({ ...memory, drainingSince: goneSince }, observation.at, { ...peers, expected: true });
  if (peers !== null && !isUnknown(peers) && !(early && isProbe(peers)))
    return notServing(peers, observation, toleranceFor(peers, observation, rules), memory);
  if (isUnknown(peers)) return untold(memory, peers as Decision);
  if (left.unknown.length > 0)
    return untold(memory, waiting("unknown", `AWS did not tell the targets of ${left.unknown.join(", ")}`));
  const registered = Object.values(left.registered).flat();
  if (registered.length > 0)
    return incomplete(
      memory,
      observation.at,
      waiting(
        "still-registered",
        `${registered.length} targets of ${rules.member} are still registered: ${listing(registered)}`,
      ),
    );
  const held = goodFor(
    memory,
    observation.at,
    rules.holdMs,
    "hold",
    `${rules.member} is deregistered; the load balancer may still send it new flows, so its pods keep running`,
    `${rules.member} is out: its targets are gone${rules.peers.length === 0 ? "" : " and the peers are healthy"}`,
  );
  const draining = Object.values(left.draining).flat();
  const drainingSince = memory.drainingSince ?? observation.at;
  const kept = { ...held.memory, drainingSince };
  if (held.decision.status !== "passed" || draining.length === 0) return { ...held, memory: kept };
  const message = `${draining.length} targets of ${rules.member} are still draining: ${listing(draining)}`;
  const decision = waiting("draining", message);
  return {
    decision: observation.at - drainingSince < rules.drainMs ? { ...decision, expected: true } : decision,
    memory: kept,
  };
}

/**
 * Nothing of the member is registered or draining, and no pod of ours runs that a flow could reach; a workload of
 * somebody else's runs on. Looked at before `retire`, and after `scale` to zero.
 */
export function decideGone(
  observation: Observation,
  owners: TargetOwners,
  member: string,
  { evacuated, tearsDown }: Leaving = { evacuated: false, tearsDown: false },
): Decided {
  return notYet(
    goneProblem(observation, owners, member, { evacuated, tearsDown }) ??
      passed(`${member}: no target is registered and no pod runs`),
  );
}

interface Leaving {
  readonly evacuated: boolean;
  readonly tearsDown: boolean;
}

function goneProblem(
  observation: Observation,
  owners: TargetOwners,
  member: string,
  { evacuated, tearsDown }: Leaving,
): Decision | null {
  const seen = observation.members[member];
  for (const group of groupsOfMember(observation, member)) {
    if (observation.groups[group] === null) return waiting("unknown", `AWS did not tell the targets of '${group}'`);
  }
  const mine = Object.values(snapshot(owners, observation, member)).flat();
  if (mine.length > 0)
    return failed(
      "still-registered",
      `${mine.length} targets of ${member} are registered: ${listing(mine)}`,
      `eks-blue-green status; a member is never destroyed while it is registered`,
    );
  if (seen === undefined) return null;
  // Nobody brings it back, so nothing of it has to be put in order.
  if (evacuated && tearsDown) return null;
  // Its targets left by our own hand, and no flow lasts longer than the hold and the deregistration delay that were
  // waited for then.
  if (!seen.reachable && evacuated && seen.refusal === undefined) return null;
  if (!seen.reachable) return waiting("api-server", `nobody can say that no pod serves there: ${silence(seen)}`);
  const bound = Object.values(seen.services)
    .filter((service) => service.stays !== true)
    .flatMap((service) => service.bindings.map((binding) => binding.name));
  if (bound.length > 0 && evacuated)
    return failed(
      "still-registered",
      `${member} answers again, and still has the TargetGroupBindings that it had when it was evacuated: ` +
        `${listing(bound)}`,
      `put it in order first: eks-blue-green drain ${member}`,
    );
  if (bound.length > 0)
    return waiting("still-registered", `${member} still has TargetGroupBindings: ${listing(bound)}`);
  const pods = Object.entries(seen.services).filter(([, service]) => service.pods > 0);
  if (pods.length > 0)
    return waiting(
      "pods",
      `${pods.map(([name, service]) => `${service.pods} pods of ${name}`).join(", ")} still run on ${member}` +
        pods.map(([name, service]) => whoKeeps(name, service.deployment)).join(""),
    );
  return null;
}

/** A Deployment that is not at zero any more, or never was: by whom. Empty: its pods only take their time. */
function whoKeeps(service: string, deployment: DeploymentState | null): string {
  if (deployment === null || deployment.wanted === 0) return "";
  const { wanted, replicasBy } = deployment;
  if (replicasBy === undefined) return `; ${service}'s Deployment is set to ${wanted} replicas`;
  const { manager, at } = replicasBy;
  return (
    `; '${manager}' set ${service}'s Deployment to ${wanted} replicas${at === null ? "" : ` at ${at}`}` +
    (manager.startsWith("keda")
      ? `: pause its ScaledObject with the annotation autoscaling.keda.sh/paused: "true"`
      : "")
  );
}
