/** Requests that failed before, and that no gate judged for that reason: a command that ends says whether they still do. */
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import type { RolloutCommand } from "../../stacks/record";
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

/**
 * Who was brought in because others fail stays in traffic beside them: which of them answers with errors nobody can tell
 * from outside. Empty: nobody was, or nobody else is in traffic.
 */
export function takeOutTheOthers(session: Session, asked: RolloutCommand | null): string {
  const others = asked?.name === "admit" ? session.serving().filter((name) => name !== asked.member) : [];
  const drains = others.map((name) => typed(session.environment.environment, `drain ${name}`));
  return others.length === 0 ? "" : `if ${others.join(" or ")} still fails, take it out: ${drains.join("; ")}`;
}

/** The result with what is left to repair. One that is done is no success then. */
export async function withWhatFails(
  session: Session,
  result: RolloutResult,
  asked: RolloutCommand | null = null,
): Promise<RolloutResult> {
  const { probes } = await session.look({ ...plainLook, probes: requests });
  const failing = Object.entries(probes).filter(([, { failed }]) => failed > 0);
  if (failing.length === 0) return result;
  const what = failing.map(
    ([key, { sent, failed, firstFailure }]) => `${failed} of ${sent} to '${key}' (${firstFailure ?? "no answer"})`,
  );
  const others = takeOutTheOthers(session, asked);
  const remedy =
    `${others === "" ? "" : `${others}; `}repair the service: ` + typed(session.environment.environment, "status");
  return {
    ...result,
    code: result.outcome === "done" ? "EBG-GATE" : result.code,
    requestsFail: true,
    message: `${result.message}; requests failed before, and still do: ${what.join(", ")}`,
    remedy: result.remedy === null || result.remedy === "" ? remedy : `${remedy}; ${result.remedy}`,
  };
}
