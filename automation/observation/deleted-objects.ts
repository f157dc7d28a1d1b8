/**
 * Objects that a member's stack declares and its cluster does not have: somebody deleted them by hand. The state still
 * has them, so that a
 * plain update sees nothing to do; only one that reads them anew declares them again. Pure.
 */
import { portOf } from "../../stacks/config/group-refs";
import type { MemberServiceObservation, Observation } from "./observe";

export interface LostObject {
  readonly member: string;
  /** Target group key. */
  readonly service: string;
  readonly kind: "TargetGroupBinding" | "Deployment";
}

/** The stack's own; one that the controller made for the primary's Service is the controller's to make again. */
export const isBindingLost = (seen: MemberServiceObservation | undefined): boolean =>
  seen !== undefined && seen.declaredBinding !== null && seen.stays !== true && seen.bindings.length === 0;

/**
 * `owned`: ports of services whose Deployments the stacks declare. The observation must have looked at workloads.
 * Members that don't answer are passed over.
 */
export function lostObjects(
  observation: Observation,
  members: readonly string[],
  owned: readonly string[],
): LostObject[] {
  return members.flatMap((member) => {
    const seen = observation.members[member];
    if (seen === undefined || !seen.reachable) return [];
    return Object.entries(seen.services).flatMap(([service, state]): LostObject[] => [
      ...(isBindingLost(state) ? [{ member, service, kind: "TargetGroupBinding" as const }] : []),
      ...(owned.includes(portOf(observation.groupOf, service)) && state.deployment === null
        ? [{ member, service, kind: "Deployment" as const }]
        : []),
    ]);
  });
}

export const describeLost = ({ member, service, kind }: LostObject): string =>
  `the ${kind} of '${service}' on ${member} is gone, though its stack declares it: somebody deleted it by hand`;

/** `up` looks for what is gone before it updates. */
export const declareAgain = (environment?: string): string =>
  `eks-blue-green up${environment === undefined ? "" : ` --stack ${environment}`} declares it again; then run ` +
  "the same command again";
