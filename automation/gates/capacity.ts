/** Before a member leaves traffic, or gets smaller: can those that stay carry it? Counted in ready endpoints that are healthy targets. */
import { bad, notYet, passed, waiting, type Decided, type Decision, type GateMemory } from "./decision";
import type { Observation } from "./observation";
import { healthOf, isRegistered, targetsOf, type Ownership } from "./ownership";
import { probeProblem } from "./peers";

export interface CapacityRules {
  readonly member: string;
  /** The other active members. */
  readonly stayers: readonly string[];
  /** How many of those must be healthy; at least 1. */
  readonly minActive: number;
  /** Targets that must stay, by target group; null: an autoscaler owns their number, so they only have to be healthy. */
  readonly required: Readonly<Record<string, number | null>>;
  /** Targets that the member itself keeps, by target group; none when it leaves. */
  readonly keeps: Readonly<Record<string, number>>;
  readonly toleratedMs: number;
}

export function decideEnough(observation: Observation, owners: Ownership, rules: CapacityRules, memory: GateMemory): Decided {
  const problem = lackingActive(observation, owners, rules) ?? lackingTargets(observation, owners, rules) ?? probeProblem(observation);
  if (problem === null) return notYet(passed(rules.stayers.length === 0 ? `${rules.member} keeps enough` : `${rules.stayers.join(", ")} carry(ies) the load`));
  if (problem.status === "waiting" && problem.reason === "unknown") return notYet(problem);
  return bad(memory, observation.at, rules.toleratedMs, problem, "eks-blue-green status shows each target's state; rollout.minCapacityPercent is the floor");
}

function lackingActive(observation: Observation, owners: Ownership, { member, stayers, minActive, keeps }: CapacityRules): Decision | null {
  const unread = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
  if (unread.length > 0) return waiting("unknown", `AWS did not tell the targets of ${unread.join(", ")}`);
  const healthy = stayers.filter((name) => healthOf(owners, observation, name) === "healthy");
  const stays = Object.keys(keeps).length > 0 ? 1 : 0;
  if (healthy.length + stays >= minActive) return null;
  const states = stayers.map((name) => `${name}: ${healthOf(owners, observation, name)}`).join(", ") || "none is active";
  return waiting("last-active", `${member} is not drained: ${healthy.length} other member(s) are active and healthy, ${minActive} must be (${states})`);
}

function lackingTargets(observation: Observation, owners: Ownership, { member, stayers, required, keeps }: CapacityRules): Decision | null {
  for (const [key, least] of Object.entries(required)) {
    let good = keeps[key] ?? 0;
    for (const name of stayers) {
      const seen = observation.members[name];
      const registered = targetsOf(owners, observation, key, name).filter(isRegistered);
      // A target without its pod is no capacity; of a member that can't be asked, AWS's word must do.
      const counted = seen?.reachable ? registered.filter((target) => (seen.services[key]?.endpoints ?? []).includes(target.id)) : registered;
      const healthy = counted.filter((target) => target.state === "healthy").length;
      if (least === null && healthy < registered.length) return waiting("peers-unhealthy", `${registered.length - healthy} of ${registered.length} targets of ${name} are not healthy in '${key}', and ${member} is not taken out meanwhile`);
      good += healthy;
    }
    if (least !== null && good < least) return waiting("capacity", `without ${member} ${good} healthy targets stay in '${key}', ${least} must`);
  }
  return null;
}
