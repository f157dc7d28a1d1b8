/** Kubernetes objects as they stand in files, and in which namespace each belongs. Pure. */
import { isObject } from "../../components/internal/plain-object";
import type { ObjectReference } from "../contract";

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** An object, and where it was read: a path as the config's, or the overlay that it was made of. */
export interface FromFile<T = KubernetesObject> {
  readonly file: string;
  readonly object: T;
}

export const isKubernetesObject = (value: unknown): value is KubernetesObject =>
  isObject(value) &&
  typeof value["apiVersion"] === "string" &&
  typeof value["kind"] === "string" &&
  isObject(value["metadata"]) &&
  typeof value["metadata"]["name"] === "string" &&
  value["metadata"]["name"] !== "";

export const groupOf = ({ apiVersion }: Pick<KubernetesObject, "apiVersion">): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** `Deployment shop/web`, for messages. */
export const nameOf = ({ kind, metadata: { name, namespace } }: KubernetesObject): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/** `v1` `List` and its like, as `kubectl get -o yaml` writes them. */
export function withoutLists(value: unknown): unknown[] {
  const isList = isObject(value) && String(value["kind"]).endsWith("List") && Array.isArray(value["items"]);
  return isList ? (value["items"] as unknown[]).flatMap(withoutLists) : [value];
}

/** Kinds of Kubernetes' own groups that have no namespace (kubernetes 1.36, `kubectl api-resources --namespaced=false`). */
const clusterKinds: ReadonlySet<string> = new Set([
  ...["APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding"],
  ...["ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "DeviceTaintRule"],
  ...["FlowSchema", "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
  ...["MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass"],
  ...["PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass"],
  ...["StorageVersion", "StorageVersionMigration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
  ...["ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass"],
]);

const isOwnGroup = (group: string): boolean => !group.includes(".") || group.endsWith(".k8s.io");

/** `group/kind` of what these definitions say has no namespace. */
function clusterWide(objects: readonly KubernetesObject[]): ReadonlySet<string> {
  return new Set(
    objects
      .filter(({ kind, spec }) => kind === "CustomResourceDefinition" && spec?.["scope"] === "Cluster")
      .map(
        ({ spec }) => `${String(spec?.["group"])}/${String((spec?.["names"] as { kind?: unknown } | undefined)?.kind)}`,
      ),
  );
}

/**
 * Objects without a namespace get the service's, as `kubectl apply --namespace` would do. Of a kind that neither
 * Kubernetes nor a definition beside it says to have none, an empty `namespace` says so.
 */
export function inNamespaces(all: readonly FromFile[], namespace: string): FromFile[] {
  const withoutNamespace = clusterWide(all.map(({ object }) => object));
  const has = (object: KubernetesObject): boolean => {
    const group = groupOf(object);
    if (isOwnGroup(group) && clusterKinds.has(object.kind)) return false;
    return object.metadata.namespace !== "" && !withoutNamespace.has(`${group}/${object.kind}`);
  };
  return all.map(({ file, object }) => {
    const { namespace: written, ...metadata } = object.metadata;
    const placed = has(object) ? { ...metadata, namespace: written ?? namespace } : metadata;
    return { file, object: { ...object, metadata: placed as KubernetesObject["metadata"] } };
  });
}

const isRollout = (object: KubernetesObject): boolean => object.kind === "Rollout" && groupOf(object) === "argoproj.io";

/** What runs pods for as long as it is there. */
export const runsPods = (object: KubernetesObject): boolean =>
  (groupOf(object) === "apps" && ["Deployment", "StatefulSet", "DaemonSet"].includes(object.kind)) || isRollout(object);

export const referenceTo = ({ apiVersion, kind, metadata }: KubernetesObject): ObjectReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
});
