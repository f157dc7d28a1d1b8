/** Whether AWS has the weights of the record. Pure. */
import {
  placementAfter,
  placementUndone,
  sharesIn,
  sumOf,
  type EnvironmentRecord,
  type Placement,
} from "../../stacks/record";
import type { Observation } from "./observe";
import { differences, expectedWeights } from "./route-weights";

/** Of an open shift a route may have either. */
function placementsOf({ placement, intent }: Pick<EnvironmentRecord, "placement" | "intent">): readonly Placement[] {
  const move = intent?.move;
  return move?.kind === "shift"
    ? [placement, placementAfter(placement, move), placementUndone(placement, move)]
    : [placement];
}

/** What AWS has in other routes than the record says; none where nobody gets anything, or nobody asked. */
export function weightProblems(
  { weights, groupOf }: Pick<Observation, "weights" | "groupOf">,
  record: Pick<EnvironmentRecord, "placement" | "intent">,
): readonly string[] {
  if (weights == null || sumOf(sharesIn(record.placement)) === 0) return [];
  const [wanted, ...orElse] = placementsOf(record).map((placement) => expectedWeights(groupOf, sharesIn(placement)));
  return wanted === undefined ? [] : differences(wanted, weights, orElse);
}
