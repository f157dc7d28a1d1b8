/** What a rollout says that ended when a member in it was dead: where traffic is weighted its share went to the others. */
import { isServing, isShiftStep, isWeighted, type Rollout } from "../../stacks/record";
import { typed } from "../text/command-line";
import { doing } from "../text/sentences";
import type { Session } from "./session";

/** Without where traffic is. Null: it did not end so. */
export function givenToTheOthers(
  session: Session,
  { cut, direction, steps, erring = [] }: Rollout,
): { readonly what: string; readonly remedy: string } | null {
  const { placement } = session.record;
  if (cut !== true || direction !== "forward" || !isShiftStep(steps.at(-1))) return null;
  const idle = isWeighted(placement) ? session.active().filter((name) => !isServing(placement[name])) : [];
  if (idle.length === 0) return null;
  const drains = idle.map((name) => typed(session.environment.environment, `drain ${name}`));
  const why = idle.every((name) => erring.includes(name))
    ? `${doing(idle, "answer")} with errors`
    : `${doing(idle, "serve")} nobody any more`;
  return {
    what: `${why}, so all requests were given to the others in one shift, and what was ` + "planned ends there",
    remedy: `take it out: ${drains.join("; ")}; then plan the rest anew: ${session.options.commandName}`,
  };
}
