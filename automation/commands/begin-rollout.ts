/** The rollout of a command: a new one is written down, or the one of the record is gone on with, or turned around. */
import {
  compareVersions,
  heldBack,
  holdVersion,
  isServing,
  liftHold,
  servingMembers,
  startRollout,
  turnBack,
  type EnvironmentRecord,
  type Step,
} from "../../stacks/record";
import { stopsWorkloads } from "../../stacks/config/target-groups";
import { baselineOf } from "../observation/baseline";
import type { Observation } from "../observation/observe";
import { abandon, beganAt } from "../planning/cancel-rollout";
import type { RolloutResult } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { outdatedMembers, settingsWanted } from "../planning/outdated";
import { heldRemedy, heldWhat } from "../text/held";
import { turnAround } from "./resume";
import type { Asked } from "./upgrade";

/**
 * An upgrade to a version that somebody rolled back does not begin by itself again (docs/decisions/0011): a stop, with
 * what lifts the hold. Null: nothing holds it; a hold that no longer holds is taken out of the record.
 */
export async function heldUpgrade(
  session: Session,
  wantedVersion: string,
  retryVersion: boolean,
): Promise<RolloutResult | null> {
  const { record, environment } = session;
  if (record.hold == null || record.rollout !== null) return null;
  const settings = settingsWanted(outdatedMembers(environment.config, environment, session.members));
  const hold = retryVersion ? null : heldBack(record, { version: wantedVersion, settings });
  if (hold === null) {
    session.options.emit({
      kind: "note",
      message:
        `${heldWhat(record.hold)} was rolled back at ${record.hold.at}; it is held no longer` +
        (retryVersion ? ": it is tried again, as asked" : ""),
    });
    session.record = { ...liftHold(record), revision: record.revision + 1 };
    return null;
  }
  return {
    outcome: "stopped",
    placement: record.placement,
    code: "EBG-HELD",
    message: `${heldWhat(hold)} was rolled back at ${hold.at} by ${hold.by}, so it is not tried again by itself`,
    remedy: heldRemedy(environment.environment, hold),
  };
}

/**
 * Gives up a rollout whose config was set back before it moved traffic: the way back is written into the record like
 * any other, so a
 * kill in its middle is resumed. What it destroys needs the same approval as `retire`.
 */
async function giveUp(
  session: Session,
  wantedVersion: string,
  goingTo: string,
  observation: Observation,
): Promise<RolloutResult | null> {
  const { emit, commandName, approveRetire } = session.options;
  const way = abandon(session.record, wantedVersion, stopsWorkloads(session.environment.config));
  if (way.kind === "no") {
    if (beganAt(session.record, wantedVersion)) {
      const reason = `the config wants ${wantedVersion} again`;
      const turned = await turnAround(session, observation, { reason, givenUp: true });
      if (turned !== null || session.record.rollout?.direction === "back") return turned;
    }
    if (session.record.rollout?.direction === "forward")
      emit({
        kind: "note",
        message:
          `the config wants ${wantedVersion}, but a rollout to ${goingTo} is under way and can't be given up ` +
          `(${way.why}): it is finished first; run the command again afterwards`,
      });
    return null;
  }
  const open = session.record.intent?.move.member;
  if (
    open !== undefined &&
    session.foreign[open] === undefined &&
    session.rules.retire !== "automatic" &&
    !(await approveRetire(open))
  ) {
    return {
      outcome: "stopped",
      placement: session.record.placement,
      code: "EBG-STOPPED",
      message:
        `the config wants ${wantedVersion} again: giving up the rollout to ${goingTo} destroys the half-made ` +
        `${open}, which needs approval`,
      remedy: `${commandName} --approve-retire`,
    };
  }
  const reason = `given up: the config wants ${wantedVersion} again`;
  emit({ kind: "walk-back", code: "EBG-STOPPED", message: reason, steps: way.steps });
  session.record = turnBack(session.record, {
    reason,
    steps: way.steps,
    startedAt: session.isoNow(),
    ...session.caller.signature,
    givenUp: true,
  });
  await session.writer.flush();
  return null;
}

const newestServing = ({ placement }: EnvironmentRecord): string | null =>
  servingMembers(placement)
    .flatMap((name) => placement[name]?.version ?? [])
    .sort(compareVersions)
    .at(-1) ?? null;

export async function begin(
  session: Session,
  steps: readonly Step[],
  wantedVersion: string,
  record: EnvironmentRecord,
  asked: Asked,
  observation: Observation,
): Promise<RolloutResult | null> {
  const resumed = record.rollout !== null;
  if (!resumed) {
    const startedAt = session.isoNow();
    const id = `${startedAt.replace(/[-:]|\.\d+/g, "")}-${asked === null ? wantedVersion : asked.name}`;
    const started = startRollout(record, {
      id,
      ...(asked === null ? {} : { command: asked }),
      strategy: session.rules.strategy,
      wantedVersion,
      steps,
      startedAt,
      baseline: baselineOf(observation, session.owners, session.active()),
    });
    const serving = newestServing(record);
    // Planned by `rollback` itself: what serves now is what is rolled back.
    session.record =
      asked?.name === "rollback" && serving !== null
        ? holdVersion(started, { version: serving, at: startedAt, ...session.caller.signature })
        : started;
  } else if (
    asked === null &&
    record.rollout !== null &&
    record.rollout.command === undefined &&
    record.rollout.wantedVersion !== wantedVersion
  ) {
    const stop = await giveUp(session, wantedVersion, record.rollout.wantedVersion, observation);
    if (stop !== null) return stop;
  }
  const rollout = session.record.rollout;
  if (rollout === null) return null;
  const from = Object.values(record.placement).find(isServing)?.version ?? null;
  session.options.emit({
    kind: "rollout-started",
    environment: session.environment.environment,
    rolloutId: rollout.id,
    strategy: rollout.strategy,
    from,
    to: rollout.wantedVersion,
    steps: rollout.steps,
    done: rollout.done,
    resumed,
    direction: rollout.direction,
  });
  return null;
}
