/**
 * Which command a rollout belongs to: the same one goes on with it, another one is refused, `rollback` turns any
 * around.
 */
import { isDeepStrictEqual } from "node:util";
import { turnBack, type EnvironmentRecord, type RolloutCommand } from "../../stacks/record";
import { DriverError } from "../errors";
import type { Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { leftToDo, rememberLeftOut, type RolloutResult } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { walkBack } from "../planning/walk-back";

/** As typed: `scale green --percent 200`. */
export function describeAsked(asked: RolloutCommand | null): string {
  if (asked === null) return "upgrade";
  return [
    asked.name,
    ...(asked.member === null ? [] : [asked.member]),
    ...(asked.percent === null ? [] : ["--percent", asked.percent]),
  ].join(" ");
}

/** @throws EBG-ROLLOUT-UNDER-WAY, saying what, since when, how far, and by whom */
export function refuseOthers(
  { rollout, intent }: EnvironmentRecord,
  asked: RolloutCommand | null,
  environment: string,
): void {
  if (rollout === null || asked?.name === "rollback" || isDeepStrictEqual(rollout.command ?? null, asked)) return;
  const running = describeAsked(rollout.command ?? null);
  const where =
    intent === null
      ? `${rollout.done} of ${rollout.steps.length} steps are done`
      : `step ${intent.step + 1} of ${rollout.steps.length}, '${intent.move.kind} ${intent.move.member}', was ` +
        `begun by ${intent.by} at ${intent.startedAt}`;
  throw new DriverError(
    "EBG-ROLLOUT-UNDER-WAY",
    `'${running}' is under way since ` +
      `${rollout.startedAt}${rollout.direction === "back" ? " (walking back)" : ""}: ${where}. ` +
      `'${describeAsked(asked)}' was not begun`,
    `go on with it: eks-blue-green ${running} --stack ` +
      `${environment}${rollout.command?.name === "teardown" ? "" : `; or turn it around: eks-blue-green rollback --stack ${environment}`}`,
  );
}

/**
 * Writes the way back of an `upgrade` or of planned work that goes forward; answers a stop when it destroys what nobody
 * approved of. @throws EBG-PLAN-IMPOSSIBLE when there is none
 */
export async function turnAround(session: Session, observation: Observation): Promise<RolloutResult | null> {
  const { rollout } = session.record;
  if (rollout === null || rollout.direction === "back" || rollout.command?.name === "rollback") return null;
  const health = Object.fromEntries(
    session.present().map((name) => [name, healthOf(session.owners, observation, name)]),
  );
  const way = walkBack(session.record, health, { requested: true });
  if (way.kind === "stay")
    throw new DriverError(
      "EBG-PLAN-IMPOSSIBLE",
      `'${describeAsked(rollout.command ?? null)}' can't be turned around here: ${way.why}`,
      way.remedy,
    );
  const doomed = way.steps.flatMap((step) => (step.type === "move" && step.kind === "retire" ? [step.member] : []));
  for (const member of doomed) {
    if (
      session.foreign[member] !== undefined ||
      session.rules.retire === "automatic" ||
      (await session.options.approveRetire(member))
    )
      continue;
    return {
      outcome: "stopped",
      placement: session.record.placement,
      code: "EBG-STOPPED",
      message: `going back destroys the half-made ${member}, which needs approval; nothing was done`,
      remedy: `${session.options.commandName} --approve-retire`,
    };
  }
  const reason = `rollback was asked for by ${session.by}`;
  rememberLeftOut(session, way.steps);
  session.options.emit({ kind: "walk-back", code: "EBG-WALKED-BACK", message: reason, steps: way.steps });
  session.record = turnBack(session.record, { reason, steps: way.steps, startedAt: session.isoNow(), by: session.by });
  await session.flush();
  return null;
}

/** Walking back is what was asked for; what it leaves to do is named all the same. */
export const asAsked = (session: Session, result: RolloutResult): RolloutResult =>
  result.outcome === "walked-back"
    ? {
        ...result,
        outcome: "done",
        code: null,
        remedy: leftToDo(session).join("; ") || null,
        message: result.message.replace(/^walked back/, "rolled back"),
      }
    : result;
