/** Weights as AWS has them before anything begins: those of the record, with every member's group in every route. Pure. */
import { groupsOfPort } from "../../stacks/config/group-refs";
import {
  isServing,
  servingMembers,
  sharesIn,
  type EnvironmentRecord,
  type Placement,
  type RolloutCommand,
} from "../../stacks/record";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";
import { weightProblems } from "../observation/recorded-weights";
import type { Observation } from "../observation/observe";
import { expectedWeights, type WeightsByPort } from "../observation/route-weights";
import { deadAndSpared, lacksHealthy, mayOverwrite } from "../observation/weight-drift";
import { keepFromDead, putWeightsBack } from "../text/weights";

/**
 * What to do with weights that differ from `wanted`. `spares`: of a message, whom they keep requests from though it
 * serves nobody; else empty. Nobody is told to give requests back to a group without healthy targets.
 */
export function driftAdvice(
  observation: Observation,
  wanted: WeightsByPort,
  serving: readonly string[],
  environment: string,
): { readonly spares: string; readonly remedy: string } {
  const dead = deadAndSpared(observation, wanted, serving);
  if (dead.length === 0) return { spares: "", remedy: putWeightsBack(environment) };
  const others = serving.some((member) => !dead.includes(member) && !lacksHealthy(observation, member));
  return {
    spares: `; they keep requests from ${dead.join(", ")}, which lacks healthy targets`,
    remedy: keepFromDead(environment, dead, others),
  };
}

/**
 * What is under way is stopped by its own moves, in front of the next one that needs it. `asked`: the command that is
 * to begin; null: an upgrade, or none.
 */
export function weightFindings(
  observation: Observation,
  record: Pick<EnvironmentRecord, "placement" | "intent" | "rollout">,
  environment: string,
  asked: RolloutCommand | null = null,
): Finding[] {
  const severity = record.rollout === null ? "required" : "recommended";
  if (observation.weights === null)
    return [
      {
        code: "EBG-AWS",
        severity,
        message: `the weights of the members' target groups can't be read: ${listing(observation.problems)}`,
        remedy:
          "run the same command again; when it stays so, check the driver's permissions (docs/reference/permissions.md)",
      },
    ];
  const wanted = expectedWeights(observation.groupOf, sharesIn(record.placement));
  const { spares, remedy } = driftAdvice(observation, wanted, servingMembers(record.placement), environment);
  return weightProblems(observation, record).map((problem) => ({
    code: "EBG-DRIFT",
    severity: mayOverwrite(observation, wanted, asked) ? "recommended" : severity,
    message: `AWS has other weights than the record: ${problem}${spares}`,
    remedy,
  }));
}

/** Groups of a port that get requests. */
export const groupsThatServe = ({ groupOf }: Observation, placement: Placement, port: string): string[] =>
  groupsOfPort(groupOf, port).filter((key) => {
    const member = groupOf[key]?.member ?? null;
    return member === null || isServing(placement[member]);
  });
