/** The look at the credentials of workloads' own roles: after a member was made, and before it is let in. */
import type { MemberMove } from "../../stacks/record";
import { DriverError } from "../errors";
import { GateFailed, Stop, stopRequested } from "./interruptions";
import { proveIdentities } from "./prove-identities";
import type { Session } from "./session";

/** @throws GateFailed, Stop */
export async function proveCredentials(session: Session, index: number, name: string): Promise<void> {
  const member = session.members[name];
  if (member === undefined) return;
  const { emit, stop, commandName } = session.options;
  try {
    await proveIdentities(session.ports, member, {
      token: `${session.record.revision}-${index}-identity`,
      stop,
      stopped: () => stopRequested(commandName),
      tell: (status, reason, message, remedy) =>
        emit({ kind: "gate", index, gate: `${name}'s pods have credentials`, status, reason, message, remedy }),
    });
  } catch (error) {
    if (error instanceof DriverError && error.code === "EBG-GATE")
      throw new GateFailed("EBG-GATE", error.message, error.remedy);
    throw error;
  }
}

/**
 * A member may have stood by for long: its association may be gone, or its pods are others than those that were looked
 * at when it was made. They are rolled once, out of traffic. On the way back traffic waits for nothing of it. @throws Stop
 */
export async function waitForCredentials(session: Session, index: number, move: MemberMove): Promise<void> {
  const { kind, member } = move;
  if (kind !== "admit" || session.policy.externalWorkloads === "nothing") return;
  try {
    await proveCredentials(session, index, member);
  } catch (error) {
    if (!(error instanceof GateFailed)) throw error;
    throw new Stop(
      "EBG-GATE",
      `${member} is not let in yet: ${error.message}`,
      `${error.remedy}: ${session.options.commandName}`,
    );
  }
}
