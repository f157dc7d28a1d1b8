/** When an object counts as ready: the official provider's await logic for the kinds that have one. */
import type { Limits } from "../stand-in";
import { KubeError, type KubeClient } from "./client";
import type { Dynamic, Props } from "../rpc/values";

export const awaitSeconds = 600;
const pollMs = 250;

const skipAnnotation = "pulumi.com/skipAwait";

/** Waits until the object at `path` is ready. @returns why it is not, or null; and the object as last seen. */
export async function awaitReady(
  client: KubeClient,
  path: string,
  live: Props,
  limits: Limits,
): Promise<{ readonly live: Props; readonly problems: readonly string[] }> {
  if (live.metadata?.annotations?.[skipAnnotation] === "true") return { live, problems: [] };
  const end = Date.now() + (limits.timeoutSeconds || awaitSeconds) * 1000;
  let now = live;
  for (;;) {
    const problem = await notReady(client, now);
    if (problem === null) return { live: now, problems: [] };
    if (limits.signal.aborted) return { live: now, problems: ["the operation was cancelled", problem] };
    if (Date.now() > end)
      return { live: now, problems: [`'${now.metadata.name}' timed out waiting to be Ready`, problem] };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    const next = await client.find(path, limits.signal).catch((error: Error) => {
      if (limits.signal.aborted) return now;
      throw error;
    });
    if (next === null)
      return { live: now, problems: [`object ${now.metadata.name} was deleted while it was waited for`] };
    now = next;
  }
}

async function notReady(client: KubeClient, live: Props): Promise<string | null> {
  switch (live.kind) {
    case "Deployment":
      return deployment(live);
    case "StatefulSet":
      return (
        replicas(live, live.status?.readyReplicas ?? 0) ??
        (live.status?.updateRevision !== live.status?.currentRevision
          ? "its pods are not all at the new revision"
          : null)
      );
    case "DaemonSet":
      return (live.status?.observedGeneration ?? 0) < live.metadata.generation ||
        (live.status?.updatedNumberScheduled ?? 0) < (live.status?.desiredNumberScheduled ?? 0) ||
        (live.status?.numberReady ?? 0) < (live.status?.desiredNumberScheduled ?? 0)
        ? "its pods are not all ready"
        : null;
    case "Pod":
      return live.status?.phase === "Succeeded" || condition(live, "Ready")?.status === "True"
        ? null
        : `pod is ${live.status?.phase ?? "new"}: ${condition(live, "Ready")?.message ?? "not ready"}`;
    case "Job":
      return condition(live, "Failed")?.status === "True"
        ? `job failed: ${condition(live, "Failed").message}`
        : condition(live, "Complete")?.status === "True"
          ? null
          : "job is not complete";
    case "Service":
      return service(client, live);
    case "PersistentVolumeClaim":
      return live.status?.phase === "Bound" ? null : "claim is not bound";
    case "CustomResourceDefinition":
      return condition(live, "Established")?.status === "True" ? null : "definition is not established";
    case "Namespace":
      return live.status?.phase === "Active" ? null : "namespace is not active";
    default:
      return null;
  }
}

function condition(live: Props, type: string): Dynamic {
  return live.status?.conditions?.find((one: Props) => one.type === type);
}

function replicas(live: Props, ready: number): string | null {
  if ((live.status?.observedGeneration ?? 0) < live.metadata.generation)
    return "the controller has not seen the change yet";
  return ready < (live.spec.replicas ?? 1) ? `${ready} of ${live.spec.replicas ?? 1} pods are ready` : null;
}

function deployment(live: Props): string | null {
  const wanted: number = live.spec.replicas ?? 1;
  const status = live.status ?? {};
  if ((status.observedGeneration ?? 0) < live.metadata.generation) return "the controller has not seen the change yet";
  if (condition(live, "Progressing")?.reason === "ProgressDeadlineExceeded")
    return condition(live, "Progressing").message;
  if ((status.updatedReplicas ?? 0) < wanted)
    return `${status.updatedReplicas ?? 0} of ${wanted} pods are of the new revision`;
  if ((status.replicas ?? 0) > (status.updatedReplicas ?? 0))
    return `${status.replicas - (status.updatedReplicas ?? 0)} pods of the old revision are left`;
  return (status.availableReplicas ?? 0) < wanted
    ? `${status.availableReplicas ?? 0} of ${wanted} pods are available (minimum number of Pods is not live)`
    : null;
}

/** A Service without selector, headless, or external by name needs no endpoint; a LoadBalancer needs an address too. */
async function service(client: KubeClient, live: Props): Promise<string | null> {
  const { type, selector, clusterIP } = live.spec;
  if (type === "ExternalName") return null;
  if (type === "LoadBalancer" && !(live.status?.loadBalancer?.ingress?.length > 0))
    return "Service was not allocated an IP address";
  if (selector === undefined || Object.keys(selector).length === 0 || clusterIP === "None") return null;
  const label = encodeURIComponent(`kubernetes.io/service-name=${live.metadata.name}`);
  const slices = await client.get(
    `/apis/discovery.k8s.io/v1/namespaces/${live.metadata.namespace}/endpointslices?labelSelector=${label}`,
  );
  const ready = slices.items.some((slice: Props) =>
    (slice.endpoints ?? []).some((endpoint: Props) => endpoint.conditions?.ready !== false),
  );
  return ready
    ? null
    : "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match " +
        "labels on any Pods";
}

/** Waits until nothing is at `path`; finalizers are waited for, and named when they take too long. */
export async function awaitGone(
  client: KubeClient,
  path: string,
  uid: string | undefined,
  limits: Limits,
): Promise<void> {
  const end = Date.now() + (limits.timeoutSeconds || awaitSeconds) * 1000;
  for (let wait = 50; ; wait = Math.min(wait * 2, pollMs)) {
    const live = await client.find(path, limits.signal);
    if (live === null || (uid !== undefined && live.metadata.uid !== uid)) return;
    const finalizers: string[] = live.metadata.finalizers ?? [];
    if (Date.now() > end || limits.signal.aborted) {
      throw new KubeError(
        408,
        "Timeout",
        `timed out waiting for object ${live.metadata.name} to be ` +
          `deleted${finalizers.length > 0 ? `: finalizers might be preventing deletion (${finalizers.join(", ")})` : ""}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
