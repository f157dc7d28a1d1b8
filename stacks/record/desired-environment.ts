/** What the environment's stack declares of the traffic, as a pure function of the record: the twin of desired-member. */
import { placementAfter } from "./moves";
import type { EnvironmentRecord } from "./types";

/** What the environment's stack has to declare now, from the record. */
export interface DesiredEnvironment {
  /**
   * Weight of each member that is there, in every rule and listener; 0 is written out, because a group that a rule does
   * not list has no health checks. null: traffic is not weighted.
   */
  readonly shares: Readonly<Record<string, number>> | null;
}

/**
 * `acting` (the driver's planned update): the shares that the open shift leads to. Otherwise (a plain `pulumi up`, or the
 * write of the record itself): those of before it. Between the two there is nothing: the union of two vectors of shares
 * is none, and a write of the record must not move traffic.
 */
export function desiredOfEnvironment(
  record: Pick<EnvironmentRecord, "placement" | "intent">,
  { acting }: { readonly acting: boolean },
): DesiredEnvironment {
  const { intent } = record;
  const placement =
    acting && intent?.move.kind === "shift" ? placementAfter(record.placement, intent.move) : record.placement;
  const present = Object.entries(placement).filter(([, { role }]) => role !== "absent");
  if (!present.some(([, { share }]) => share !== undefined)) return { shares: null };
  return { shares: Object.fromEntries(present.map(([member, { share }]) => [member, share ?? 0])) };
}

/**
 * Weight of each member's target group in every listener and rule, written out for all members of the config. Where
 * nobody has a share, all are 1: whether AWS takes a sum of 0 is documented nowhere, and no request is answered either
 * way.
 */
export function weightsOf(
  shares: DesiredEnvironment["shares"],
  members: readonly string[],
): Readonly<Record<string, number>> {
  const nobody = members.every((member) => (shares?.[member] ?? 0) === 0);
  return Object.fromEntries(members.map((member) => [member, nobody ? 1 : (shares?.[member] ?? 0)]));
}
