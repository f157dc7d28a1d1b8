/** A way back that failed a check itself: whether it turns once more, and to whom. Pure. */
import {
  boundMembers,
  capacityOf,
  fullShare,
  isBound,
  isServing,
  isWeighted,
  memberMoves,
  partOf,
} from "../../stacks/record";
import { membersOf, nodePercentOf, placementAfter, servingMembers, sharesIn } from "../../stacks/record";
import type { EnvironmentRecord, Placement, Rollout, Shares, Step } from "../../stacks/record";
import { answeredMore, exceeds } from "../observation/whose-failures";
import { shareOf } from "./shares";
import { Steps } from "./step-builder";
import { toTheWell } from "./to-the-well";
import {
  goOn,
  moving,
  placementBefore,
  placementTurnedFrom,
  stay,
  type ObservedHealth,
  type Turning,
  type WalkBack,
  type WalkBackOptions,
} from "./way-back";

/** Out of traffic, unless requests of users go there. */
function leave(steps: Steps, name: string): void {
  const stands = steps.at(name);
  if (isBound(stands) && !(steps.weighted && isServing(stands))) steps.drain(name);
}

/** Who served; where traffic is weighted only those of them whose share was taken away. */
const servingOrLowered = (placement: Placement, steps: Steps): string[] =>
  servingMembers(placement).filter((name) => !steps.weighted || !isServing(steps.at(name)));

/**
 * Whether a way back that turned again takes out who had come back, so that those that were to leave stay alone: part
 * of the requests failed while both were in traffic, and it had to be tried whose they were.
 */
export const takesOutAgain = ({ direction, again, steps }: Pick<Rollout, "direction" | "again" | "steps">): boolean =>
  direction === "back" && again === true && moving(steps, "drain").length > 0 && moving(steps, "admit").length === 0;

const sharesAsIn = (goal: Placement, now: Placement): Shares =>
  Object.fromEntries(boundMembers(now).map((name) => [name, goal[name]?.share ?? 0]));

/**
 * A rollback gives everything to members that were known to answer with errors, and they still do. Somebody asked for it,
 * maybe because they are repaired: so it is tried, but not for long.
 */
export function errAgain({ rollout, intent, placement }: EnvironmentRecord, asked: Turning["asked"] = {}): boolean {
  if (rollout?.direction !== "back" || rollout.again === true || intent?.move.kind !== "shift") return false;
  const have = servingMembers(placementAfter(placement, intent.move));
  const fails = Object.values(asked).some(({ sent, failed }) => sent > 0 && 2 * failed >= sent);
  return fails && have.length > 0 && have.every((name) => rollout.erring?.includes(name) === true);
}

/**
 * An open shift back has taken all requests from members that answered more of them than the one that has them now: all
 * of them for those. With the shares of before a part would fail for ever. Null: it is not known to be so.
 */
export function leaversAnswered(record: EnvironmentRecord, asked: Turning["asked"] = {}): Shares | null {
  const { rollout, intent } = record;
  if (rollout?.direction !== "back" || rollout.again === true || intent?.move.kind !== "shift") return null;
  const { turned } = rollout;
  const [before, now] = [placementTurnedFrom(record), placementAfter(record.placement, intent.move)];
  const have = servingMembers(now);
  if (errAgain(record, asked)) {
    const others = boundMembers(now).filter((name) => !have.includes(name));
    return others.length === 0 ? null : allTo(others, now, before);
  }
  const lost = servingMembers(before).filter((name) => !have.includes(name) && isBound(now[name]));
  if (turned === undefined || have.length !== 1 || lost.length === 0) return null;
  const then = { requests: turned.requests, shares: sharesIn(before) };
  if (!answeredMore(asked, then, { lost, have })) return null;
  return allTo(lost, now, before);
}

function allTo(names: readonly string[], now: Placement, before: Placement): Shares {
  const share = (name: string): number => (names.length === 1 ? fullShare : shareOf(before[name]) || fullShare);
  return Object.fromEntries(boundMembers(now).map((name) => [name, names.includes(name) ? share(name) : 0]));
}

/**
 * Whoever was taken out again was not the cause: without it nothing answers. It comes in as the way back wanted, and
 * the others go. Null: nothing of the kind.
 */
export function otherSide(record: EnvironmentRecord, turning: Turning): readonly Step[] | null {
  const { rollout, intent, placement } = record;
  const open = intent?.move;
  if (rollout === null || open?.kind !== "drain" || !takesOutAgain(rollout) || !turning.nothingAnswers) return null;
  if (!turning.worse || open.to.workload === "stopped") return null;
  const steps = new Steps({ ...placement, [open.member]: open.to }, isWeighted(placement));
  steps.admit(open.member);
  steps.sharesOf(placementBefore(record));
  if (rollout.strategy === "replace")
    for (const name of servingOrLowered(placement, steps)) if (name !== open.member) steps.drain(name);
  return steps.list;
}

/**
 * It had turned again, to one that does not get healthy, and another one in traffic is: that one stays alone, whoever it
 * was that was left before. Null: nothing of the kind.
 */
function withoutNewcomer({ intent, placement }: EnvironmentRecord, health: ObservedHealth): WalkBack | null {
  const open = intent?.move;
  if (open?.kind !== "admit" || health[open.member] === "healthy") return null;
  if (!servingMembers(placement).some((name) => name !== open.member && health[name] === "healthy")) return null;
  const steps = new Steps(placementAfter(placement, open), isWeighted(placement));
  steps.drain(open.member);
  return { kind: "steps", steps: steps.list };
}

/**
 * Who comes in has a part of the requests at most, and only once the load balancer knows it. More of them fail than that:
 * without it no fewer would.
 */
function othersFailToo(placement: Placement, member: string, asked: Turning["asked"] = {}): boolean {
  const sizes = servingMembers(placement).map((name) => capacityOf(placement[name]));
  const all = sizes.reduce((sum, one) => sum + one, 0);
  const part = partOf(placement, member) ?? (all === 0 ? 1 : capacityOf(placement[member]) / all);
  return Object.values(asked).some((answers) => answers.failed > 0 && exceeds(answers, part));
}

/**
 * The way back leads to a side that is worse: what is open of it is undone, and the members that leave on it stay, or
 * come in again. Once only: when that fails as well nobody can say which side is good.
 */
export function turnAgain(
  record: EnvironmentRecord,
  rollout: Rollout,
  health: ObservedHealth,
  { turning, dead }: Pick<WalkBackOptions, "turning" | "dead">,
): WalkBack {
  const failed = stay(
    "the way back itself failed a check",
    `look at the findings (eks-blue-green status), repair what they name, then go on with: ${goOn(record)}`,
  );
  if (turning === undefined) return failed;
  const well = dead === undefined ? null : toTheWell(record, dead, health);
  if (well !== null)
    return { kind: "steps", steps: well.steps, ...(well.goesOn === true ? { goesOn: true as const } : {}) };
  const open = record.intent?.move ?? null;
  if (rollout.again === true) return withoutNewcomer(record, health) ?? failed;
  const now = open === null ? record.placement : placementAfter(record.placement, open);
  const steps = new Steps(now, isWeighted(now) || isWeighted(record.placement));
  const before = placementTurnedFrom(record);
  const staying = moving(rollout.steps, "drain");
  const cameBack = moving(rollout.steps.slice(0, rollout.done), "admit").filter((name) => isBound(now[name]));
  const serves = (name: string): boolean => isBound(now[name]) && health[name] === "healthy";
  if (open?.kind === "drain") {
    if (!turning.nothingAnswers && !(turning.worse && turning.refuge.includes(open.member))) return failed;
    if (steps.at(open.member).workload === "stopped") return failed;
    steps.admit(open.member);
    steps.sharesOf(before);
    const others = servingOrLowered(now, steps).filter((name) => name !== open.member);
    // In a cycle the others carry the load together.
    for (const name of rollout.strategy === "replace" ? others : cameBack) leave(steps, name);
    return { kind: "steps", steps: steps.list };
  }
  // Nobody has left yet: whoever was to leave must still serve; where nobody was to, the others.
  // By itself it went back because those serve badly: they are nobody to turn to.
  const others = rollout.asked === true ? servingMembers(now).filter((name) => name !== open?.member) : [];
  if (
    !(staying.length > 0 ? staying : others).some(serves) ||
    moving(rollout.steps.slice(0, rollout.done), "drain").length > 0
  )
    return failed;
  if (open?.kind === "admit" && othersFailToo(now, open.member, turning.asked)) return failed;
  if (open?.kind === "admit") steps.drain(open.member);
  else if (open?.kind === "shift" && (turning.worse || turning.nothingAnswers))
    steps.shift(leaversAnswered(record, turning.asked) ?? sharesAsIn(before, now), membersOf(open));
  else if (open?.kind === "scale" && (!isBound(steps.at(open.member)) || (turning.worse && cameBack.length > 0)))
    steps.move("scale", open.member, open.from);
  else if (open !== null || !turning.worse) return failed;
  // To the shares of when it turned: with those less was wrong.
  if (open?.kind !== "shift") steps.sharesOf(before);
  // They carry it again without those that leave.
  for (const { kind, member, from } of memberMoves(rollout.steps.slice(0, rollout.done)))
    if (kind === "scale" && isBound(steps.at(member)) && capacityOf(from) > capacityOf(steps.at(member)))
      steps.resize(member, capacityOf(from), nodePercentOf(from));
  for (const name of cameBack) leave(steps, name);
  return { kind: "steps", steps: steps.list };
}
