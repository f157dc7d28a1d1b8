/** Requests that failed before, and that no gate judged for that reason: a command that ends says whether they still do. */
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import { plainLook } from "../observation/observe";
import { typed } from "../text/command-line";
import type { RolloutResult } from "./rollout";
import type { Session } from "./session";

const requests = 32;

/** Whether what was so before hides failures of some service's requests. */
export const hidesFailures = (session: Session): boolean =>
  !session.policy.endsService &&
  onePerPort(groupRefsOf(session.environment.loadBalancer.services)).some(
    ({ port }) => session.policy.excused.failing(port) > 0,
  );

/** The result with what is left to repair. */
export async function withWhatFails(session: Session, result: RolloutResult): Promise<RolloutResult> {
  const { probes } = await session.look({ ...plainLook, probes: requests });
  const failing = Object.entries(probes).filter(([, { failed }]) => failed > 0);
  if (failing.length === 0) return result;
  const what = failing.map(
    ([key, { sent, failed, firstFailure }]) => `${failed} of ${sent} to '${key}' (${firstFailure ?? "no answer"})`,
  );
  const remedy = `repair the service: ${typed(session.environment.environment, "status")}`;
  return {
    ...result,
    message: `${result.message}; requests failed before, and still do: ${what.join(", ")}`,
    remedy: result.remedy === null || result.remedy === "" ? remedy : `${remedy}; ${result.remedy}`,
  };
}
