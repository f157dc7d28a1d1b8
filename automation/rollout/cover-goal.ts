/** A way back without a member that is dead: those that stay carry what it was to carry. */
import { isServing, placementAfter, type Step } from "../../stacks/record";
import { capacityFloor, coverAsFar } from "../planning/capacity";
import { afterStep, limitsOf, Steps } from "../planning/step-builder";
import type { Session } from "./session";

/** These steps, and behind them the sizes, as far as there is room. `dead`: members that serve nobody. */
export function withSizes(session: Session, steps: readonly Step[], dead: readonly string[]): readonly Step[] {
  const { intent, placement } = session.record;
  const limits = limitsOf(session.environment.config);
  const goal = intent?.move.kind === "shift" ? placementAfter(placement, intent.move) : placement;
  const rest = new Steps(steps.reduce(afterStep, goal), true);
  const without = dead.filter((name) => !isServing(rest.at(name)));
  if (rest.serving().length > 0) coverAsFar(rest, { without }, capacityFloor(goal, limits), limits);
  return [...steps, ...rest.list];
}
