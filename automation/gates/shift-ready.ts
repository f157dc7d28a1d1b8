/** Before a member gets a larger part of the requests: it can take it, and those that serve are well. */
import {
  incomplete,
  isUnknown,
  notYet,
  passed,
  untold,
  waiting,
  type Decided,
  type GateMemory,
  type Waiting,
} from "./gate-result";
import { ownProblem } from "./admitted";
import { lacksForPart, type LoadRules } from "./shift-load";
import { groupsOfMember, type Observation } from "../observation/observe";
import { isRegistered, targetsOf, type TargetOwners } from "../observation/target-owners";
import { notServing, servingProblem, type Snapshot, type Tolerance } from "./peers";

export interface ShiftReadyRules extends Tolerance {
  /** Members that get a larger part. */
  readonly rising: readonly string[];
  /** Members that get requests now, and go on getting some. */
  readonly serving: readonly string[];
  readonly peersBefore: Readonly<Record<string, Snapshot>>;
  /**
   * On the way back something is broken already: requests that fail say nothing of whoever comes back, and one that
   * serves with half of its targets is better than one that answers errors. Absent: no.
   */
  readonly lenient?: boolean;
  /** What their parts need. Absent: it is not asked. */
  readonly load?: LoadRules;
}

/** A group without a healthy target answers its part of the requests with errors: nothing goes to another group. */
export function decideShiftReady(
  observation: Observation,
  owners: TargetOwners,
  rules: ShiftReadyRules,
  memory: GateMemory,
): Decided {
  if (rules.lenient !== true) {
    const serving = servingProblem(observation, owners, rules.serving, { ...rules, before: rules.peersBefore });
    if (serving !== null && !isUnknown(serving)) return notServing(serving, observation, rules, memory);
    if (serving !== null) return untold(memory, serving);
  }
  for (const member of rules.rising) {
    const problem = riserProblem(observation, owners, member, rules);
    if (problem !== null)
      return isUnknown(problem) ? untold(memory, problem) : incomplete(memory, observation.at, problem);
  }
  const lacking = rules.load === undefined ? null : lacksForPart(observation, owners, rules.load, memory);
  if (lacking !== null) return lacking;
  return notYet(
    passed(
      rules.rising.length === 0 ? "those that serve are well" : `${rules.rising.join(", ")} can take more requests`,
    ),
  );
}

function riserProblem(
  observation: Observation,
  owners: TargetOwners,
  member: string,
  { lenient, excused }: ShiftReadyRules,
): Waiting | null {
  const reachable = observation.members[member]?.reachable === true;
  // Weights need nothing of its cluster: what AWS says of a silent one's targets is enough.
  if (reachable && lenient !== true) return ownProblem(observation, member, excused);
  const groups = groupsOfMember(observation, member);
  if (groups.length === 0) return waiting("unknown", `no target group of ${member} was found`);
  for (const key of groups) {
    if (observation.groups[key] === null) return waiting("unknown", `AWS did not tell the targets of '${key}'`);
    const registered = targetsOf(owners, observation, key, member).filter(isRegistered);
    const healthy = registered.filter(({ state }) => state === "healthy").length;
    const sick = registered.length - healthy;
    if (registered.length === 0)
      return waiting("not-registered", `${member} has no target in '${key}': its part of the requests would fail`);
    const most = lenient === true ? healthy : (excused?.sick(member, key) ?? 0);
    if (healthy === 0 || sick > most)
      return waiting("unhealthy", `${sick} of ${registered.length} targets of ${member} are not healthy in '${key}'`);
  }
  return null;
}
