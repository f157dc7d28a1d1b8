/** The record has what is asked for. Whether what it says of traffic is so is looked at: nothing else would say it. */
import type { Observation } from "../observation/observe";
import { bringIn } from "../planning/step-builder";
import type { RolloutResult } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { lookAtServing, outOfTheSick, whomToTakeOut } from "../rollout/what-leads-out";
import { describeAsked, typed } from "../text/command-line";
import type { Asked } from "./upgrade";

/** What leads out: who is sick leaves when others are well; else somebody else comes in. */
function remedyFor(session: Session, observation: Observation, asked: Asked): string {
  const { environment } = session.environment;
  const look = `look at all of it: ${typed(environment, "verify")}`;
  const sick = outOfTheSick(session, observation);
  if (sick !== null) return `${sick}; ${look}`;
  const whom = whomToTakeOut(session, asked, observation);
  return `${whom === "" ? bringIn(session.record.placement, [session.serving()[0] ?? ""]) : whom}; ${look}`;
}

/** With a code when something is wrong: then the command ends with exit code 9, though there is nothing to do. */
export async function nothingToDo(session: Session, asked: Asked): Promise<RolloutResult> {
  const said =
    asked === null
      ? `every active member runs ${session.environment.config.kubernetesVersion}`
      : `${describeAsked(asked)}: it is so already`;
  const { observation, problem } = await lookAtServing(session);
  const result = { outcome: "nothing-to-do", placement: session.record.placement } as const;
  if (problem === null) return { ...result, code: null, message: said, remedy: null };
  return {
    ...result,
    code: "EBG-GATE",
    message: `${said} by the record, but not all is well: ${problem.message}`,
    remedy: remedyFor(session, observation, asked),
  };
}
