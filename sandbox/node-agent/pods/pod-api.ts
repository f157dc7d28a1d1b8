/**
 * What a pod's worker asks of the API server. Calls are repeated while the server is away, so that a pod outlives its
 * absence.
 */
import { ApiError, type ApiClient } from "../../kubernetes/api-client";
import type { Pod, PodStatus } from "../../kubernetes/types";
import { retrying } from "../../kubernetes/retry";

/** The same event again within this time is not written again. */
const EVENT_PAUSE_MS = 10_000;
const MOST_REMEMBERED_EVENTS = 2_000;

export class PodApi {
  private readonly lastEvents = new Map<string, number>();

  constructor(
    private readonly client: ApiClient,
    private readonly closing: AbortSignal,
  ) {}

  /** The patched pod; undefined when it is gone, was replaced, or the pod's worker lost interest. */
  async patchStatus(pod: Pod, status: PodStatus, lost: AbortSignal): Promise<Pod | undefined> {
    const body = { metadata: { uid: pod.metadata.uid }, status: patchOf(status) };
    return this.tolerant(() => this.client.patch<Pod>(`${podPath(pod)}/status`, "strategic", body), lost);
  }

  /** A kubelet's last word about a deleted pod: everything has ended, the object may go. */
  async confirmDeleted(pod: Pod, lost: AbortSignal): Promise<void> {
    await this.tolerant(() => this.client.delete(podPath(pod), { gracePeriodSeconds: 0, uid: pod.metadata.uid }), lost);
  }

  event(pod: Pod, nodeName: string, type: "Normal" | "Warning", reason: string, message: string): void {
    const key = `${pod.metadata.uid} ${reason} ${message}`;
    const at = Date.now();
    if (at - (this.lastEvents.get(key) ?? 0) < EVENT_PAUSE_MS) return;
    if (this.lastEvents.size > MOST_REMEMBERED_EVENTS) this.lastEvents.clear();
    this.lastEvents.set(key, at);
    const time = new Date(at).toISOString();
    const { name, namespace, uid } = pod.metadata;
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
      type,
      reason,
      message,
      source: { component: "kubelet", host: nodeName },
      reportingComponent: "kubelet",
      reportingInstance: nodeName,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    // Events are for readers; losing one harms nobody.
    this.client.create(`/api/v1/namespaces/${namespace}/events`, event).catch(() => undefined);
  }

  private async tolerant<T>(call: () => Promise<T>, lost: AbortSignal): Promise<T | undefined> {
    const signal = AbortSignal.any([lost, this.closing]);
    try {
      return await retrying(async () => {
        try {
          return await call();
        } catch (error) {
          // A conflict here is the uid's: another pod has the name now.
          if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return undefined;
          throw error;
        }
      }, signal);
    } catch (error) {
      if (!signal.aborted) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return undefined;
    }
  }
}

export function podPath(pod: Pod): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
}

/** Lists are merged by the server: what must not survive (an old reason, an old address) is said explicitly. */
function patchOf(status: PodStatus): unknown {
  const replace = { $patch: "replace" };
  return {
    ...status,
    conditions: status.conditions?.map((c) => ({ ...c, reason: c.reason ?? null, message: c.message ?? null })),
    ...(status.podIPs ? { podIPs: [...status.podIPs, replace] } : {}),
    ...(status.hostIPs ? { hostIPs: [...status.hostIPs, replace] } : {}),
  };
}
