/** Before weights are changed: AWS has those of the record, or somebody else changes them too. */
import { sumOf, type MemberMove } from "../../stacks/record";
import { differences, isWeighted } from "../observation/route-weights";
import { plainLook, type Observation } from "../observation/observe";
import { listing } from "../gates/gate-result";
import { deadAndSpared, mayOverwrite } from "../observation/weight-drift";
import { describeAsked } from "../text/command-line";
import { putWeightsBack } from "../text/weights";
import { Stop } from "./interruptions";
import type { Session } from "./session";
import type { ShiftAims } from "./shift-rules";
import { toldLook } from "./told-look";

/** Why weights that somebody else has set are written over; null: they stop the shift. */
function whyWrittenAnew(session: Session, aims: ShiftAims, resumed: boolean, seen: Observation): string | null {
  const { rollout } = session.record;
  if (rollout?.direction === "back" || session.policy.sickServes) return "away from what is broken";
  // A plain update of the stack does not put them back while a shift is open, so there is nothing to wait for.
  if (resumed) return "this shift was begun, so";
  // Who serves nobody is what the next gate sees; to give it its requests back first would be the worst of all.
  const spared = deadAndSpared(seen, aims.weightsBefore, session.serving());
  if (spared.length > 0) return `they keep requests from ${spared.join(", ")}, which serves nobody; for those that do`;
  const command = rollout?.command ?? null;
  return mayOverwrite(seen, aims.weightsBefore, command) ? `as '${describeAsked(command)}' was asked for,` : null;
}

/**
 * Of a shift that is open any route may have the weights of before or of after it. On the way back it does not matter
 * what is there, nor whether AWS tells it: all of it is written anew.
 * @throws Stop when AWS has other weights than the record, or does not tell them
 */
export async function weightsAsRecorded(
  session: Session,
  aims: ShiftAims,
  resumed: boolean,
): Promise<{ readonly seen: Observation; readonly isDrifted: boolean }> {
  const { environment, record, options } = session;
  const withoutWeights = record.rollout?.direction === "back" || session.policy.sickServes;
  const seen = await toldLook(session, { ...plainLook, weights: true }, `could not shift to ${aims.what}`, {
    withoutWeights,
  });
  if (seen.weights === null) return { seen, isDrifted: true };
  const wrong = differences(aims.weightsBefore, seen.weights ?? {}, resumed ? [aims.weights] : []);
  // Where nobody got anything there is nothing to compare: some group has to have a weight all the same.
  if (wrong.length === 0 || sumOf(aims.from) === 0) return { seen, isDrifted: wrong.length > 0 };
  const what = `AWS has other weights than the record, so somebody else changes them: ${listing(wrong)}`;
  const why = whyWrittenAnew(session, aims, resumed, seen);
  if (why !== null) {
    options.emit({ kind: "note", message: `${what}; ${why} they are written anew` });
    return { seen, isDrifted: true };
  }
  throw new Stop(
    "EBG-DRIFT",
    `${what}. Nothing was shifted`,
    `${putWeightsBack(environment.environment)}; then go on with: ${options.commandName}`,
  );
}

/**
 * Before a member's targets go: a group that is empty answers its part of the requests with errors, whoever gave it
 * one. A teardown ends with a member that gets everything.
 * @throws Stop while a rule or listener gives the member's groups something
 */
export function getsNothing(
  session: Session,
  { weights, groupOf }: Pick<Observation, "weights" | "groupOf">,
  { member, from }: MemberMove,
): void {
  const { environment, options, policy } = session;
  if (!isWeighted(groupOf) || policy.endsService || from.role !== "active") return;
  if ((from.share ?? 0) > 0)
    throw new Stop(
      "EBG-PLAN-IMPOSSIBLE",
      `${member} is not drained: by the record it still has a share of ${from.share}, and its part of the requests would fail`,
      `run the command with the version that planned it, or a newer one: ${options.commandName}`,
    );
  const given = Object.entries(weights ?? {}).flatMap(([port, of]) =>
    Object.entries(of ?? {}).flatMap(([key, weight]) =>
      weight > 0 && groupOf[key]?.member === member ? [`${weight} in '${port}'`] : [],
    ),
  );
  if (given.length === 0) return;
  throw new Stop(
    "EBG-DRIFT",
    `${member} is not drained: AWS gives its target groups a weight that the record does not have (${listing(given)})`,
    `${putWeightsBack(environment.environment)}; then go on with: ${options.commandName}`,
  );
}
