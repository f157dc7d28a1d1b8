/** Pure transitions of the record for `evacuate`. */
import type { Evacuation } from "./evacuation";
import { withoutFailing } from "./failing-before";
import { signatureOf } from "./signature";
import type { EnvironmentRecord, MemberPlacement } from "./types";

/**
 * Whatever rollout was under way ends here: it was planned with a member that no longer does what it is told. A move of
 * another member that is open stays, because it may be half done: it is finished afterwards, and nothing else of it. (One
 * that was coming in counts as in.)
 */
export function beginEvacuation(record: EnvironmentRecord, evacuation: Evacuation): EnvironmentRecord {
  const { rollout, intent } = record;
  const kept =
    intent !== null &&
    intent.move.member !== evacuation.member &&
    intent.move.kind !== "admit" &&
    evacuation.teardown !== true;
  return {
    ...record,
    revision: record.revision + 1,
    ...(kept && rollout !== null
      ? {
          rollout: { ...rollout, steps: [{ type: "move" as const, ...intent.move }], done: 0, cut: true as const },
          intent: { ...intent, step: 0 },
        }
      : { rollout: null, intent: null }),
    evacuation,
  };
}

/** Its targets are gone and stay gone. */
export function commitEvacuation(record: EnvironmentRecord, at: string): EnvironmentRecord {
  const { evacuation, ...rest } = record;
  if (evacuation == null) return record;
  const { member, startedAt, why, roleName, unbound } = evacuation;
  const signature = signatureOf(evacuation);
  const { share: _, ...stands } = record.placement[member] as MemberPlacement;
  return {
    ...rest,
    revision: record.revision + 1,
    rollout: record.rollout === null ? null : withoutFailing(record.rollout),
    placement: {
      ...record.placement,
      [member]: {
        ...stands,
        role: "standby",
        evacuated: { at, ...signature, why, roleName, ...(unbound ? { unbound } : {}) },
      },
    },
    lastTraffic: { kind: "evacuate", member, startedAt, ...signature },
  };
}

/** The same placement for a member that is in order again. */
export function inOrder(placement: MemberPlacement): MemberPlacement {
  const { evacuated: _, ...rest } = placement;
  return rest;
}
