/** What a gate asks of each look at the world. */
import { plainLook, type Wants } from "../observation/observe";
import type { Session } from "./session";

const probesPerRound = 4;

/** More requests where some failed before: then shares are compared. */
export function looksOf(
  session: Session,
): Readonly<Record<"infrastructure" | "serving" | "workload" | "resized", Wants>> {
  const probes = session.policy.requests(probesPerRound);
  return {
    infrastructure: { ...plainLook, infrastructure: true, workload: true },
    serving: { ...plainLook, probes },
    workload: { ...plainLook, workload: true },
    resized: { ...plainLook, infrastructure: true, workload: true, probes },
  };
}
