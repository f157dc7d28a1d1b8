/** What one reconcile of a binding with ip targets does. Pure. */
import { addressOf, type PodEndpoint, type Target } from "../types";

export interface DecisionInput {
  readonly multiCluster: boolean;
  /**
   * Addresses that this cluster recorded as its own; null when nothing is recorded (no ConfigMap, no copy in memory).
   */
  readonly recorded: ReadonlySet<string> | null;
  /** The record was in memory before this pass. */
  readonly remembered: boolean;
  readonly endpoints: readonly PodEndpoint[];
  /** As the target cache knows them, draining ones included. */
  readonly targets: readonly Target[];
}

export interface Decision {
  /** Something differs (a peer's targets count too): the checkpoint is emptied before anything is done. */
  readonly resetCheckpoint: boolean;
  readonly deregister: readonly Target[];
  /** The record's new content; null leaves it as it is. Written after deregistering and before registering. */
  readonly writeConfigMap: readonly string[] | null;
  readonly register: readonly PodEndpoint[];
  /** Endpoints that are targets already. */
  readonly matched: readonly { readonly endpoint: PodEndpoint; readonly target: Target }[];
}

export function decide(input: DecisionInput): Decision {
  const present = input.targets.filter((target) => target.state !== "draining");
  const registered = new Map(present.map((target) => [addressOf(target), target]));
  const wanted = new Set(input.endpoints.map(addressOf));
  const register = input.endpoints.filter((endpoint) => !registered.has(addressOf(endpoint)));
  const unmatched = present.filter((target) => !wanted.has(addressOf(target)));
  const deregister = ownedOf(unmatched, input);
  // An endpoint that somebody else registered matches and is not written down: the real controller leaks it at
  // scale-down. Only the first pass
  // after a start writes without need: nothing is in memory, and nothing unmatched made it read the object.
  const first = input.recorded === null || (!input.remembered && unmatched.length === 0);
  const changes = register.length > 0 || deregister.length > 0 || first;
  return {
    resetCheckpoint: register.length > 0 || unmatched.length > 0,
    deregister,
    writeConfigMap: input.multiCluster && changes ? [...wanted] : null,
    register,
    matched: input.endpoints.flatMap((endpoint) => {
      const target = registered.get(addressOf(endpoint));
      return target ? [{ endpoint, target }] : [];
    }),
  };
}

/** What the end of a binding deregisters. */
export function decideCleanup(input: Omit<DecisionInput, "endpoints" | "remembered">): readonly Target[] {
  return ownedOf(
    input.targets.filter((target) => target.state !== "draining"),
    input,
  );
}

/** Without the flag every target is taken for the controller's own: that is how a peer gets evicted. */
function ownedOf(
  targets: readonly Target[],
  input: Pick<DecisionInput, "multiCluster" | "recorded">,
): readonly Target[] {
  if (!input.multiCluster) return targets;
  return targets.filter((target) => input.recorded?.has(addressOf(target)) ?? false);
}
