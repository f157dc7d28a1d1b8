/**
 * Who is bound, and who serves. Where traffic is shared both are the same: a bound member has its part of the targets.
 * Where it is weighted a bound member with the share 0 has healthy targets, and no user's request goes there. Pure.
 */
import type { MemberPlacement, Placement } from "./types";

/** The share of a member that serves in full. What counts is its part of the sum over all members. */
export const fullShare = 100;

/** In traffic or ready for it: its targets are registered, and its bindings are declared. */
export const isBound = (placement: MemberPlacement | undefined): boolean => placement?.role === "active";

/** Requests of users go there. */
export const isServing = (placement: MemberPlacement | undefined): boolean =>
  placement?.role === "active" && placement.share !== 0;

/** Names of those that are bound, in the order of the placement. */
export const boundMembers = (placement: Placement): string[] =>
  Object.keys(placement).filter((name) => isBound(placement[name]));

/** Names of those that serve, in the order of the placement. */
export const servingMembers = (placement: Placement): string[] =>
  Object.keys(placement).filter((name) => isServing(placement[name]));

/** Whether shares say where requests go. False too where nobody is bound: then nothing goes anywhere. */
export const isWeighted = (placement: Placement): boolean =>
  Object.values(placement).some(({ share }) => share !== undefined);

/** Weight by member. */
export type Shares = Readonly<Record<string, number>>;

/** Shares of the members that are there; one that stands by has none, which is a weight of 0. */
export const sharesIn = (placement: Placement): Shares =>
  Object.fromEntries(
    Object.entries(placement)
      .filter(([, { role }]) => role !== "absent")
      .map(([member, { share }]) => [member, share ?? 0]),
  );

/** What a share is a part of. */
export const sumOf = (shares: Shares): number => Object.values(shares).reduce((sum, share) => sum + share, 0);

/** Which part of the requests a member gets by these shares, 0 to 1. */
export function partByShares(shares: Shares, member: string): number {
  const sum = sumOf(shares);
  return sum === 0 ? 0 : (shares[member] ?? 0) / sum;
}

/** Which part of all requests it gets, 0 to 1; null where shares are not what decides. */
export const partOf = (placement: Placement, member: string): number | null =>
  placement[member]?.share === undefined ? null : partByShares(sharesIn(placement), member);
