/**
 * A rollout that takes all requests from a member which serves nobody, in place of whatever is under way: first one shift,
 * then the member's way out. Where traffic is weighted. Pure.
 */
import {
  isMovedBy,
  isServing,
  placementAfter,
  type EnvironmentRecord,
  type Move,
  type Placement,
  type Step,
} from "../../stacks/record";
import { shiftWithout } from "./shares-without";

export interface Emptying {
  /** Begins with what is open. */
  readonly steps: readonly Step[];
  /** What is open leads there: another shift, or the admit of another member, which is finished first. */
  readonly open: Move | null;
  /** Where the members stand when the member has no share any more. */
  readonly after: Placement;
  /** Whether somebody who serves then is well. */
  readonly well: boolean;
}

/**
 * Whether what is open can be taken over: an open shift leads elsewhere, and one that comes in may be who serves then.
 * Nothing else may be half-way: nobody could say who gets which part.
 */
export const canTakeOver = (open: Move | null, member: string): boolean =>
  open === null || open.kind === "shift" || (open.kind === "admit" && open.member !== member);

/** Whether it gets a part of the requests by a share, or a shift is half-way that takes one from it. */
export const getsSome = ({ placement, intent }: Pick<EnvironmentRecord, "placement" | "intent">, member: string) =>
  (placement[member]?.share ?? 0) > 0 || (intent?.move.kind === "shift" && isMovedBy(intent.move, member));

/** Null: what is open can't be taken over, or nobody would serve. `isWell`: has healthy targets now. */
export function emptying(
  { placement, intent }: Pick<EnvironmentRecord, "placement" | "intent">,
  member: string,
  isWell: (member: string) => boolean,
): Emptying | null {
  const open = intent?.move ?? null;
  if (!canTakeOver(open, member)) return null;
  const comesIn = open?.kind === "admit" ? open : null;
  const from = comesIn === null ? placement : placementAfter(placement, comesIn);
  const shift = shiftWithout(from, comesIn === null ? open : null, { gone: [member], isWell });
  if (shift === null) return null;
  const after = placementAfter(from, shift);
  const serve = Object.keys(after).filter((name) => isServing(after[name]));
  if (serve.length === 0) return null;
  const { type: _type, ...move } = shift;
  return {
    steps: [...(comesIn === null ? [] : [{ type: "move", ...comesIn } as const]), shift],
    open: open === null ? null : (comesIn ?? move),
    after,
    well: serve.some(isWell),
  };
}
