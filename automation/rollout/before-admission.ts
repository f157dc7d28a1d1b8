/** The wait for what the user's own program marks, before a member is let in. */
import type { MemberMove } from "../../stacks/record";
import { decideAwaited } from "../gates/before-admission";
import { plainLook, type Observation } from "../observation/observe";
import { kubectl } from "../text/kubectl";
import { GateFailed, Stop } from "./interruptions";
import { needsApi } from "./needs-api";
import type { Session } from "./session";
import { waitForGate } from "./wait-for-gate";

/**
 * Resolves when it is there and well. Nothing was moved yet, so when it does not come in time the rollout waits for a
 * person. On the way back traffic waits for nothing of it. @throws Stop
 */
export async function waitForAwaited(session: Session, index: number, move: MemberMove): Promise<void> {
  const { policy, tolerance, options, members } = session;
  const { kind, member } = move;
  const outputs = members[member];
  if (kind !== "admit" || policy.externalWorkloads === "nothing") return;
  if (outputs === undefined || (outputs.extension?.beforeAdmission ?? []).length === 0) return;
  const rules = { member, toleratedMs: tolerance.toleratedMs };
  let last = null as Observation | null;
  try {
    await waitForGate(session, {
      name: `what your program wants before admission is ready on ${member}`,
      index,
      wants: { ...plainLook, workload: true },
      decide: (seen, memory) => decideAwaited((last = seen), rules, memory),
    });
  } catch (error) {
    if (!(error instanceof GateFailed)) throw error;
    if (last !== null && error.reason === "api-server") needsApi(session, last, move);
    throw new Stop(
      "EBG-GATE",
      `${member} is not let in yet: ${error.message}`,
      `look at it (${kubectl(outputs.clusterName)} get events -A), repair it where it comes from, and let the driver ` +
        `read it (docs/reference/permissions.md); then go on with: ${options.commandName}`,
    );
  }
}
