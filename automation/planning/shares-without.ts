/** Shares that take all requests from members that serve nobody, in one shift, whatever shift is open. Pure. */
import {
  boundMembers,
  fullShare,
  isShiftStep,
  membersOf,
  type Move,
  type Placement,
  type ShiftStep,
} from "../../stacks/record";
import { shareOf } from "./shares";
import { Steps } from "./step-builder";

/**
 * Those that are well keep what they have, or are about to have; where none of them has anything, they serve in full.
 * A member that comes in and has not shown yet that it is good gets no more than its step as long as another one is
 * well. The shift names the members of the open one too, so that it can take its place. Null: nobody would serve.
 */
export function shiftWithout(
  placement: Placement,
  open: Move | null,
  { gone, isWell }: { readonly gone: readonly string[]; readonly isWell: (member: string) => boolean },
): ShiftStep | null {
  const shift = open?.kind === "shift" ? open : null;
  const aim = (name: string): number => Math.max(shareOf(placement[name]), shareOf(shift?.changes[name]?.to));
  const rises = (name: string): boolean => shift !== null && shareOf(placement[name]) < aim(name);
  const stay = boundMembers(placement).filter((name) => !gone.includes(name));
  const proven = stay.some((name) => isWell(name) && aim(name) > 0 && !rises(name));
  // One that is alone gets everything with any share: a full one, so that the next that comes in is compared with that.
  const alone = stay.filter((name) => aim(name) > 0).length === 1;
  const after = (name: string): number => {
    if (gone.includes(name)) return 0;
    return (!proven && isWell(name)) || (alone && aim(name) > 0) ? fullShare : aim(name);
  };
  const steps = new Steps(placement, true);
  const shares = Object.fromEntries(boundMembers(placement).map((name) => [name, after(name)]));
  steps.shift(shares, shift === null ? [] : membersOf(shift));
  return steps.list.find(isShiftStep) ?? null;
}
