/** A way back that seemed to fail, and is right after all: whoever leaves on it errs, or is sick. It goes on. */
import { isUpgrade } from "../planning/step-builder";
import { groupOfMember, groupsOfPort } from "../../stacks/config/group-refs";
import { membersOf, turnBack, type EnvironmentRecord, type Rollout } from "../../stacks/record";
import { probeProblem } from "../gates/peers";
import { baselineOf } from "../observation/baseline";
import type { Observation } from "../observation/observe";
import { isWeighted } from "../observation/route-weights";
import { healthOf, healthyOf, type TargetOwners } from "../observation/target-owners";
import { otherSide, type Turning } from "../planning/walk-back";
import type { GateFailed } from "./interruptions";
import type { Session } from "./session";
import { pastTheSick } from "./sick-leaver";

/** So likely may it be at most that all requests of a round went to the newcomer by chance. */
const mostChance = 0.01;

/**
 * Whether some service answers nothing though others than the newcomer are healthy there: the load balancer sends most
 * of the requests, or at least some, to those, so they err too.
 */
export function othersErr(observation: Observation, owners: TargetOwners, newcomer: string): boolean {
  const { groups, groupOf } = observation;
  return Object.entries(observation.probes).some(([port, { sent, failed }]) => {
    const all = groupsOfPort(groupOf, port).flatMap((key) => groups[key] ?? []);
    const healthy = all.filter(({ state }) => state === "healthy").length;
    const own = groupOfMember(groupOf, port, newcomer);
    const its = healthyOf(owners, observation, own, newcomer).length;
    // One that comes in with weighted traffic gets none of them yet.
    const reaching = isWeighted(groupOf) ? 0 : its / healthy;
    return sent > 0 && failed === sent && healthy > its && reaching ** sent < mostChance;
  });
}

/** A rollback of what is finished has moves of its own, and goes forward. */
const isPlanned = ({ direction, command }: Rollout): boolean => direction === "forward" && command?.name === "rollback";

/**
 * Whether what failed is the doing of those that are still to leave: they got sick, or nothing answers though they are
 * healthy.
 */
function leaversFail(
  { record, owners, policy }: Session,
  rollout: Rollout,
  { reason }: GateFailed,
  observation: Observation,
  worse: boolean,
): boolean {
  const open = record.intent?.move;
  if (open !== undefined && open.kind !== "admit") return false;
  if (open !== undefined && reason === "probe" && othersErr(observation, owners, open.member)) return true;
  const ahead = rollout.steps.slice(rollout.done);
  const leaving = ahead.flatMap((step) => (step.type === "move" && step.kind === "drain" ? [step.member] : []));
  return (
    worse &&
    leaving.length > 0 &&
    leaving.every((name) => healthOf(owners, observation, name, policy.excused.sick) === "unhealthy")
  );
}

/**
 * What is seen now is what there was before, and no bake is ahead. Once only: behind it, nobody who leaves counts as
 * one that serves.
 */
function stepsGoOn(
  session: Session,
  cause: GateFailed,
  observation: Observation,
  { worse }: Turning,
): EnvironmentRecord | null {
  const { record, owners, policy } = session;
  const { rollout, intent } = record;
  if (rollout === null) return null;
  const planned = isPlanned(rollout);
  if (!planned && policy.refuge.length === 0) return null;
  if (planned && Object.keys(observation.probes).some((key) => policy.excused.failing(key) > 0)) return null;
  if (!leaversFail(session, rollout, cause, observation, worse && !planned)) return null;
  const seen = baselineOf(observation, owners, [
    ...new Set([...session.active(), ...(intent === null ? [] : membersOf(intent.move))]),
  ]);
  const steps = rollout.steps.filter((step, index) => index < rollout.done || step.type !== "bake");
  return {
    ...record,
    revision: record.revision + 1,
    rollout: { ...rollout, steps, ...(planned ? { baseline: seen } : { turned: seen }) },
  };
}

/** Requests fail, or an alarm rings, and neither did when the rollout began: whoever stays may be why. */
const worseForUsers = ({ policy: { excused } }: Session, observation: Observation): boolean =>
  probeProblem(observation, excused) !== null ||
  Object.entries(observation.alarms ?? {}).some(([name, state]) => state === "alarm" && !excused.rang(name));

/**
 * On the way forward: those that are to leave next got sick in a bake, and those that stay serve. Nothing is gained by
 * waiting for them, and going back would lead to them: that bake is passed over. Only that they are sick is excused from
 * then on: later gates still compare requests and alarms with the time before the rollout.
 */
function withoutTheBake(session: Session, observation: Observation, { worse }: Turning): EnvironmentRecord | null {
  const { record, owners, policy } = session;
  const { rollout, intent } = record;
  if (rollout === null || intent !== null || rollout.direction !== "forward" || !isUpgrade(rollout)) return null;
  if (!worse || rollout.strategy !== "replace" || rollout.steps[rollout.done]?.type !== "bake") return null;
  const leaving = rollout.steps
    .slice(rollout.done)
    .flatMap((step) => (step.type === "move" && step.kind === "drain" ? [step.member] : []));
  const stay = session.serving().filter((name) => !leaving.includes(name));
  const health = (name: string): string => healthOf(owners, observation, name, policy.excused.sick);
  if (leaving.length === 0 || stay.length === 0) return null;
  if (!leaving.every((name) => health(name) === "unhealthy") || !stay.every((name) => health(name) === "healthy"))
    return null;
  if (worseForUsers(session, observation)) return null;
  const { baseline } = rollout;
  return {
    ...record,
    revision: record.revision + 1,
    rollout: {
      ...rollout,
      steps: rollout.steps.filter((_, index) => index !== rollout.done),
      baseline: {
        requests: baseline?.requests ?? {},
        alarms: baseline?.alarms ?? [],
        targets: { ...baseline?.targets, ...baselineOf(observation, owners, leaving).targets },
      },
    },
  };
}

/** It had been turned again, and that was wrong: from there it is an ordinary way back. */
function turnedOver(session: Session, observation: Observation, turning: Turning): EnvironmentRecord | null {
  const { record, owners } = session;
  const steps = otherSide(record, turning);
  if (steps === null || record.rollout === null) return null;
  const { again: _tried, ...rollout } = record.rollout;
  return turnBack(
    { ...record, rollout },
    {
      reason: rollout.reason ?? "",
      steps,
      startedAt: session.isoNow(),
      ...session.caller.signature,
      turned: baselineOf(observation, owners, session.active()),
    },
  );
}

/** Writes the way that goes on all the same. False: it does not. */
export async function carriesOn(
  session: Session,
  cause: GateFailed,
  observation: Observation,
  turning: Turning,
): Promise<boolean> {
  const forward = pastTheSick(session, observation, turning) ?? withoutTheBake(session, observation, turning);
  const next = forward ?? stepsGoOn(session, cause, observation, turning) ?? turnedOver(session, observation, turning);
  if (next === null) return false;
  session.memory.turnedAgain = false;
  session.record = next;
  session.options.emit({
    kind: "note",
    message:
      `${cause.message}; the members that were to leave are why, so ` +
      (forward === null ? "the way back goes on" : "the rollout goes on without this bake"),
  });
  await session.writer.flush();
  return true;
}
