/**
 * Which command a rollout belongs to: the same one goes on with it, another one is refused, `rollback` turns any
 * around.
 */
import { isDeepStrictEqual } from "node:util";
import {
  describeMove,
  holdVersion,
  servingMembers,
  turnBack,
  type Rollout,
  type Step,
  type EnvironmentRecord,
  type RolloutCommand,
} from "../../stacks/record";
import { DriverError } from "../errors";
import { probeProblem } from "../gates/peers";
import { baselineOf } from "../observation/baseline";
import { wasDead } from "../observation/dead-member";
import type { Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { sureDead } from "../rollout/goal-dies";
import { leftToDo, rememberLeftOut } from "../rollout/left-out";
import { inTraffic, type RolloutResult } from "../rollout/rollout";
import { withoutUpgrade } from "../rollout/what-leads-out";
import type { Session } from "../rollout/session";
import { evacuatedBy } from "./empty-instead";
import { leadsToWhatFailed } from "../planning/failed-before";
import { placementBefore, walkBack } from "../planning/walk-back";
import { moving } from "../planning/way-back";
import { outdatedMembers, settingsWanted } from "../planning/outdated";
import { afterStep } from "../planning/step-builder";
import { describeAsked, typed, withStack } from "../text/command-line";
import { heldRemedy, heldWhat } from "../text/held";

/** @throws EBG-ROLLOUT-UNDER-WAY, saying what, since when, how far, and by whom */
export function refuseOthers(
  { rollout, intent }: EnvironmentRecord,
  asked: RolloutCommand | null,
  environment: string,
): void {
  if (rollout === null || asked?.name === "rollback" || isDeepStrictEqual(rollout.command ?? null, asked)) return;
  const evacuated = evacuatedBy(rollout);
  const running = evacuated === null ? describeAsked(rollout.command ?? null) : `evacuate ${evacuated}`;
  // Back to a member that was dead is no way out of taking it out.
  const leaves = rollout.command?.name === "drain" && wasDead(rollout.baseline, rollout.command.member ?? "");
  const turns = evacuated === null && !leaves && rollout.command?.name !== "teardown";
  const where =
    intent === null
      ? `${rollout.done} of ${rollout.steps.length} steps are done`
      : `step ${intent.step + 1} of ${rollout.steps.length}, '${describeMove(intent.move)}', was ` +
        `begun by ${intent.by} at ${intent.startedAt}`;
  throw new DriverError(
    "EBG-ROLLOUT-UNDER-WAY",
    `'${running}' is under way since ` +
      `${rollout.startedAt}${rollout.direction === "back" ? " (walking back)" : ""}: ${where}. ` +
      `'${describeAsked(asked)}' was not begun`,
    `go on with it: eks-blue-green ${running} --stack ` +
      `${environment}${turns ? `; or turn it around: eks-blue-green rollback --stack ${environment}` : ""}`,
  );
}

/**
 * Those that would serve alone behind a way back are all in traffic already and sick, by what is seen now, and who leaves
 * is not. A way back to those that come in is asked of their own gates. @throws EBG-PLAN-IMPOSSIBLE
 */
function refuseSickGoal(session: Session, seen: Observation, steps: readonly Step[], { command }: Rollout): void {
  const now = session.serving();
  const end = servingMembers(steps.reduce(afterStep, session.record.placement));
  const health = (name: string): string => healthOf(session.owners, seen, name);
  // One whose drain is open comes in again by a move of its own.
  const comesIn = moving(steps, "admit");
  const stays = (name: string): boolean => now.includes(name) && !comesIn.includes(name);
  const sick = end.length > 0 && end.every((name) => stays(name) && health(name) === "unhealthy");
  const well = now.some((name) => !end.includes(name) && health(name) === "healthy");
  if (!sick || !well || probeProblem(seen, session.policy.excused) !== null) return;
  const { environment } = session.environment;
  throw new DriverError(
    "EBG-PLAN-IMPOSSIBLE",
    `${end.join(", ")} would serve alone, and most of its targets are not healthy; those that leave are, and requests ` +
      "are answered",
    `repair ${end.join(", ")} first: ${typed(environment, "status")}; or go on with: ` +
      typed(environment, describeAsked(command ?? null)),
  );
}

/**
 * Writes the way back of an `upgrade` or of planned work that goes forward; answers a stop when it destroys what nobody
 * approved of. @throws EBG-PLAN-IMPOSSIBLE when there is none
 */
export async function turnAround(
  session: Session,
  observation: Observation,
  asked?: { readonly reason: string; readonly givenUp: true },
): Promise<RolloutResult | null> {
  const { rollout } = session.record;
  if (rollout === null || rollout.direction === "back" || rollout.command?.name === "rollback") return null;
  const health = Object.fromEntries(
    session.present().map((name) => [name, healthOf(session.owners, observation, name, session.policy.excused.sick)]),
  );
  const found = walkBack(session.record, health, {
    requested: true,
    failing: probeProblem(observation, session.policy.excused) !== null,
    bakeSeconds: session.rules.bakeSeconds,
    dead: await sureDead(session, observation),
  });
  const way =
    (found.kind === "steps" ? leadsToWhatFailed(session.record, found.steps, observation.probes) : null) ?? found;
  // What the config says only turns what can be turned: the rollout goes on, up to where something would be destroyed.
  if (way.kind === "stay" && asked !== undefined) {
    session.options.emit({ kind: "note", message: `${asked.reason}, but ${way.why}` });
    return null;
  }
  if (way.kind === "stay")
    throw new DriverError(
      "EBG-PLAN-IMPOSSIBLE",
      `'${describeAsked(rollout.command ?? null)}' can't be turned around here: ${way.why}`,
      withStack(way.remedy, session.environment.environment),
    );
  if (asked === undefined) refuseSickGoal(session, observation, way.steps, rollout);
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
  const reason = asked?.reason ?? `rollback was asked for by ${session.caller.by}`;
  rememberLeftOut(session, way.steps);
  session.options.emit({ kind: "walk-back", code: "EBG-WALKED-BACK", message: reason, steps: way.steps });
  const before = placementBefore(session.record);
  const turned = turnBack(session.record, {
    reason,
    steps: way.steps,
    startedAt: session.isoNow(),
    ...session.caller.signature,
    turned: baselineOf(observation, session.owners, inTraffic(session)),
    asked: true,
    ...(asked === undefined ? {} : { givenUp: true as const }),
  });
  // Of an upgrade: else the next run of a pipeline, whose config still wants it, would silently do it again.
  const leaves = servingMembers(before).some((name) => before[name]?.version !== rollout.wantedVersion);
  const { config } = session.environment;
  const settings = leaves ? null : settingsWanted(outdatedMembers(config, session.environment, session.members));
  const hold = {
    version: rollout.wantedVersion,
    ...(settings === null ? {} : { settings }),
    at: session.isoNow(),
    ...session.caller.signature,
  };
  session.record =
    asked === undefined && rollout.command === undefined && (leaves || settings !== null)
      ? holdVersion(turned, hold)
      : turned;
  await session.writer.flush();
  return null;
}

/**
 * Walking back is what was asked for; what it leaves to do is named all the same, and what holds the version now.
 * `turnedAround`: false for a rollback that planned its own moves, whose walking back is no success.
 */
export function asAsked(session: Session, result: RolloutResult, turnedAround: boolean): RolloutResult {
  const { hold } = session.record;
  const held =
    hold == null ? [] : [`${heldWhat(hold)} is held from now on: ${heldRemedy(session.environment.environment, hold)}`];
  if (session.memory.turnedAgain) return result;
  if (turnedAround && result.outcome === "walked-back")
    return {
      ...result,
      outcome: "done",
      code: result.stillBad?.code ?? null,
      remedy:
        [
          ...(result.stillBad === undefined ? [] : [result.stillBad.remedy]),
          ...leftToDo(session).map((text) => (held.length > 0 ? withoutUpgrade(text) : text)),
          ...held,
        ].join("; ") || null,
      message: result.message.replace(/^walked back/, "rolled back"),
    };
  if (result.outcome !== "done" || held.length === 0) return result;
  return { ...result, remedy: [...(result.remedy === null ? [] : [result.remedy]), ...held].join("; ") };
}
