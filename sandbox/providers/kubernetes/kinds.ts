/** What is known of kinds without asking an API server: their names, their scope, which changes need another object. */
import type { Props } from "../rpc/values";

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** `ServicePatch` and its like: some fields of an object that is somebody else's. */
  readonly patch: boolean;
}

/**
 * `kubernetes:apps/v1:Deployment` → apps/v1 Deployment; `kubernetes:core/v1:ServicePatch` → some fields of a v1
 * Service. Null for anything else (Helm, Provider, overlays).
 */
export function kindOfToken(token: string): Kind | null {
  const [pkg, group, named] = token.split(":");
  if (
    pkg !== "kubernetes" ||
    group === undefined ||
    named === undefined ||
    group.startsWith("helm.sh/") ||
    !group.includes("/")
  )
    return null;
  const patch = named.endsWith("Patch") && named !== "Patch";
  const kind = patch ? named.slice(0, -"Patch".length) : named;
  const [name, version] = group.split("/") as [string, string];
  if (name === "core") return { apiVersion: version, kind, patch };
  // The SDK leaves `.k8s.io` out of the built-in groups' module names.
  return { apiVersion: `${builtInGroups[name] ?? name}/${version}`, kind, patch };
}

const builtInGroups: Readonly<Record<string, string>> = {
  admissionregistration: "admissionregistration.k8s.io",
  apiextensions: "apiextensions.k8s.io",
  apiregistration: "apiregistration.k8s.io",
  certificates: "certificates.k8s.io",
  coordination: "coordination.k8s.io",
  discovery: "discovery.k8s.io",
  events: "events.k8s.io",
  flowcontrol: "flowcontrol.apiserver.k8s.io",
  networking: "networking.k8s.io",
  node: "node.k8s.io",
  rbac: "rbac.authorization.k8s.io",
  resource: "resource.k8s.io",
  scheduling: "scheduling.k8s.io",
  storage: "storage.k8s.io",
  "admissionregistration.k8s.io": "admissionregistration.k8s.io",
  "rbac.authorization.k8s.io": "rbac.authorization.k8s.io",
};

const clusterScoped = new Set([
  "Namespace",
  "Node",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "APIService",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "IngressClass",
  "IngressClassParams",
  "StorageClass",
  "VolumeAttachment",
  "CSIDriver",
  "CSINode",
  "RuntimeClass",
  "PriorityClass",
  "CertificateSigningRequest",
  "FlowSchema",
  "PriorityLevelConfiguration",
  "GatewayClass",
  "DeviceClass",
  "ClusterTrustBundle",
  "ServiceCIDR",
  "IPAddress",
]);
export const isNamespaced = (kind: string): boolean => !clusterScoped.has(kind);

/** As the official provider's table of immutable fields. */
const replacedOn: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ["data", "binaryData", "immutable"],
  Secret: ["data", "stringData", "type", "immutable"],
  Deployment: ["spec.selector"],
  ReplicaSet: ["spec.selector"],
  DaemonSet: ["spec.selector"],
  StatefulSet: [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  Job: ["spec.completions", "spec.selector", "spec.template"],
  Pod: [
    "spec.containers",
    "spec.initContainers",
    "spec.nodeName",
    "spec.nodeSelector",
    "spec.serviceAccountName",
    "spec.volumes",
    "spec.restartPolicy",
    "spec.hostNetwork",
    "spec.affinity",
  ],
  Service: ["spec.clusterIP", "spec.type"],
  PersistentVolumeClaim: [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeName",
    "spec.volumeMode",
  ],
  StorageClass: ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
  RoleBinding: ["roleRef"],
  ClusterRoleBinding: ["roleRef"],
  PodDisruptionBudget: [],
  IngressClass: ["spec.controller"],
  TargetGroupBinding: [],
};

export function replacesOn(kind: string, config: Props, patch = false): readonly string[] {
  // A patch that goes gives its fields up, and the API server says what may not change.
  if (patch) return ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
  const mutable =
    (kind === "ConfigMap" && isTrue(config["enableConfigMapMutable"])) ||
    (kind === "Secret" && isTrue(config["enableSecretMutable"]));
  // A Service that becomes or stops being headless or external is another one; other changes of type are in place.
  const own = kind === "Service" ? ["spec.clusterIP"] : (replacedOn[kind] ?? []);
  return ["apiVersion", "kind", "metadata.name", "metadata.namespace", ...(mutable ? [] : own)];
}

/** Provider settings arrive as text. */
export function isTrue(value: unknown): boolean {
  return value === true || value === "true";
}
