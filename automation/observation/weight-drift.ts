/** Whom weights that somebody else has set favour, and whom they keep requests from. Pure. */
import { groupsOfMember, type Observation } from "./observe";
import type { PortWeights, WeightsByPort } from "./route-weights";
import type { RolloutCommand } from "../../stacks/record";

type Seen = Pick<Observation, "weights" | "groupOf" | "groups">;

/** The member has a group of its own in which AWS shows no healthy target. What AWS did not tell says nothing. */
export const lacksHealthy = (observation: Pick<Observation, "groupOf" | "groups">, member: string): boolean =>
  groupsOfMember(observation, member).some(
    (key) => observation.groups[key]?.every((target) => target.state !== "healthy") === true,
  );

function partAt({ groupOf }: Pick<Observation, "groupOf">, weights: PortWeights | null, member: string): number {
  const all = Object.entries(weights ?? {});
  const sum = all.reduce((total, [, weight]) => total + weight, 0);
  const own = all.reduce((total, [key, weight]) => (groupOf[key]?.member === member ? total + weight : total), 0);
  return sum === 0 ? 0 : own / sum;
}

/** For each route that AWS told: how much more (or less) of its requests the member gets than it should, -1 to 1. */
const gainsOf = (seen: Seen, wanted: WeightsByPort, member: string): number[] =>
  Object.entries(wanted).flatMap(([port, weights]) => {
    const there = seen.weights?.[port];
    return there == null ? [] : [partAt(seen, there, member) - partAt(seen, weights, member)];
  });

/** Members without a healthy target that get less than `wanted` says: weights of before would give it back to them. */
export const deadAndSpared = (seen: Seen, wanted: WeightsByPort, members: readonly string[]): string[] =>
  members.filter((member) => lacksHealthy(seen, member) && gainsOf(seen, wanted, member).some((gain) => gain < 0));

/**
 * Whether a command may write the record's weights over what somebody has set. `rollback`: it leads back to what is
 * known. `drain`: the hand went the same way, or the member serves nobody anyway.
 */
export function mayOverwrite(seen: Seen, wanted: WeightsByPort, asked: RolloutCommand | null): boolean {
  if (asked?.name === "rollback") return true;
  if (asked?.name !== "drain" || asked.member === null) return false;
  return lacksHealthy(seen, asked.member) || gainsOf(seen, wanted, asked.member).every((gain) => gain <= 0);
}
