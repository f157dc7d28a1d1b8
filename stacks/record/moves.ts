/** What a move changes, member by member: the same questions for a move of one member and for a shift of several. Pure. */
import type { Change, MemberMove, Move, Placement, ShiftMove, Step } from "./types";

/** By member. A shift has an entry for each member whose share changes; every other move has one. */
export const changesOf = (move: Move): Readonly<Record<string, Change>> =>
  move.kind === "shift" ? move.changes : { [move.member]: { from: move.from, to: move.to } };

/** Members that it changes. */
export const membersOf = (move: Move): string[] => Object.keys(changesOf(move));

/** Whether it changes this member; nothing does where no move is open. */
export const isMovedBy = (move: Move | null | undefined, member: string): boolean =>
  move != null && changesOf(move)[member] !== undefined;

const withEach = (placement: Placement, move: Move, side: keyof Change): Placement => ({
  ...placement,
  ...Object.fromEntries(Object.entries(changesOf(move)).map(([member, change]) => [member, change[side]])),
});

/** Where the members stand after it. */
export const placementAfter = (placement: Placement, move: Move): Placement => withEach(placement, move, "to");

/** Where they stood before it. */
export const placementUndone = (placement: Placement, move: Move): Placement => withEach(placement, move, "from");

/** `drain blue`, `shift blue, green`. */
export const describeMove = (move: Move): string => `${move.kind} ${membersOf(move).join(", ")}`;

/** A step of a rollout that changes shares. */
export type ShiftStep = Step & { readonly type: "move" } & ShiftMove;

/** Whether it is one; nothing is none. */
export const isShiftStep = (step: Step | undefined): step is ShiftStep =>
  step?.type === "move" && step.kind === "shift";

/** Of one member, as all moves but a shift are. */
export const isMemberMove = (move: Move): move is MemberMove => move.kind !== "shift";

/** The moves among these steps that are of one member each. */
export const memberMoves = (steps: readonly Step[]): MemberMove[] =>
  steps.flatMap((step) => (step.type === "move" && isMemberMove(step) ? [step] : []));
