/** Whether a record's rollout goes on, from one writing to the next. */
import { isDeepStrictEqual } from "node:util";
import type { EnvironmentRecord } from "../../stacks/record";

/** A driver that works from what it once read would begin anew, or do again what is done. Null: it goes on. */
export function setBack(before: EnvironmentRecord, next: EnvironmentRecord): string | null {
  if (before.rollout === null || next.rollout === null) return null;
  const { id, done, direction, steps, again } = before.rollout;
  // A way back that failed a check turns once more, or is planned anew around who has died on it.
  const samePlan =
    next.rollout.direction === direction &&
    next.rollout.again === again &&
    (direction === "forward" || isDeepStrictEqual(next.rollout.steps, steps));
  if (next.rollout.id === id && !(samePlan && next.rollout.done < done)) return null;
  return `${id} was at step ${done} (${direction}), and ${next.rollout.id} at step ${next.rollout.done} was written over it`;
}
