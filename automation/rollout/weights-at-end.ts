/** Of weighted traffic: whether AWS has the record's weights when a command ends. No gate of the last moves asks for them. */
import { isWeighted } from "../../stacks/record";
import { plainLook } from "../observation/observe";
import { weightFindings } from "../preflight/weights";
import type { RolloutResult } from "./rollout";
import type { Session } from "./session";

const joined = (...parts: readonly (string | null | undefined)[]): string =>
  parts.filter((text) => text != null && text !== "").join("; ");

/** What somebody changed meanwhile is named. What AWS does not tell is no sign of it. One that is done is no success then. */
export async function withWeights(session: Session, end: RolloutResult): Promise<RolloutResult> {
  const { record, environment } = session;
  if (!isWeighted(record.placement) || session.policy.endsService) return end;
  const seen = await session.look({ ...plainLook, weights: true });
  const drift = weightFindings(seen, record, environment.environment).filter(({ code }) => code === "EBG-DRIFT");
  const [first] = drift;
  if (first === undefined) return end;
  const remedy = first.remedy ?? "";
  return {
    ...end,
    code: end.outcome === "done" ? "EBG-DRIFT" : end.code,
    stillBad: { code: "EBG-DRIFT", remedy: joined(remedy, end.stillBad?.remedy) },
    message: `${end.message}; ${drift.map(({ message }) => message).join("; ")}`,
    remedy: joined(remedy, end.remedy),
  };
}
