/** What a gate asks of each look at the world. */
import { placementAfter } from "../../stacks/record";
import { plainLook, type Wants } from "../observation/observe";
import type { Session } from "./session";
import { requestsToReachAll } from "./shift-rules";

const probesPerRound = 4;

/** Shares as they are, or as an open shift makes them. */
function requestsForShares({ record: { placement, intent } }: Session): number {
  return requestsToReachAll(intent?.move.kind === "shift" ? placementAfter(placement, intent.move) : placement);
}

/** More requests where some failed before, because then shares are compared, and where a member has a small share. */
export function looksOf(
  session: Session,
): Readonly<Record<"infrastructure" | "serving" | "workload" | "resized", Wants>> {
  const probes = Math.max(session.policy.requests(probesPerRound), requestsForShares(session));
  return {
    infrastructure: { ...plainLook, infrastructure: true, workload: true },
    serving: { ...plainLook, probes },
    workload: { ...plainLook, workload: true },
    resized: { ...plainLook, infrastructure: true, workload: true, probes },
  };
}
