/**
 * Whose target is it? In a group of one member's own: that member's. In a group that members share it is learned from
 * the controllers' own lists and the clusters' endpoints, and remembered, so that a dead member's targets keep their
 * owner.
 */
import { groupsOfPort, portOf, type GroupRefs } from "../../stacks/config/group-refs";
import type { TargetCounts } from "../events";
import type { Health, Target } from "../ports";
import { claimants, claimKey } from "./claims";
import { groupsOfMember, type Observation } from "./observe";

export interface TargetOwners {
  /** The member whose target it is; undefined: nobody knows. */
  ownerOf(group: string, id: string): string | undefined;
}

/**
 * Of groups that members share. Member by `group|ip:port`. A later sighting wins when one member alone claims the
 * target: an address may be used again. What two members claim keeps the owner that it had, or has none (see
 * claims.ts).
 */
export class LearnedOwners implements TargetOwners {
  constructor(private readonly seen: ReadonlyMap<string, string> = new Map()) {}

  ownerOf(group: string, id: string): string | undefined {
    return this.seen.get(claimKey(group, id));
  }

  /** Every round looks, and most learn nothing: only news is worth a copy. */
  with(news: Iterable<readonly [claim: string, member: string]>): LearnedOwners {
    let seen: Map<string, string> | null = null;
    for (const [claim, member] of news) {
      if ((seen ?? this.seen).get(claim) === member) continue;
      seen ??= new Map(this.seen);
      seen.set(claim, member);
    }
    return seen === null ? this : new LearnedOwners(seen);
  }
}

/** Of groups of one member each: nothing to learn, and nothing that a list in a cluster could change. */
export class GroupOwners implements TargetOwners {
  constructor(private readonly groupOf: GroupRefs) {}

  ownerOf(group: string): string | undefined {
    return this.groupOf[group]?.member ?? undefined;
  }
}

/** Each group's owners by the group's kind. */
export class Owners implements TargetOwners {
  constructor(
    private readonly ofGroups: GroupOwners,
    private readonly learned: LearnedOwners,
  ) {}

  ownerOf(group: string, id: string): string | undefined {
    return this.ofGroups.ownerOf(group) ?? this.learned.ownerOf(group, id);
  }

  learning(groupOf: GroupRefs, learn: (learned: LearnedOwners) => LearnedOwners): Owners {
    return new Owners(new GroupOwners(groupOf), learn(this.learned));
  }

  /** EC2 has said whose it is that two members claim. */
  settling(claim: string, member: string): Owners {
    return new Owners(this.ofGroups, this.learned.with([[claim, member]]));
  }
}

export const noOwners = new Owners(new GroupOwners({}), new LearnedOwners());

/** `settled`: what EC2 has said of targets that two members claim. */
export function learnOwners(
  known: Owners,
  observation: Observation,
  settled: ReadonlyMap<string, string> = new Map(),
): Owners {
  return known.learning(observation.groupOf, (learned) => {
    const claimed = claimants(observation);
    const bySight = learned.with(
      [...claimed].flatMap(([claim, [only, other]]) => {
        const owner = other === undefined ? only : settled.get(claim);
        return owner === undefined ? [] : [[claim, owner] as const];
      }),
    );
    // What nobody who answers knows of can only belong to the one who does not answer.
    const silent = Object.values(observation.members).filter((member) => !member.reachable);
    const only = silent.length === 1 ? silent[0] : undefined;
    if (only === undefined) return bySight;
    return bySight.with(
      Object.entries(observation.groups).flatMap(([group, targets]) =>
        (targets ?? [])
          .filter(({ id }) => bySight.ownerOf(group, id) === undefined && !claimed.has(claimKey(group, id)))
          .map(({ id }) => [claimKey(group, id), only.name] as const),
      ),
    );
  });
}

export function targetsOf(
  owners: TargetOwners,
  observation: Observation,
  group: string,
  member: string,
): readonly Target[] {
  return (observation.groups[group] ?? []).filter((target) => owners.ownerOf(group, target.id) === member);
}

export const isDraining = (target: Target): boolean =>
  target.state === "draining" || target.state === "unhealthy.draining";
/**
 * Registered and not on its way out. A target that was asked for by name and is unknown comes back as
 * unused/Target.NotRegistered.
 */
export const isRegistered = (target: Target): boolean =>
  !isDraining(target) && target.reason !== "Target.NotRegistered";

/** A member's targets in one target group that get requests. */
export const healthyOf = (
  owners: TargetOwners,
  observation: Observation,
  group: string,
  member: string,
): readonly Target[] =>
  targetsOf(owners, observation, group, member).filter((target) => isRegistered(target) && target.state === "healthy");

/** Registered targets that no member is known to have, as `group: ip:port`. */
export function strangers(owners: TargetOwners, observation: Observation): string[] {
  return Object.entries(observation.groups).flatMap(([group, targets]) =>
    (targets ?? [])
      .filter((target) => isRegistered(target) && owners.ownerOf(group, target.id) === undefined)
      .map((target) => `${group}: ${target.id}`),
  );
}

/** Registered targets of a member by group, sorted: the snapshot that a drain keeps in the record. */
export function snapshot(owners: TargetOwners, observation: Observation, member: string): Record<string, string[]> {
  return Object.fromEntries(
    groupsOfMember(observation, member).map((group) => [
      group,
      targetsOf(owners, observation, group, member)
        .filter(isRegistered)
        .map((target) => target.id)
        .sort(),
    ]),
  );
}

/** Whether a member serves in one target group. */
export function serves(owners: TargetOwners, observation: Observation, group: string, member: string): boolean {
  const registered = targetsOf(owners, observation, group, member).filter(isRegistered);
  const healthy = registered.filter((target) => target.state === "healthy").length;
  return healthy > 0 && healthy * 2 >= registered.length;
}

/** Whether a port has a healthy target in any of its groups, whoever's. */
export function portServes({ groups, groupOf }: Observation, port: string): Health {
  const told = groupsOfPort(groupOf, port).map((group) => groups[group] ?? null);
  if (told.some((targets) => targets?.some((target) => target.state === "healthy"))) return "healthy";
  return told.includes(null) ? "unknown" : "unhealthy";
}

/**
 * Whether a member serves: in each of its groups at least one target, and at least half of the registered ones (or all
 * but those that were sick before), are healthy. Zero targets are never healthy; a group that AWS did not tell about is
 * unknown. A port that nobody at all serves says nothing of a single member, unless there is no other port.
 */
export function healthOf(
  owners: TargetOwners,
  observation: Observation,
  member: string,
  sickBefore: (member: string, group: string) => number = () => 0,
): Health {
  const own = groupsOfMember(observation, member);
  if (own.length === 0 || own.some((group) => observation.groups[group] === null)) return "unknown";
  const ports = own.map((group) => portServes(observation, portOf(observation.groupOf, group)));
  if (ports.includes("unknown")) return "unknown";
  const served = own.filter((_, index) => ports[index] === "healthy");
  if (served.length === 0) return "unhealthy";
  const good = served.every((group) => {
    const registered = targetsOf(owners, observation, group, member).filter(isRegistered);
    const healthy = registered.filter((target) => target.state === "healthy").length;
    const sick = registered.length - healthy;
    return healthy > 0 && (sick <= healthy || sick <= sickBefore(member, group));
  });
  return good ? "healthy" : "unhealthy";
}

export function countsByMember(owners: TargetOwners, observation: Observation): Record<string, TargetCounts> {
  const counts: Record<string, { healthy: number; initial: number; draining: number; unhealthy: number }> = {};
  for (const name of Object.keys(observation.members))
    counts[name] = { healthy: 0, initial: 0, draining: 0, unhealthy: 0 };
  for (const [group, targets] of Object.entries(observation.groups)) {
    for (const target of targets ?? []) {
      const owner = owners.ownerOf(group, target.id) ?? "unknown";
      const count = (counts[owner] ??= { healthy: 0, initial: 0, draining: 0, unhealthy: 0 });
      if (target.state === "healthy") count.healthy += 1;
      else if (target.state === "initial") count.initial += 1;
      else if (isDraining(target)) count.draining += 1;
      else if (target.reason !== "Target.NotRegistered") count.unhealthy += 1;
    }
  }
  return counts;
}
