/**
 * Requests that failed before, or members that were sick, and that no gate judged for that reason: a command that ends
 * says whether it is still so.
 */
import { groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import { isServing, type Rollout, type RolloutCommand } from "../../stacks/record";
import { healthOf } from "../observation/target-owners";
import { isUpgrade } from "../planning/step-builder";
import { plainLook, type Observation } from "../observation/observe";
import { typed } from "../text/command-line";
import type { RolloutResult } from "./rollout";
import { outOfTheSick, whomToTakeOut } from "./what-leads-out";
import type { Session } from "./session";

/** Of a drain more: that nothing is answered without the member is to be no chance. */
const requestsBehind = (command: RolloutCommand | null): number => (command?.name === "drain" ? 64 : 32);

/** Whether what was so before hides failures of some service's requests, or of a member that serves. */
export function hidesFailures(session: Session): boolean {
  const { policy, environment, record } = session;
  if (policy.endsService) return false;
  const groups = groupRefsOf(environment.loadBalancer.services);
  return (
    onePerPort(groups).some(({ port }) => policy.excused.failing(port) > 0) ||
    (record.rollout !== null &&
      isUpgrade(record.rollout) &&
      session.serving().some((member) => Object.keys(groups).some((key) => policy.excused.dead(member, key))))
  );
}

/** An upgrade is not done while a member that it leaves in traffic serves nobody. */
function withTheSick(session: Session, result: RolloutResult, rollout: Partial<Rollout>, seen: Observation) {
  const sick = outOfTheSick(session, seen);
  const ended = result.outcome === "done" || result.outcome === "walked-back";
  if (!ended || sick === null || !isUpgrade(rollout)) return result;
  const health = (name: string): string => healthOf(session.owners, seen, name);
  const names = session.serving().filter((name) => health(name) === "unhealthy");
  if (names.length === 0) return result;
  return {
    ...result,
    code: result.outcome === "done" ? ("EBG-GATE" as const) : result.code,
    stillBad: { code: "EBG-GATE" as const, remedy: sick },
    message: `${result.message}; not well before, and still not: ${names.join(", ")}`,
    remedy: [result.remedy?.includes(sick) === true ? "" : sick, result.remedy]
      .filter((text) => text !== null && text !== "")
      .join("; "),
  };
}

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
    stillBad: { code: "EBG-GATE", remedy: `bring it back: ${typed(environment, `admit ${member}`)}` },
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
  if (failing.length === 0) return withTheSick(session, result, finished, observation);
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
    stillBad: { code: "EBG-GATE", remedy },
    message: `${result.message}; requests failed before, and still do: ${what.join(", ")}`,
    remedy: [...(known ? [result.remedy, remedy] : [remedy, result.remedy])]
      .filter((text) => text !== null && text !== "")
      .join("; "),
  };
}
