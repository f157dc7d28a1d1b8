/**
 * When a teardown may take the primary's load balancers away: the last thing before its cluster goes, and nothing else
 * in between. Pure.
 */
import { RECORD_INVALID } from "../contract";
import { describeMove } from "./moves";
import type { EnvironmentRecord, Ownership } from "./types";

/** `unprotect`: the Services say that they may be deleted · `remove`: they are no longer declared. */
export type Release = "unprotect" | "remove";

/** Why the primary's Services of type LoadBalancer may not go (yet); null: they may. */
export function releaseProblem(record: EnvironmentRecord, ownership: Ownership, member: string): string | null {
  if (ownership.owner !== "service" || ownership.primary !== member)
    return `'${member}' is not the primary whose Services own the load balancers`;
  if (record.rollout?.command?.name !== "teardown")
    return "load balancers of Services are deleted by a teardown alone, and the record has none";
  if (record.intent !== null) return `a move is open (${describeMove(record.intent.move)})`;
  const others = Object.keys(record.placement).filter(
    (name) => name !== member && record.placement[name]?.role !== "absent",
  );
  if (others.length > 0)
    return (
      `${others.join(", ")} is still there: its rules refer to the primary's security group, and its targets would ` +
      "go with the target groups"
    );
  const at = record.placement[member];
  return at?.role === "standby" && at.workload === "stopped" ? null : `'${member}' is not drained and stopped`;
}

/** @throws when it may not be done now; inside the update, under the stack's lock */
export function mayRelease(record: EnvironmentRecord, ownership: Ownership, member: string): void {
  const problem = releaseProblem(record, ownership, member);
  if (problem !== null) throw new Error(`${RECORD_INVALID}: the load balancers stay: ${problem}`);
}

/** A plain update between the two would protect, or even make, the load balancers once more. */
export function refusePlainUpdate(
  record: EnvironmentRecord,
  ownership: Ownership,
  member: string,
  environment: string,
): void {
  if (releaseProblem(record, ownership, member) !== null) return;
  throw new Error(
    `'${environment}' is being torn down (since ${record.rollout?.startedAt ?? "?"}), and the load balancers of ` +
      `'${member}' go now. Remedy: let the driver finish: eks-blue-green teardown --stack ${environment}`,
  );
}
