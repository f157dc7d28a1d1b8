/**
 * What Kubernetes' Pod Security Standard `restricted` refuses, of what a fragment of a pod template can say
 * (kubernetes.io/docs/concepts/security/pod-security-standards; 2026-12-01). Pure.
 */
import { isObject } from "./plain-object";
import { type Json, objectsIn, type PodTemplatePart } from "./pod-template";

/** Adds one problem. */
export type Add = (path: string, value: unknown, rule: string, remedy: string) => void;

const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];
const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
]);
const rule = "is refused by podSecurity.profile restricted";
const remedy = "Remove it, or use podSecurity.profile baseline";

/** Values that the standard refuses, by the key of a security context. */
const refused: Readonly<Record<string, (value: unknown) => boolean>> = {
  privileged: (value) => value === true,
  allowPrivilegeEscalation: (value) => value !== false,
  runAsNonRoot: (value) => value !== true,
  runAsUser: (value) => value === 0 || value === null,
  appArmorProfile: (value) => !isObject(value) || value["type"] === "Unconfined",
  seLinuxOptions: (value) =>
    isObject(value) &&
    (value["user"] !== undefined ||
      value["role"] !== undefined ||
      !["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"].includes(
        String(value["type"] ?? ""),
      )),
  windowsOptions: (value) => isObject(value) && value["hostProcess"] === true,
  sysctls: (value) =>
    !Array.isArray(value) || value.some((one) => !isObject(one) || !safeSysctls.has(String(one["name"]))),
  procMount: (value) => value !== "Default",
  seccompProfile: (value) => !isObject(value) || value["type"] === "Unconfined",
  capabilities: (value) => {
    if (!isObject(value)) return true;
    const added = Array.isArray(value["add"]) ? value["add"] : [];
    const dropped = value["drop"];
    const all = dropped === undefined || (Array.isArray(dropped) && dropped.includes("ALL"));
    return !all || added.some((one) => one !== "NET_BIND_SERVICE");
  },
};

function contextProblems(owner: Json, path: string, keys: readonly string[], add: Add): void {
  const context = owner["securityContext"];
  if (context === null) add(`${path}.securityContext`, null, rule, remedy);
  if (!isObject(context)) return;
  for (const key of keys)
    if (context[key] !== undefined && refused[key]?.(context[key]) === true)
      add(`${path}.securityContext.${key}`, context[key], rule, remedy);
}

export function restrictedProblems({ spec }: PodTemplatePart, add: Add): void {
  if (spec === undefined) return;
  for (const key of ["hostPID", "hostIPC"]) if (spec[key] === true) add(`spec.${key}`, true, rule, remedy);
  contextProblems(spec, "spec", Object.keys(refused), add);
  for (const list of ["initContainers", "containers"])
    objectsIn(spec, list).forEach((container, index) =>
      contextProblems(container, `spec.${list}[${index}]`, Object.keys(refused), add),
    );
  objectsIn(spec, "volumes").forEach((volume, index) => {
    const kind = Object.keys(volume).find((key) => key !== "name");
    if (kind !== undefined && !volumeKinds.includes(kind))
      add(`spec.volumes[${index}].${kind}`, volume[kind], rule, remedy);
  });
}
