import { goodFor, isUnknown, listing, notYet, untold, waiting, type Decided, type GateMemory } from "./gate-result";
import { ringing } from "./alarms";
import { decideFlags } from "./multi-cluster-flag";
import type { Observation } from "../observation/observe";
import type { TargetOwners } from "../observation/target-owners";
import { notServing, servingProblem, type Snapshot, type Tolerance } from "./peers";

export interface BakeRules extends Tolerance {
  readonly active: readonly string[];
  readonly before: Readonly<Record<string, Snapshot>>;
  readonly bakeMs: number;
  readonly why: string;
  /** Names of the alarms that must be seen not to ring. */
  readonly alarms: readonly string[];
}

/**
 * For the whole time: every active member's targets are there and healthy, requests succeed, the named alarms are OK.
 */
export function decideBaked(
  observation: Observation,
  owners: TargetOwners,
  rules: BakeRules,
  memory: GateMemory,
): Decided {
  const flags = decideFlags(observation);
  if (flags !== null) return flags;
  const alarm = ringing(observation, rules.excused);
  if (alarm !== null) return notYet(alarm);
  const problem = servingProblem(observation, owners, rules.active, rules);
  if (problem !== null && !isUnknown(problem))
    return notServing(
      problem,
      observation,
      rules,
      memory,
      "eks-blue-green status shows each target's state; then run the upgrade again: eks-blue-green upgrade",
    );
  if (problem !== null) return untold(memory, problem);
  const unseen = rules.alarms.filter((name) => (observation.alarms?.[name] ?? "missing") === "missing");
  if (unseen.length > 0)
    return untold(
      memory,
      waiting(
        "unknown",
        "CloudWatch did not tell the state of " +
          `${listing(unseen)}${observation.alarms === null ? `: ${listing(observation.problems, 1)}` : ": there is no such alarm"}`,
      ),
    );
  return goodFor(memory, observation.at, rules.bakeMs, "bake", rules.why, "everything stayed good");
}
