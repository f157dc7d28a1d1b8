/** Requests that failed before, and that no gate judged for that reason: a command that ends says whether they still do. */
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import type { RolloutCommand } from "../../stacks/record";
import { plainLook } from "../observation/observe";
import { typed } from "../text/command-line";
import type { RolloutResult } from "./rollout";
import { outOfTheSick } from "./what-leads-out";
import type { Session } from "./session";

const requests = 32;

/** Whether what was so before hides failures of some service's requests. */
export const hidesFailures = (session: Session): boolean =>
  !session.policy.endsService &&
  onePerPort(groupRefsOf(session.environment.loadBalancer.services)).some(
    ({ port }) => session.policy.excused.failing(port) > 0,
  );

/**
 * Which of several in traffic answers with errors nobody can tell through the load balancer; in their own logs people
 * can. Whoever was there before an admit comes first. Empty: nobody could be taken out.
 */
export function whomToTakeOut(session: Session, asked: RolloutCommand | null): string {
  const serving = session.serving();
  if (serving.length < 2) return "";
  const last = asked?.name === "admit" ? asked.member : null;
  return [...serving.filter((name) => name !== last), ...serving.filter((name) => name === last)]
    .map(
      (name) =>
        `if ${name} answers with errors, take it out: ${typed(session.environment.environment, `drain ${name}`)}`,
    )
    .join("; ");
}

/** The result with what is left to repair. One that is done is no success then. */
export async function withWhatFails(
  session: Session,
  result: RolloutResult,
  asked: RolloutCommand | null = null,
): Promise<RolloutResult> {
  const observation = await session.look({ ...plainLook, probes: requests });
  const { probes } = observation;
  const failing = Object.entries(probes).filter(([, { failed }]) => failed > 0);
  if (failing.length === 0) return result;
  const what = failing.map(
    ([key, { sent, failed, firstFailure }]) => `${failed} of ${sent} to '${key}' (${firstFailure ?? "no answer"})`,
  );
  // Who is sick is no riddle.
  const sick = outOfTheSick(session, observation);
  const known = sick !== null && result.remedy?.includes(sick) === true;
  const whom = known ? "" : (sick ?? whomToTakeOut(session, asked));
  const remedy =
    `${whom === "" ? "" : `${whom}; `}repair the service: ` + typed(session.environment.environment, "status");
  return {
    ...result,
    code: result.outcome === "done" ? "EBG-GATE" : result.code,
    requestsFail: true,
    message: `${result.message}; requests failed before, and still do: ${what.join(", ")}`,
    remedy: [...(known ? [result.remedy, remedy] : [remedy, result.remedy])]
      .filter((text) => text !== null && text !== "")
      .join("; "),
  };
}
