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
  /** And its name, where there may be several. */
  readonly kind: string;
}

/** The stack's own; one that the controller made for the primary's Service is the controller's to make again. */
export const isBindingLost = (seen: MemberServiceObservation | undefined): boolean =>
  seen !== undefined && seen.declaredBinding !== null && seen.stays !== true && seen.bindings.length === 0;

/** Of a workload from files, what it is known by. */
function lostOfFiles({ external }: MemberServiceObservation): string[] {
  if (external?.fromFiles === undefined) return [];
  const { service, serviceName, objects } = external;
  const gone = objects.filter(({ status }) => status === "not-found").map(({ kind, name }) => `${kind} ${name}`);
  return [...(service === null ? [`Service ${serviceName}`] : []), ...gone];
}

/**
 * `owned`: ports of services whose Deployments the stacks declare. The observation must have looked at workloads.
 * Members that don't answer are passed over.
 */
export function lostObjects(
  observation: Observation,
  members: readonly string[],
  owned: readonly string[],
): LostObject[] {
  return members.flatMap((member): LostObject[] => {
    const seen = observation.members[member];
    if (seen === undefined || !seen.reachable) return [];
    return Object.entries(seen.services).flatMap(([service, state]) => {
      const isOwned = owned.includes(portOf(observation.groupOf, service)) && state.deployment === null;
      const kinds = [
        ...(isBindingLost(state) ? ["TargetGroupBinding"] : []),
        ...(isOwned ? ["Deployment"] : []),
        ...lostOfFiles(state),
      ];
      return kinds.map((kind) => ({ member, service, kind }));
    });
  });
}

export const describeLost = ({ member, service, kind }: LostObject): string =>
  `the ${kind} of '${service}' on ${member} is gone, though its stack declares it: somebody deleted it by hand`;

/** `up` looks for what is gone before it updates. */
export const declareAgain = (environment?: string): string =>
  `eks-blue-green up${environment === undefined ? "" : ` --stack ${environment}`} declares it again; then run ` +
  "the same command again";
