/**
 * Whose target is it? By the controllers' own lists and the clusters' endpoints; remembered, so that a dead member's
 * targets keep their owner.
 */
import type { TargetCounts } from "../events";
import type { Health, Target } from "../ports";
import { claimants, claimKey } from "./claims";
import type { Observation } from "./observe";

/**
 * Member by `service|ip:port`. A later sighting wins when one member alone claims the target: an address may be used
 * again. What two members claim keeps the owner that it had, or has none (see claims.ts).
 */
export type Ownership = ReadonlyMap<string, string>;
const key = claimKey;

/** `settled`: what EC2 has said of targets that two members claim. */
export function learnOwners(known: Ownership, observation: Observation, settled: Ownership = new Map()): Ownership {
  let owners: Map<string, string> | null = null;
  // Every round looks, and most learn nothing: only news is worth a copy.
  const learn = (one: string, member: string): void => {
    if ((owners ?? known).get(one) === member) return;
    owners ??= new Map(known);
    owners.set(one, member);
  };
  const claimed = claimants(observation);
  for (const [one, members] of claimed) {
    const [only, other] = members;
    const owner = other === undefined ? only : settled.get(one);
    if (owner !== undefined) learn(one, owner);
  }
  // What nobody who answers knows of can only belong to the one who does not answer.
  const silent = Object.values(observation.members).filter((member) => !member.reachable);
  const only = silent.length === 1 ? silent[0] : undefined;
  if (only !== undefined) {
    for (const [service, targets] of Object.entries(observation.groups)) {
      for (const target of targets ?? [])
        if (!(owners ?? known).has(key(service, target.id)) && !claimed.has(key(service, target.id)))
          learn(key(service, target.id), only.name);
    }
  }
  return owners ?? known;
}

export function targetsOf(
  owners: Ownership,
  observation: Observation,
  service: string,
  member: string,
): readonly Target[] {
  return (observation.groups[service] ?? []).filter((target) => owners.get(key(service, target.id)) === member);
}

export const isDraining = (target: Target): boolean =>
  target.state === "draining" || target.state === "unhealthy.draining";
/**
 * Registered and not on its way out. A target that was asked for by name and is unknown comes back as
 * unused/Target.NotRegistered.
 */
export const isRegistered = (target: Target): boolean =>
  !isDraining(target) && target.reason !== "Target.NotRegistered";

/** Registered targets that no member is known to have, as `service: ip:port`. */
export function strangers(owners: Ownership, observation: Observation): string[] {
  return Object.entries(observation.groups).flatMap(([service, targets]) =>
    (targets ?? [])
      .filter((target) => isRegistered(target) && !owners.has(key(service, target.id)))
      .map((target) => `${service}: ${target.id}`),
  );
}

/** Registered targets of a member by service, sorted: the snapshot that a drain keeps in the record. */
export function snapshot(owners: Ownership, observation: Observation, member: string): Record<string, string[]> {
  return Object.fromEntries(
    Object.keys(observation.groups).map((service) => [
      service,
      targetsOf(owners, observation, service, member)
        .filter(isRegistered)
        .map((target) => target.id)
        .sort(),
    ]),
  );
}

/** Whether a member serves in one target group. */
export function serves(owners: Ownership, observation: Observation, service: string, member: string): boolean {
  const registered = targetsOf(owners, observation, service, member).filter(isRegistered);
  const healthy = registered.filter((target) => target.state === "healthy").length;
  return healthy > 0 && healthy * 2 >= registered.length;
}

/**
 * Whether a member serves: in every service at least one target, and at least half of the registered ones (or all but
 * those that were sick before), are healthy. Zero targets are never healthy; a group that AWS did not tell about is
 * unknown. A service that nobody at all serves says nothing of a single member, unless there is no other service.
 */
export function healthOf(
  owners: Ownership,
  observation: Observation,
  member: string,
  sickBefore: (member: string, service: string) => number = () => 0,
): Health {
  const services = Object.keys(observation.groups);
  if (services.length === 0 || services.some((service) => observation.groups[service] === null)) return "unknown";
  const served = services.filter((service) =>
    (observation.groups[service] ?? []).some((target) => target.state === "healthy"),
  );
  if (served.length === 0) return "unhealthy";
  const serves = served.every((service) => {
    const registered = targetsOf(owners, observation, service, member).filter(isRegistered);
    const healthy = registered.filter((target) => target.state === "healthy").length;
    const sick = registered.length - healthy;
    return healthy > 0 && (sick <= healthy || sick <= sickBefore(member, service));
  });
  return serves ? "healthy" : "unhealthy";
}

export function countsByMember(owners: Ownership, observation: Observation): Record<string, TargetCounts> {
  const counts: Record<string, { healthy: number; initial: number; draining: number; unhealthy: number }> = {};
  for (const name of Object.keys(observation.members))
    counts[name] = { healthy: 0, initial: 0, draining: 0, unhealthy: 0 };
  for (const [service, targets] of Object.entries(observation.groups)) {
    for (const target of targets ?? []) {
      const owner = owners.get(key(service, target.id)) ?? "unknown";
      const count = (counts[owner] ??= { healthy: 0, initial: 0, draining: 0, unhealthy: 0 });
      if (target.state === "healthy") count.healthy += 1;
      else if (target.state === "initial") count.initial += 1;
      else if (isDraining(target)) count.draining += 1;
      else if (target.reason !== "Target.NotRegistered") count.unhealthy += 1;
    }
  }
  return counts;
}
