/** A wait for something that must be on a member before it is let in. */
import type { MemberMove } from "../../stacks/record";
import { plainLook, type Observation } from "../observation/observe";
import { GateFailed, Stop } from "./interruptions";
import { needsApi } from "./needs-api";
import type { Session } from "./session";
import { waitForGate, type Gate } from "./wait-for-gate";

/**
 * Resolves when it is there, with the last look. Nothing was moved yet, and nothing that is moved back would bring it:
 * when it does not come in time the rollout waits for a person, and the same command goes on. @throws Stop
 */
export async function waitToLetIn(
  session: Session,
  index: number,
  move: MemberMove,
  { name, decide }: Pick<Gate, "name" | "decide">,
  remedyOf: (failure: GateFailed, last: Observation | null) => string,
): Promise<Observation | null> {
  let last = null as Observation | null;
  try {
    await waitForGate(session, {
      name,
      index,
      wants: { ...plainLook, workload: true },
      decide: (seen, memory) => decide((last = seen), memory),
    });
  } catch (error) {
    if (!(error instanceof GateFailed)) throw error;
    if (last !== null && error.reason === "api-server") needsApi(session, last, move);
    throw new Stop("EBG-GATE", `${move.member} is not let in yet: ${error.message}`, remedyOf(error, last));
  }
  return last;
}
