/** Pure transitions of the record for `evacuate`. */
import type { Evacuation } from "./evacuation";
import type { EnvironmentRecord, MemberPlacement } from "./types";

/** Whatever rollout was under way ends here: it was planned with a member that no longer does what it is told. */
export function beginEvacuation(record: EnvironmentRecord, evacuation: Evacuation): EnvironmentRecord {
  return { ...record, revision: record.revision + 1, rollout: null, intent: null, evacuation };
}

/** Its targets are gone and stay gone. */
export function commitEvacuation(record: EnvironmentRecord, at: string): EnvironmentRecord {
  const { evacuation, ...rest } = record;
  if (evacuation == null) return record;
  const { member, by, why, roleName, unbound } = evacuation;
  const stands = record.placement[member] as MemberPlacement;
  return {
    ...rest,
    revision: record.revision + 1,
    placement: {
      ...record.placement,
      [member]: { ...stands, role: "standby", evacuated: { at, by, why, roleName, ...(unbound ? { unbound } : {}) } },
    },
  };
}

/** The same placement for a member that is in order again. */
export function inOrder(placement: MemberPlacement): MemberPlacement {
  const { evacuated: _, ...rest } = placement;
  return rest;
}
