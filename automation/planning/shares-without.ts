/** Shares that take all requests from members that serve nobody, in one shift, whatever shift is open. Pure. */
import {
  boundMembers,
  fullShare,
  membersOf,
  type Change,
  type Move,
  type Placement,
  type Step,
} from "../../stacks/record";
import { shareOf } from "./shares";

/**
 * Those that are well keep what they have, or are about to have; where none of them has anything, they serve in full.
 * A member that comes in and has not shown yet that it is good gets no more than its step as long as another one is
 * well. The shift names the members of the open one too, so that it can take its place. Null: nobody would serve.
 */
export function shiftWithout(
  placement: Placement,
  open: Move | null,
  { gone, isWell }: { readonly gone: readonly string[]; readonly isWell: (member: string) => boolean },
): (Step & { readonly type: "move"; readonly kind: "shift" }) | null {
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
  const also = shift === null ? [] : membersOf(shift);
  const changes: Record<string, Change> = {};
  for (const name of boundMembers(placement)) {
    const from = placement[name];
    if (from === undefined || (after(name) === from.share && !also.includes(name))) continue;
    changes[name] = { from, to: { ...from, share: after(name) } };
  }
  const sum = boundMembers(placement).reduce((all, name) => all + after(name), 0);
  return sum === 0 || Object.keys(changes).length === 0 ? null : { type: "move", kind: "shift", changes, sum };
}
