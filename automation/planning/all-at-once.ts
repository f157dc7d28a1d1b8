/**
 * The rest of a member's steps in one shift: there is nothing to be learnt from small shares any more when the member
 * that most requests still go to serves nobody. No other target group takes over what goes to an empty one. Pure.
 */
import {
  isServing,
  isShiftStep,
  membersOf,
  placementAfter,
  servingMembers,
  type EnvironmentRecord,
  type Intent,
  type ShiftStep,
  type Step,
} from "../../stacks/record";

export interface AllAtOnce {
  readonly steps: readonly Step[];
  /** An open shift leads there instead: it is of the same members. */
  readonly intent: Intent | null;
  /** Who has nothing afterwards, and who serves then. */
  readonly leaves: string;
  readonly stay: readonly string[];
}

/** In a bake between two steps, before a step, or in an open one. Null: nothing of the kind. */
export function allAtOnce({
  rollout,
  intent,
  placement,
}: Pick<EnvironmentRecord, "rollout" | "intent" | "placement">): AllAtOnce | null {
  if (rollout === null) return null;
  const { steps, done } = rollout;
  const next = steps[done];
  if (intent === null ? next?.type !== "bake" && !isShiftStep(next) : intent.move.kind !== "shift") return null;
  const end = steps.findIndex((step, index) => index >= done && step.type === "move" && step.kind !== "shift");
  const drain = steps[end];
  if (drain?.type !== "move" || drain.kind !== "drain" || !isServing(placement[drain.member])) return null;
  const last = steps.slice(0, end).findLastIndex(isShiftStep);
  const shift = steps[last];
  if (last < done || !isShiftStep(shift)) return null;
  const changes = Object.fromEntries(
    Object.entries(shift.changes).flatMap(([name, { to }]) => {
      const from = placement[name];
      return from === undefined || to.share === undefined ? [] : [[name, { from, to: { ...from, share: to.share } }]];
    }),
  );
  if (intent !== null && !membersOf(intent.move).every((name) => changes[name] !== undefined)) return null;
  const step: ShiftStep = { ...shift, changes };
  const { type: _, ...move } = step;
  return {
    steps: [...steps.slice(0, done), step, ...steps.slice(last + 1)],
    intent: intent === null ? null : { ...intent, move },
    leaves: drain.member,
    stay: servingMembers(placementAfter(placement, move)),
  };
}
