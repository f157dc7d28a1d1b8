/** Most moves need the API server of the member that they move. */
import type { MemberMove } from "../../stacks/record";
import type { Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { doing } from "../text/sentences";
import { isEvacuated, orEvacuate } from "./evacuated-member";
import { Stop } from "./interruptions";
import type { Session } from "./session";

/** Silent, not refusing. */
export const isDead = ({ members }: Observation, member: string): boolean =>
  members[member]?.reachable === false && members[member].refusal === undefined;

/** @throws Stop unless the member answers */
export function needsApi(session: Session, observation: Observation, move: MemberMove): void {
  const seen = observation.members[move.member];
  if (seen?.reachable) return;
  const { excused } = session.policy;
  const serving = session
    .serving()
    .filter((name) => name !== move.member)
    .filter((name) => healthOf(session.owners, observation, name, excused.sick) !== "unhealthy");
  // A refused login is about the caller: an evacuation would take a cluster that is well out of traffic.
  if (seen?.refusal !== undefined)
    throw new Stop(
      "EBG-KUBERNETES",
      `could not ${move.kind} ${move.member}: it can't be asked (${seen.problem}). Everything before it is done.`,
      `${seen.refusal}; then go on with: ${session.options.commandName}`,
    );
  throw new Stop(
    "EBG-MEMBER-UNREACHABLE",
    `could not ${move.kind} ${move.member}: its API server does not answer ` +
      `(${seen?.problem ?? "its stack has no outputs"})${serving.length > 0 ? `; ${doing(serving, "serve")} meanwhile` : ""}. ` +
      "Everything before it is done.",
    `bring ${move.member}'s API server back (aws eks describe-cluster), then go on with: ` +
      `${session.options.commandName}${["drain", "scale"].includes(move.kind) && (serving.length > 0 || session.policy.endsService) && !isEvacuated(session, move.member) ? orEvacuate(session, move.member) : ""}`,
  );
}
