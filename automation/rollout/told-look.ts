/** A look that tells every target group: one that AWS did not tell would be taken for an empty one. */
import { listing } from "../gates/gate-result";
import type { Observation, Wants } from "../observation/observe";
import { Stop, stopRequested } from "./interruptions";
import type { Session } from "./session";

/** Ten seconds apart. */
const mostLooks = 30;

/** `what` was not done. @throws Stop when AWS does not tell for five minutes */
export async function toldLook(session: Session, wants: Wants, what: string): Promise<Observation> {
  const { clock } = session.ports;
  const { stop, commandName } = session.options;
  for (let looked = 1; ; looked += 1) {
    const observation = await session.look(wants);
    const untold = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
    if (untold.length === 0) return observation;
    if (looked >= mostLooks)
      throw new Stop(
        "EBG-AWS",
        `${what}: AWS did not tell the targets of ${listing(untold)} (${listing(observation.problems, 1)})`,
        `wait until it does, then go on with: ${commandName}`,
      );
    await clock.sleep(Math.max(clock.scaled(10), 1000), stop);
    if (stop.aborted) throw stopRequested(commandName);
  }
}
