/** A look that tells every target group: one that AWS did not tell would be taken for an empty one. */
import { listing } from "../gates/gate-result";
import type { Observation, Wants } from "../observation/observe";
import { betweenLooks, Stop } from "./interruptions";
import type { Session } from "./session";

/** Ten seconds apart. */
const mostLooks = 30;

/**
 * `what` was not done. `withoutWeights`: the look is good enough when AWS tells the targets, because the weights are
 * written anew whatever they are. @throws Stop when AWS does not tell for five minutes
 */
export async function toldLook(
  session: Session,
  wants: Wants,
  what: string,
  { withoutWeights = false }: { readonly withoutWeights?: boolean } = {},
): Promise<Observation> {
  for (let looked = 1; ; looked += 1) {
    const observation = await session.look(wants);
    const groups = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
    const untold = [
      ...(groups.length > 0 ? [`the targets of ${listing(groups)}`] : []),
      ...(observation.weights === null && !withoutWeights ? ["the weights of the members' target groups"] : []),
    ];
    if (untold.length === 0) return observation;
    if (looked >= mostLooks)
      throw new Stop(
        "EBG-AWS",
        `${what}: AWS did not tell ${untold.join(", and ")} (${listing(observation.problems, 1)})`,
        `wait until it does, then go on with: ${session.options.commandName}`,
      );
    await betweenLooks(session);
  }
}
