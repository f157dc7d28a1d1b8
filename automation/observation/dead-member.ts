/** Whether a member serves nobody where somebody else does. Pure. */
import type { Baseline } from "../../stacks/record";
import { portOf } from "../../stacks/config/group-refs";
import { groupsOfMember, type Observation } from "./observe";
import { isRegistered, portServes, targetsOf, type TargetOwners } from "./target-owners";

/**
 * It has no healthy target in some group whose service others serve: where traffic is weighted its part of those
 * requests fails, and no other group takes it over. One service is enough for that.
 */
export function isDeadIn(observation: Observation, owners: TargetOwners, member: string): boolean {
  return groupsOfMember(observation, member).some((key) => {
    if (observation.groups[key] === null) return false;
    if (portServes(observation, portOf(observation.groupOf, key)) !== "healthy") return false;
    return !targetsOf(owners, observation, key, member).some(
      (target) => isRegistered(target) && target.state === "healthy",
    );
  });
}

/** It has no healthy target in any service, and AWS told all of them. */
export function isWhollyDead(observation: Observation, owners: TargetOwners, member: string): boolean {
  const keys = groupsOfMember(observation, member);
  return (
    keys.length > 0 &&
    keys.every(
      (key) =>
        observation.groups[key] != null &&
        !targetsOf(owners, observation, key, member).some(
          (target) => isRegistered(target) && target.state === "healthy",
        ),
    )
  );
}

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
