/** What a shift leads to, in numbers: shares, who serves with them, how long they are held, how many requests tell it. */
import {
  partByShares,
  placementAfter,
  placementUndone,
  sharesIn,
  type Placement,
  type Shares,
  type ShiftMove,
} from "../../stacks/record";
import { expectedWeights, risingMembers, type WeightsByPort } from "../observation/route-weights";
import { percentOf } from "../planning/shares";
import { groupRefsOf } from "../../stacks/config/group-refs";
import type { Session } from "./session";

export interface ShiftAims {
  readonly from: Shares;
  readonly to: Shares;
  /** Members that get a larger part. */
  readonly rising: readonly string[];
  /** Members that get a smaller part, also when it is nothing. */
  readonly losing: readonly string[];
  /** Members that get something now and get nothing any more. */
  readonly emptied: readonly string[];
  /** Members that get something afterwards; without those that are to leave on the way back. */
  readonly serving: readonly string[];
  /** Those of them that get something already. */
  readonly staying: readonly string[];
  /** Of every route, after it and before it. */
  readonly weights: WeightsByPort;
  readonly weightsBefore: WeightsByPort;
  /** `green 10 %, blue 90 %`. */
  readonly what: string;
}

export function aimsOf(session: Session, move: ShiftMove): ShiftAims {
  const { placement } = session.record;
  const [from, to] = [sharesIn(placementUndone(placement, move)), sharesIn(placementAfter(placement, move))];
  const refs = groupRefsOf(session.environment.loadBalancer.services);
  const gets = (shares: Shares, member: string): boolean => (shares[member] ?? 0) > 0;
  const { leaving } = session.policy;
  // Also who serves nobody yet, and is about to.
  const serving = session.active().filter((member) => !leaving.includes(member) && gets(to, member));
  const rising = risingMembers(from, to);
  return {
    from,
    to,
    rising,
    losing: risingMembers(to, from),
    emptied: Object.keys(to).filter((member) => gets(from, member) && !gets(to, member)),
    serving,
    staying: serving.filter((member) => gets(from, member)),
    weights: expectedWeights(refs, to),
    weightsBefore: expectedWeights(refs, from),
    what: describeShares(to, rising, Object.keys(move.changes)),
  };
}

/** Whoever rises comes first; who neither gets something nor is changed is left out. */
const describeShares = (shares: Shares, rising: readonly string[], changed: readonly string[]): string =>
  [...rising, ...Object.keys(shares).filter((member) => !rising.includes(member))]
    .filter((member) => (shares[member] ?? 0) > 0 || changed.includes(member))
    .map((member) => `${member} ${percentOf(partByShares(shares, member))}`)
    .join(", ");

/** The most requests of a round that tell of a small share: each is a connection of its own. */
const mostRequests = 64;

/** So many requests that about one reaches the member with the smallest share; 0 where traffic has none. */
export function requestsToReachAll(placement: Placement): number {
  const shares = sharesIn(placement);
  const parts = Object.keys(shares).flatMap((member) => (shares[member] === 0 ? [] : [partByShares(shares, member)]));
  return parts.length < 2 ? 0 : Math.min(mostRequests, Math.ceil(1 / Math.min(...parts)));
}
