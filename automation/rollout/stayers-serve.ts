/** Before a member is destroyed, which may be the way back: those that stay must serve. */
import { isUpgrade } from "../planning/step-builder";
import { probeProblem } from "../gates/peers";
import { healthOf } from "../observation/target-owners";
import { plainLook, type Observation } from "../observation/observe";
import { typed } from "../text/command-line";
import type { Session } from "./session";
import { isEvacuated } from "./evacuated-member";
import { betweenLooks, Stop } from "./interruptions";
import { toldLook } from "./told-look";

/** One round must find out a member that answers only some requests with errors. */
const requests = 32;

/** What keeps those that stay from serving; null: they serve. What was so before the rollout is not its doing. */
function problemOf(session: Session, seen: Observation, stayers: readonly string[]): string | null {
  const { excused } = session.policy;
  const health = (name: string): string => healthOf(session.owners, seen, name, excused.sick);
  const bad = stayers.filter((name) => health(name) !== "healthy");
  if (bad.length > 0) return bad.map((name) => `${name} is ${health(name)}`).join(", ");
  const failing = probeProblem(seen, excused);
  return failing?.message ?? null;
}

/**
 * Approval says that the member may go, not that the others are well by then.
 * @throws Stop when they are not, for as long as anything may look bad, or when AWS does not tell
 */
export async function stayersServe(session: Session, member: string): Promise<void> {
  const stayers = session.serving().filter((name) => name !== member);
  const { clock } = session.ports;
  let end = Number.POSITIVE_INFINITY;
  for (;;) {
    // What AWS did not tell is no sign that somebody does not serve.
    const seen = await toldLook(session, { ...plainLook, probes: requests }, `${member} is not destroyed`);
    end = Math.min(end, clock.now() + Math.max(clock.scaled(60), 6000));
    const problem = stayers.length === 0 ? "nobody else is in traffic" : problemOf(session, seen, stayers);
    if (problem === null) return;
    if (clock.now() >= end) throw notDestroyed(session, member, problem);
    await betweenLooks(session);
  }
}

function notDestroyed(session: Session, member: string, problem: string): Stop {
  const { rollout } = session.record;
  const name = session.environment.environment;
  // One that was brought in anew, or out of order, has nothing to go back to.
  const back = rollout?.direction === "forward" && isUpgrade(rollout) && !isEvacuated(session, member);
  return new Stop(
    "EBG-GATE",
    `${member} is not destroyed while those that stay don't serve: ${problem}`,
    // Clients get no answers meanwhile: what brings them back comes first.
    (back ? `bring ${member} back: ${typed(name, "rollback")}; or ` : "") +
      `repair that (eks-blue-green status shows more), then go on with: ${session.options.commandName}`,
  );
}
