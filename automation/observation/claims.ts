/**
 * Two members that say a target is theirs. A member's lists (a ConfigMap, EndpointSlices) can be written by whoever may
 * edit an application's namespace, so none of them decides against the other: EC2 does, or nobody. Pure.
 */
import type { AddressOwner } from "../ports";
import type { Observation } from "./observe";

export interface Claim {
  /** Target group key. */
  readonly key: string;
  readonly id: string;
  /** Members that answer and list it, or have it as an endpoint; two at least. */
  readonly members: readonly string[];
}

export const claimKey = (key: string, id: string): string => `${key}|${id}`;

/** Members that claim each target, by `key|ip:port`. */
export function claimants(observation: Observation): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const member of Object.values(observation.members))
    for (const [key, seen] of Object.entries(member.services))
      for (const id of new Set([...(seen.recorded ?? []), ...seen.endpoints])) {
        const one = claimKey(key, id);
        const known = found.get(one);
        if (known === undefined) found.set(one, [member.name]);
        else known.push(member.name);
      }
  return found;
}

/** Registered targets that more than one member claims. */
export function contested(observation: Observation): Claim[] {
  const all = claimants(observation);
  return Object.entries(observation.groups).flatMap(([key, targets]) =>
    (targets ?? []).flatMap(({ id }): Claim[] => {
      const members = all.get(claimKey(key, id)) ?? [];
      return members.length < 2 ? [] : [{ key, id, members }];
    }),
  );
}

/** The one claimant whose cluster EC2 names, and no other's; null: EC2 does not settle it. */
export function settledBy(
  claim: Claim,
  owner: AddressOwner | undefined,
  clusterOf: (member: string) => string | undefined,
): string | null {
  const clusters = owner?.clusters ?? [];
  if (clusters.length !== 1) return null;
  return claim.members.find((member) => clusterOf(member) === clusters[0]) ?? null;
}

export const describeClaim = ({ key, id, members }: Claim): string => `${id} in '${key}' (${members.join(" and ")})`;
