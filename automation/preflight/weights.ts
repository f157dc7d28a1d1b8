/** Weights as AWS has them before anything begins: those of the record, with every member's group in every route. Pure. */
import { groupsOfPort } from "../../stacks/config/group-refs";
import { isServing, type EnvironmentRecord, type Placement } from "../../stacks/record";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";
import { weightProblems } from "../observation/recorded-weights";
import type { Observation } from "../observation/observe";
import { putWeightsBack } from "../text/weights";

/** What is under way is stopped by its own moves, in front of the next one that needs it. */
export function weightFindings(
  observation: Observation,
  record: Pick<EnvironmentRecord, "placement" | "intent" | "rollout">,
  environment: string,
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
  return weightProblems(observation, record).map((problem) => ({
    code: "EBG-DRIFT",
    severity,
    message: `AWS has other weights than the record: ${problem}`,
    remedy: putWeightsBack(environment),
  }));
}

/** Groups of a port that get requests. */
export const groupsThatServe = ({ groupOf }: Observation, placement: Placement, port: string): string[] =>
  groupsOfPort(groupOf, port).filter((key) => {
    const member = groupOf[key]?.member ?? null;
    return member === null || isServing(placement[member]);
  });
