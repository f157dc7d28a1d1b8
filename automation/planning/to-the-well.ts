/**
 * On the way back, where traffic is weighted: whoever should get requests serves nobody any more. Its share goes to those
 * that are well, also when they were to lose theirs: what they answer is more than what nobody answers. Pure.
 */
import {
  boundMembers,
  fullShare,
  isServing,
  isShiftStep,
  membersOf,
  placementAfter,
  type EnvironmentRecord,
  type Placement,
  type Shares,
  type Step,
} from "../../stacks/record";
import { shareOf } from "./shares";
import { shiftWithout } from "./shares-without";
import { Steps } from "./step-builder";
import { moving, type ObservedHealth } from "./way-back";

/** Members in traffic without a healthy target in a service that others serve. */
export interface SeenDead {
  readonly dead: readonly string[];
  /** Those of them that may lose everything also to members that were to leave. */
  readonly forLeavers: readonly string[];
}

export interface ToTheWell {
  readonly steps: readonly Step[];
  /** Members that serve nobody. */
  readonly dead: readonly string[];
  /** Absent: those that were to lose their share serve again, and the way back ends there. */
  readonly goesOn?: true;
}

/** Where the open shift, or the next one, leads; else what there is. */
function aimOf({ rollout, intent, placement }: EnvironmentRecord): Placement {
  const next = rollout?.steps[rollout.done];
  if (intent?.move.kind === "shift") return placementAfter(placement, intent.move);
  return intent === null && isShiftStep(next) ? placementAfter(placement, next) : placement;
}

/** The shares that were aimed at, of those that are not dead. One that is alone has a full one. */
function withoutRisers(aim: Placement, dead: readonly string[]): Shares {
  const left = (name: string): number => (dead.includes(name) ? 0 : shareOf(aim[name]));
  const alone = boundMembers(aim).filter((name) => left(name) > 0).length === 1;
  return Object.fromEntries(boundMembers(aim).map((name) => [name, alone && left(name) > 0 ? fullShare : left(name)]));
}

type IsWell = (member: string) => boolean;

/** Of those that are well, also who was to lose its share. */
function ofTheWell({ placement, intent }: EnvironmentRecord, gone: readonly string[], isWell: IsWell): Shares | null {
  const shift = shiftWithout(placement, intent?.move ?? null, { gone, isWell });
  if (shift === null) return null;
  const after = placementAfter(placement, shift);
  return Object.fromEntries(boundMembers(after).map((name) => [name, shareOf(after[name])]));
}

/**
 * Null: none of them gets anything, nobody else is well, or a move of one member is open, which comes first.
 */
export function toTheWell(
  record: EnvironmentRecord,
  { dead, forLeavers }: SeenDead,
  health: ObservedHealth,
): ToTheWell | null {
  const { rollout, intent, placement } = record;
  const open = intent?.move ?? null;
  if (rollout === null || rollout.direction !== "back" || (open !== null && open.kind !== "shift")) return null;
  const aim = aimOf(record);
  const gone = dead.filter((name) => isServing(placement[name]) || isServing(aim[name]));
  if (gone.length === 0) return null;
  const isWell = (name: string): boolean => !gone.includes(name) && health[name] === "healthy";
  const stay = boundMembers(aim).filter((name) => isServing(aim[name]) && !gone.includes(name));
  if ((stay.length === 0 || rollout.again === true) && !gone.every((name) => forLeavers.includes(name))) return null;
  const shares = stay.length > 0 ? withoutRisers(aim, gone) : ofTheWell(record, gone, isWell);
  if (shares === null || !Object.entries(shares).every(([name, share]) => share === 0 || isWell(name))) return null;
  // What is open, or was made last, leads there already.
  const now = open === null ? placement : aim;
  if (boundMembers(now).every((name) => shareOf(now[name]) === shares[name])) return null;
  const steps = new Steps(now, true);
  steps.shift(shares, open === null ? [] : membersOf(open));
  if (stay.length === 0) return { steps: steps.list, dead: gone };
  // Those that serve nobody wait for a person: their clusters may not be able to let them go.
  const leave = moving(rollout.steps.slice(rollout.done), "drain").filter((name) => !gone.includes(name));
  for (const name of leave) if (!isServing(steps.at(name))) steps.drain(name);
  return { steps: steps.list, dead: gone, goesOn: true };
}
