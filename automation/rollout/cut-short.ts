/** What a rollout says that ended when a member in it was dead: where traffic is weighted its share went to the others. */
import { isBound, isServing, isShiftStep, isWeighted, type Rollout } from "../../stacks/record";
import { emptiedBy } from "../planning/shares";
import { typed } from "../text/command-line";
import { doing } from "../text/sentences";
import type { Session } from "./session";

/** What is left to do behind an admit that took all requests from members that were dead. null: nothing. */
export function leavesTheDead(
  { record: { placement }, environment }: Session,
  { command, steps }: Rollout,
): string | null {
  if (command?.name !== "admit") return null;
  const emptied = emptiedBy(steps).filter((name) => isBound(placement[name]) && !isServing(placement[name]));
  if (emptied.length === 0) return null;
  const drains = emptied.map((name) => typed(environment.environment, `drain ${name}`));
  return `${doing(emptied, "get")} no requests any more, and can be taken out: ${drains.join("; ")}`;
}

/** Without where traffic is. Null: it did not end so. */
export function givenToTheOthers(
  session: Session,
  { cut, direction, steps }: Rollout,
): { readonly what: string; readonly remedy: string } | null {
  const { placement } = session.record;
  if (cut !== true || direction !== "forward" || !isShiftStep(steps.at(-1))) return null;
  const idle = isWeighted(placement) ? session.active().filter((name) => !isServing(placement[name])) : [];
  if (idle.length === 0) return null;
  const drains = idle.map((name) => typed(session.environment.environment, `drain ${name}`));
  return {
    what:
      `${doing(idle, "serve")} nobody any more, so all requests were given to the others in one shift, and what was ` +
      "planned ends there",
    remedy: `take it out: ${drains.join("; ")}; then plan the rest anew: ${session.options.commandName}`,
  };
}
