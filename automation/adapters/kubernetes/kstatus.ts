/**
 * How an object stands, by the rules of kstatus (sigs.k8s.io/cli-utils, read 2026-11): generation and conditions for
 * any kind, and what kinds of Kubernetes say besides; and of the objects of Argo and Flux what these rules don't see.
 * Stricter in one thing: an object that does not say how it stands is not taken for a good one. Pure.
 */
import type { ObjectStatus, ReadyObject } from "../../ports/external-workload";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}
export interface StatusObject {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly replicas?: number;
    /** Flux: nothing is reconciled, and what the conditions say is old. */
    readonly suspend?: boolean;
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } };
  };
  readonly status?: {
    readonly observedGeneration?: number | string;
    readonly conditions?: readonly Condition[];
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly numberReady?: number;
    /** Of a PersistentVolumeClaim, a Pod, a Rollout of Argo. */
    readonly phase?: string;
    readonly message?: string;
    /** Argo CD. */
    readonly sync?: { readonly status?: string };
    readonly health?: { readonly status?: string; readonly message?: string };
  };
}

type Status = Pick<ReadyObject, "status" | "message">;
const status = (name: ObjectStatus, message: string): Status => ({ status: name, message });
const current = status("current", "");
const busy = (message: string): Status => status("in-progress", message);

const conditionOf = ({ status: now }: StatusObject, type: string): Condition | undefined =>
  now?.conditions?.find((one) => one.type === type);
const saying = ({ reason, message }: Condition): string => message ?? reason ?? "no reason is given";

export function objectStatus(object: StatusObject | null): Status {
  if (object === null) return status("not-found", "it is not there");
  if (object.metadata.deletionTimestamp !== undefined) return status("terminating", "it is being deleted");
  if (object.spec?.suspend === true) return status("suspended", "it is suspended, so what it says may be old");
  const { generation } = object.metadata;
  const seen = object.status?.observedGeneration;
  if (generation !== undefined && seen !== undefined && Number(seen) < generation)
    return busy("its controller has not seen the last change");
  const general = byConditions(object);
  if (general !== null) return general;
  switch (object.kind) {
    case "Deployment":
    case "StatefulSet":
    case "DaemonSet":
      return byReplicas(object, object.kind);
    case "Job":
      return holding(object, "Complete", "it has not completed");
    case "CustomResourceDefinition":
      return holding(object, "Established", "it is not established");
    case "PersistentVolumeClaim":
      return inPhase(object, "Bound");
    case "Pod":
      return holding(object, "Ready", "it is not ready");
    case "Rollout":
      return argoRollout(object);
    default:
      return argoApplication(object) ?? (hasReady(object) ? current : unsaid(object));
  }
}

/** Null: nothing speaks against it. */
function byConditions(object: StatusObject): Status | null {
  const stalled = conditionOf(object, "Stalled");
  if (stalled?.status === "True") return status("failed", saying(stalled));
  const gaveUp = conditionOf(object, "Failed");
  if (gaveUp?.status === "True") return status("failed", saying(gaveUp));
  const reconciling = conditionOf(object, "Reconciling");
  if (reconciling?.status === "True") return busy(saying(reconciling));
  const ready = conditionOf(object, "Ready");
  if (ready !== undefined && ready.status !== "True") return busy(saying(ready));
  const { generation } = object.metadata;
  if (generation !== undefined && (ready?.observedGeneration ?? generation) < generation)
    return busy("its controller has not seen the last change");
  return null;
}

const hasReady = (object: StatusObject): boolean => conditionOf(object, "Ready")?.status === "True";

const holding = (object: StatusObject, type: string, otherwise: string): Status =>
  conditionOf(object, type)?.status === "True" ? current : busy(otherwise);

const inPhase = ({ status: now }: StatusObject, wanted: string): Status =>
  now?.phase === wanted ? current : busy(`it is ${now?.phase ?? "in no phase yet"}`);

/** Kubernetes' own groups have kinds that never say anything: a ConfigMap, a Role. */
const ownGroup = ({ apiVersion = "v1" }: StatusObject): boolean => {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return !group.includes(".") || group.endsWith(".k8s.io");
};

function unsaid(object: StatusObject): Status {
  const available = conditionOf(object, "Available");
  if (available !== undefined) return available.status === "True" ? current : busy(saying(available));
  if (ownGroup(object)) return current;
  return busy(
    object.status === undefined
      ? "its controller has not said yet how it stands"
      : "it does not say how it stands: it has no condition Ready or Available",
  );
}

function byReplicas(object: StatusObject, kind: "Deployment" | "StatefulSet" | "DaemonSet"): Status {
  const now = object.status;
  // The API server keeps what a controller has not written yet as nothing at all.
  if (now?.observedGeneration === undefined) return busy("its controller has not seen it yet");
  const exceeded = conditionOf(object, "Progressing");
  if (exceeded?.reason === "ProgressDeadlineExceeded") return status("failed", saying(exceeded));
  if (kind === "DaemonSet") {
    const wanted = now.desiredNumberScheduled ?? 0;
    return enough(wanted, {
      updated: now.updatedNumberScheduled,
      available: now.numberAvailable,
      ready: now.numberReady,
    });
  }
  const wanted = object.spec?.replicas ?? 1;
  if (wanted === 0) return busy("it is scaled to zero");
  if (kind === "StatefulSet") {
    const { type, rollingUpdate } = object.spec?.updateStrategy ?? {};
    const updates = type !== "OnDelete" && (rollingUpdate?.partition ?? 0) === 0;
    if (updates && now.updateRevision !== undefined && now.currentRevision !== now.updateRevision)
      return busy("pods of its last revision are missing");
    return enough(wanted, { ready: now.readyReplicas });
  }
  if ((now.replicas ?? 0) > (now.updatedReplicas ?? 0)) return busy("pods of an older revision still run");
  return enough(wanted, { updated: now.updatedReplicas, available: now.availableReplicas, ready: now.readyReplicas });
}

function enough(wanted: number, counts: Readonly<Record<string, number | undefined>>): Status {
  for (const [word, count = 0] of Object.entries(counts))
    if (count < wanted) return busy(`${count} of ${wanted} pods are ${word}`);
  return current;
}

/** Healthy is one whose pods all are of the wanted revision; a canary that waits for somebody is paused. */
function argoRollout(object: StatusObject): Status {
  if (object.spec?.replicas === 0) return busy("it is scaled to zero");
  const { phase, message } = object.status ?? {};
  if (phase !== "Degraded") return inPhase(object, "Healthy");
  return status("failed", `it is Degraded${message === undefined ? "" : `: ${message}`}`);
}

function argoApplication({ kind, status: now }: StatusObject): Status | null {
  if (now?.sync === undefined && now?.health === undefined)
    return kind === "Application" ? busy("its controller has not said yet how it stands") : null;
  if (now.sync?.status !== "Synced") return busy(`it is ${now.sync?.status ?? "not synced"}`);
  const { status: health, message } = now.health ?? {};
  if (health === "Healthy") return current;
  const why = `it is ${health ?? "of unknown health"}${message === undefined ? "" : `: ${message}`}`;
  return health === "Degraded" ? status("failed", why) : busy(why);
}
