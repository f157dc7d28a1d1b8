/** Requests that failed before, and that no gate judged for that reason: a command that ends says whether they still do. */
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import { isServing, type Rollout, type RolloutCommand } from "../../stacks/record";
import { plainLook, type Observation } from "../observation/observe";
import { typed } from "../text/command-line";
import type { RolloutResult } from "./rollout";
import { outOfTheSick, whomToTakeOut } from "./what-leads-out";
import type { Session } from "./session";

/** Of a drain more: that nothing is answered without the member is to be no chance. */
const requestsBehind = (command: RolloutCommand | null): number => (command?.name === "drain" ? 64 : 32);

/** Whether what was so before hides failures of some service's requests. */
export const hidesFailures = (session: Session): boolean =>
  !session.policy.endsService &&
  onePerPort(groupRefsOf(session.environment.loadBalancer.services)).some(
    ({ port }) => session.policy.excused.failing(port) > 0,
  );

/** Not one request of some service is answered any more, and the one that was taken out may have been who did it. */
function nobodyAnswersWithout(
  { environment: { environment } }: Session,
  result: RolloutResult,
  { command, baseline }: Partial<Pick<Rollout, "command" | "baseline">>,
  probes: Observation["probes"],
): RolloutResult | null {
  const member = command?.name === "drain" ? command.member : null;
  const silent = Object.entries(probes).flatMap(([key, { sent, failed }]) => {
    const before = baseline?.requests[key];
    return failed === sent && before !== undefined && before.failed < before.sent ? [`'${key}'`] : [];
  });
  if (member === null || result.outcome !== "done" || silent.length === 0) return null;
  return {
    ...result,
    outcome: "failed",
    code: "EBG-GATE",
    requestsFail: true,
    message: `${result.message}; not one request to ${silent.join(", ")} is answered without ${member}, and some were before`,
    remedy: `bring it back: ${typed(environment, `admit ${member}`)}`,
  };
}

/** Another one that is there may answer what the only one that serves does not. Empty: nobody is there. */
function whomToBringIn({ record: { placement }, environment: { environment } }: Session): string {
  const other = Object.keys(placement).find(
    (name) =>
      placement[name]?.role !== "absent" && !isServing(placement[name]) && placement[name]?.evacuated === undefined,
  );
  if (other === undefined) return "";
  return `if ${other} would answer them, bring it in: ${typed(environment, `admit ${other}`)}`;
}

/** The result with what is left to repair. One that is done is no success then. */
export async function withWhatFails(
  session: Session,
  result: RolloutResult,
  finished: Partial<Pick<Rollout, "command" | "baseline">> = {},
): Promise<RolloutResult> {
  const asked = finished.command ?? null;
  const observation = await session.look({ ...plainLook, probes: requestsBehind(asked) });
  const { probes } = observation;
  const failing = Object.entries(probes).filter(([, { failed }]) => failed > 0);
  if (failing.length === 0) return result;
  const wrong = nobodyAnswersWithout(session, result, finished, probes);
  if (wrong !== null) return wrong;
  const what = failing.map(
    ([key, { sent, failed, firstFailure }]) => `${failed} of ${sent} to '${key}' (${firstFailure ?? "no answer"})`,
  );
  // Who is sick is no riddle.
  const sick = outOfTheSick(session, observation);
  const known = sick !== null && result.remedy?.includes(sick) === true;
  const whom = known ? "" : (sick ?? (whomToTakeOut(session, asked, observation) || whomToBringIn(session)));
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
