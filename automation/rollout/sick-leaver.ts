/**
 * A member serves nobody any more, or answers with errors, and requests still go there: those that are well get them at
 * once.
 */
import { isDeepStrictEqual } from "node:util";
import {
  boundMembers,
  isServing,
  isShiftStep,
  isWeighted,
  placementAfter,
  servingMembers,
  sharesIn,
  type EnvironmentRecord,
  type Rollout,
  type Step,
} from "../../stacks/record";
import { portOf } from "../../stacks/config/group-refs";
import { baselineOf } from "../observation/baseline";
import { isDeadIn, wasDead } from "../observation/dead-member";
import { groupsOfMember, type Observation } from "../observation/observe";
import { healthOf, healthyOf } from "../observation/target-owners";
import { othersFail } from "../observation/whose-failures";
import { allAtOnce } from "../planning/all-at-once";
import { emptiedBy, raisedBy } from "../planning/shares";
import { shiftWithout } from "../planning/shares-without";
import { isUpgrade } from "../planning/step-builder";
import type { Turning } from "../planning/walk-back";
import type { Session } from "./session";

type Rest = Pick<EnvironmentRecord, "intent"> & {
  readonly steps: NonNullable<EnvironmentRecord["rollout"]>["steps"];
  /** Of those that lose their share: who answers with errors. */
  readonly erring: readonly string[];
  /** What was planned behind it was planned with a member that is dead. */
  readonly cut?: true;
};

/**
 * Going back would lead to it, and staying leaves it its share: a target group without a healthy target answers its part
 * with errors, and where traffic is weighted nobody else takes that over. Null: it is not so, or those that stay are not
 * all healthy.
 */
export function pastTheSick(session: Session, observation: Observation, { worse }: Turning): EnvironmentRecord | null {
  const { record, owners } = session;
  const { rollout, placement } = record;
  if (rollout === null || rollout.direction !== "forward" || !worse || !isWeighted(placement)) return null;
  // Of one without a healthy target that is the reason.
  const erring = erringOf(record, observation).filter((name) => !isDeadIn(observation, owners, name));
  const rest = theRest(session, observation, erring) ?? withoutTheDead(session, observation, erring);
  if (rest === null) return null;
  const emptied = emptiedBy(rest.steps.slice(rollout.done)).filter((name) => !rest.erring.includes(name));
  if (stillNeeded(session, observation, emptied)) return null;
  const known = [...new Set([...(rollout.erring ?? []), ...rest.erring])];
  const { baseline } = rollout;
  const seen = baselineOf(observation, owners, boundMembers(placement)).targets;
  return {
    ...record,
    revision: record.revision + 1,
    intent: rest.intent,
    rollout: {
      ...rollout,
      steps: rest.steps,
      atOnce: true,
      ...(rest.cut === true ? { cut: true as const } : {}),
      ...(known.length === 0 ? {} : { erring: known }),
      // That it is sick is no news from here on; requests and alarms are compared with the time before.
      baseline: {
        requests: baseline?.requests ?? {},
        alarms: baseline?.alarms ?? [],
        targets: { ...baseline?.targets, ...seen },
      },
    },
  };
}

/**
 * Whether one of them still serves something of which some requests fail: those may be whoever would get all of it. One
 * that serves nothing more has nothing to lose.
 */
const stillNeeded = ({ owners }: Session, observation: Observation, members: readonly string[]): boolean =>
  members.some((name) =>
    groupsOfMember(observation, name).some(
      (key) =>
        (observation.probes[portOf(observation.groupOf, key)]?.failed ?? 0) > 0 &&
        healthyOf(owners, observation, key, name).length > 0,
    ),
  );

const isWell = ({ owners, policy }: Session, observation: Observation, name: string): boolean =>
  healthOf(owners, observation, name, policy.excused.sick) === "healthy";

/** Who comes in now: steps behind may raise others, and in a cycle those that were raised before serve by now. */
function rising({ steps, done }: Pick<Rollout, "steps" | "done">): string[] {
  const raised = steps.map(raisedBy);
  const [before, ahead] = [raised.slice(0, done + 1), raised.slice(done)];
  const last = before.findLastIndex((names) => names.length > 0);
  const isIn = (step: Step | undefined): boolean => step?.type === "move" && step.kind === "admit";
  const begins = steps.slice(last + 1, done + 1).some(isIn);
  return (begins || last < 0 ? ahead.find((names) => names.length > 0) : raised[last]) ?? [];
}

/**
 * Those that serve beside whoever came in, when it is they whose requests fail. Some node may go by the shares of before
 * an open shift, or of after it.
 */
function erringOf({ rollout, intent, placement }: EnvironmentRecord, { probes }: Observation): string[] {
  const newcomers = rollout === null ? [] : rising(rollout);
  const others = servingMembers(placement).filter((name) => !newcomers.includes(name));
  const after = intent?.move.kind === "shift" ? [placementAfter(placement, intent.move)] : [];
  const vectors = [placement, ...after].map(sharesIn);
  const asked = Object.entries(probes).map(([key, answers]) => ({
    ...answers,
    isNews: rollout?.baseline?.requests[key]?.failed === 0,
  }));
  return othersFail(asked, { newcomers, others, vectors }) ? others : [];
}

/** An upgrade in which a new member takes the place of the sick one: its steps that are left, in one. */
function theRest(session: Session, observation: Observation, erring: readonly string[]): Rest | null {
  const { record, owners } = session;
  if (record.rollout === null || !isUpgrade(record.rollout) || record.rollout.strategy !== "replace") return null;
  const way = allAtOnce(record);
  const errs = way !== null && erring.includes(way.leaves);
  if (way === null || !(errs || isDeadIn(observation, owners, way.leaves))) return null;
  // It is that shift that failed though the sick one was known: nothing is gained by making it again.
  const known = wasDead(record.rollout.baseline, way.leaves) || record.rollout.erring?.includes(way.leaves) === true;
  const { steps, done } = record.rollout;
  if (known && isDeepStrictEqual(record.intent?.move ?? steps[done], way.intent?.move ?? way.steps[done])) return null;
  if (way.stay.length === 0 || !way.stay.every((name) => isWell(session, observation, name))) return null;
  return { steps: way.steps, intent: way.intent, erring: errs ? [way.leaves] : [] };
}

/** A member comes in beside the sick one, or was to let it go later: who is well serves, and the rest is planned anew. */
function withoutTheDead(session: Session, observation: Observation, erring: readonly string[]): Rest | null {
  const { record, owners } = session;
  const { rollout, intent, placement } = record;
  // Cut already: it is that shift that failed, and nothing is gained by making it again.
  if (rollout === null || rollout.cut === true) return null;
  const cycles = isUpgrade(rollout) && rollout.strategy === "cycle";
  if (!cycles && rollout.command?.name !== "admit") return null;
  const open = intent?.move ?? null;
  const next = rollout.steps[rollout.done];
  if (open === null ? next?.type !== "bake" && !isShiftStep(next) : open.kind !== "shift") return null;
  const gone = servingMembers(placement).filter((name) => erring.includes(name) || isDeadIn(observation, owners, name));
  if (gone.length === 0) return null;
  const shift = shiftWithout(placement, open, { gone, isWell: (name) => isWell(session, observation, name) });
  if (shift === null) return null;
  const serve = boundMembers(placement).filter((name) => isServing(shift.changes[name]?.to ?? placement[name]));
  if (!serve.every((name) => isWell(session, observation, name))) return null;
  const { type: _, ...move } = shift;
  return {
    steps: [...rollout.steps.slice(0, rollout.done), shift],
    intent: intent === null ? null : { ...intent, move },
    erring: gone.filter((name) => erring.includes(name)),
    cut: true,
  };
}
