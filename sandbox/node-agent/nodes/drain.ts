/**
 * Empties a node before it goes, as EKS does with a managed node group's: evict within the disruption budgets; when
 * forced, then without them.
 */
import { scaledMs } from "../../shared/clock";
import type { NodeRemoval } from "../../contract";
import { ApiError, type ApiClient } from "../../kubernetes/api-client";
import type { Pod } from "../../kubernetes/types";
import { podPath } from "../pods/pod-api";
import { orGone, retrying, sleep } from "../../kubernetes/retry";
import { graceSeconds, LEAST_REAL_MS, stopMs } from "../containers/termination";

/**
 * EKS waits 15 minutes for evictions (PodEvictionFailure after that); a forced update or a deletion goes on without the
 * budgets.
 */
const EVICTION_LIMIT_SECONDS = 900;
const EVICTION_LIMIT_FLOOR_MS = 10_000;
const EVICTION_PAUSE_MS = 250;
/** After a pod's grace: time for its last status and deletion to get through. */
const SLACK_MS = 5_000;

export interface DrainDeps {
  readonly client: ApiClient;
  readonly timeScale: number;
  readonly closing: AbortSignal;
  /** The pods bound to the node at this moment. */
  podsOn(node: string): readonly Pod[];
}

const ofDaemonSet = (pod: Pod): boolean =>
  pod.metadata.ownerReferences?.some((o) => o.kind === "DaemonSet" && o.controller) ?? false;
const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

/**
 * Resolves when no pod is left on the node (those of DaemonSets go last), at the latest after the limit and the longest
 * grace.
 * @returns pods that budgets kept; nothing was done against the budgets then
 */
export async function drainNode(node: string, removal: NodeRemoval, deps: DrainDeps): Promise<readonly Pod[]> {
  const limit = Date.now() + Math.max(EVICTION_LIMIT_FLOOR_MS, scaledMs(EVICTION_LIMIT_SECONDS, deps.timeScale));
  const evictable = (): readonly Pod[] => deps.podsOn(node).filter((pod) => !ofDaemonSet(pod));
  while (!deps.closing.aborted && Date.now() < limit) {
    const waiting = evictable().filter((pod) => pod.metadata.deletionTimestamp === undefined);
    if (waiting.length === 0) break;
    await Promise.all(waiting.map((pod) => evict(pod, deps)));
    await sleep(EVICTION_PAUSE_MS, deps.closing);
  }
  const kept = evictable().filter((pod) => pod.metadata.deletionTimestamp === undefined);
  if (removal === "within-budgets" && kept.length > 0) return kept;
  await deleteAll(evictable, deps);
  await deleteAll(() => deps.podsOn(node), deps);
  return [];
}

/** A budget's refusal (429) is no error: the next round asks again. */
async function evict(pod: Pod, deps: DrainDeps): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  if (isOver(pod)) return deletePod(pod, deps);
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await deps.client.create(`${podPath(pod)}/eviction`, eviction);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

async function deletePod(pod: Pod, deps: DrainDeps, gracePeriodSeconds?: number): Promise<void> {
  const options = { uid: pod.metadata.uid, ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }) };
  const call = async (): Promise<unknown> => {
    try {
      return await orGone(deps.client.delete(podPath(pod), options));
    } catch (error) {
      // Another pod has the name: this one is gone.
      if (error instanceof ApiError && error.status === 409) return undefined;
      throw error;
    }
  };
  await retrying(call, deps.closing);
}

/** Deletes with grace, waits for it, then by force. */
async function deleteAll(pods: () => readonly Pod[], deps: DrainDeps): Promise<void> {
  const present = pods();
  if (present.length === 0) return;
  const open = present.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  await Promise.all(open.map((pod) => deletePod(pod, deps)));
  const longest = Math.max(
    ...present.map((pod) =>
      graceSeconds(pod.metadata.deletionGracePeriodSeconds, pod.spec.terminationGracePeriodSeconds),
    ),
  );
  const uids = new Set(present.map((pod) => pod.metadata.uid));
  const end = Date.now() + stopMs(longest, deps.timeScale) + LEAST_REAL_MS + SLACK_MS;
  const left = (): readonly Pod[] => pods().filter((pod) => uids.has(pod.metadata.uid));
  while (left().length > 0 && Date.now() < end && !deps.closing.aborted) await sleep(50, deps.closing);
  await Promise.all(left().map((pod) => deletePod(pod, deps, 0)));
}
