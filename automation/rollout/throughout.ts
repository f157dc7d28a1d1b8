/** What is seen in one look, and in all those that follow for half a minute. */
import { plainLook, type Observation } from "../observation/observe";
import { betweenLooks } from "./interruptions";
import type { Session } from "./session";

/** Those that are found in every look of the time that anything may look bad for. @throws Stop */
export async function throughout(
  session: Session,
  first: Observation,
  found: (observation: Observation) => readonly string[],
): Promise<string[]> {
  const { clock } = session.ports;
  let left = [...found(first)];
  for (const sure = clock.now() + session.waits.shortMs; left.length > 0 && clock.now() < sure;) {
    await betweenLooks(session);
    const seen = found(await session.look(plainLook));
    left = left.filter((name) => seen.includes(name));
  }
  return left;
}
