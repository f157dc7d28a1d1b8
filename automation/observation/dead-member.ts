/** Whether a member serves nobody where somebody else does. Pure. */
import type { Baseline } from "../../stacks/record";
import { portOf } from "../../stacks/config/group-refs";
import { groupsOfMember, type Observation } from "./observe";
import { healthyOf, portServes, type TargetOwners } from "./target-owners";

/**
 * It has no healthy target in some group whose service others serve: where traffic is weighted its part of those
 * requests fails, and no other group takes it over. One service is enough for that.
 */
export function isDeadIn(observation: Observation, owners: TargetOwners, member: string): boolean {
  return groupsOfMember(observation, member).some((key) => {
    if (observation.groups[key] === null) return false;
    if (portServes(observation, portOf(observation.groupOf, key)) !== "healthy") return false;
    return healthyOf(owners, observation, key, member).length === 0;
  });
}

/** Services in which it has a healthy target, and those that AWS does not tell. */
export const stillServes = (observation: Observation, owners: TargetOwners, member: string): string[] =>
  groupsOfMember(observation, member)
    .filter((key) => observation.groups[key] == null || healthyOf(owners, observation, key, member).length > 0)
    .map((key) => portOf(observation.groupOf, key));

/** It has no healthy target in any service, and AWS told all of them. */
export const isWhollyDead = (observation: Observation, owners: TargetOwners, member: string): boolean =>
  groupsOfMember(observation, member).length > 0 && stillServes(observation, owners, member).length === 0;

/** Of a key of a group of its own; as it is where members share groups. */
const portIn = (key: string, member: string): string =>
  key.endsWith(`@${member}`) ? key.slice(0, -member.length - 1) : key;

/** The same of what was written down: all of its groups, or one of a service that another member serves. */
export function wasDead(baseline: Baseline | undefined, member: string): boolean {
  const groups = Object.entries(baseline?.targets[member] ?? {});
  if (groups.length === 0) return false;
  const served = new Set(
    Object.entries(baseline?.targets ?? {}).flatMap(([name, theirs]) =>
      name === member
        ? []
        : Object.entries(theirs).flatMap(([key, { healthy }]) => (healthy > 0 ? [portIn(key, name)] : [])),
    ),
  );
  const empty = groups.filter(([, { healthy }]) => healthy === 0);
  return empty.length === groups.length || empty.some(([key]) => served.has(portIn(key, member)));
}
