/** Bindings come and go by the member's own load balancer controller. */
import { controllerRuns } from "../observation/controller";
import type { Observation } from "../observation/observe";
import type { MemberMove } from "../../stacks/record";
import { kubectl } from "../text/kubectl";
import { isEvacuated, orEvacuate } from "./evacuated-member";
import { betweenLooks, Stop } from "./interruptions";
import type { Session } from "./session";

const isDown = ({ members }: Observation, member: string): boolean => {
  const controller = members[member]?.controller ?? null;
  return controller !== null && !controllerRuns(controller);
};

/**
 * On the way back the attempt of an admit itself decides: one that can't come in is no reason to stop half-way. What was
 * begun before goes on.
 */
export function needsController(session: Session, { kind, member }: MemberMove, resumed: boolean): boolean {
  if (kind === "drain") return !resumed || isEvacuated(session, member);
  return kind === "admit" && !resumed && session.record.rollout?.direction === "forward";
}

/** A pod that starts anew is back within the minute: the newest look, in which it runs, or has not for that long. */
export async function untilControllerRuns(
  session: Session,
  member: string,
  first: Observation,
  look: () => Promise<Observation>,
): Promise<Observation> {
  const { clock } = session.ports;
  const end = clock.now() + Math.max(clock.scaled(60), 6000);
  let seen = first;
  while (isDown(seen, member) && clock.now() < end) {
    await betweenLooks(session);
    seen = await look();
  }
  return seen;
}

/** @throws Stop while it does not run */
export function assertControllerRuns(session: Session, observation: Observation, { kind, member }: MemberMove): void {
  const seen = observation.members[member];
  if (seen === undefined || !isDown(observation, member)) return;
  throw new Stop(
    "EBG-PREFLIGHT",
    `could not ${kind} ${member}: its load balancer controller does not run (${seen.controller?.message ?? ""}). ` +
      "Everything before it is done.",
    `make it run (${kubectl(seen.clusterName)} get deployments -A), then go on with: ${session.options.commandName}` +
      (kind === "drain" ? orEvacuate(session, member) : ""),
  );
}
