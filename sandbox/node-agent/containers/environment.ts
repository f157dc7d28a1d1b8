/** A container's environment variables and arguments, with everything they refer to. */
import type { ApiClient } from "../../kubernetes/api-client";
import type { ContainerSpec, EnvVar, Pod } from "../../kubernetes/types";
import { orGone } from "../../kubernetes/retry";

/** Why a container can't be started yet, in a kubelet's words. */
export class CreateContainerConfigError extends Error {
  override readonly name = "CreateContainerConfigError";
}

interface DataObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** @throws CreateContainerConfigError when a ConfigMap, Secret or key that isn't optional is missing. */
export async function containerEnvironment(
  client: ApiClient,
  pod: Pod,
  container: ContainerSpec,
  address: string,
  hostAddress: string,
): Promise<Record<string, string>> {
  const namespace = pod.metadata.namespace ?? "default";
  const read = async (
    kind: "configmaps" | "secrets",
    name: string,
    optional: boolean | undefined,
  ): Promise<Record<string, string>> => {
    const object = await orGone(client.get<DataObject>(`/api/v1/namespaces/${namespace}/${kind}/${name}`));
    if (!object && !optional)
      throw new CreateContainerConfigError(`${kind === "secrets" ? "secret" : "configmap"} "${name}" not found`);
    const data = { ...object?.data };
    if (kind === "secrets")
      for (const key of Object.keys(data)) data[key] = Buffer.from(data[key] ?? "", "base64").toString("utf8");
    return data;
  };
  const env: Record<string, string> = {};
  for (const from of container.envFrom ?? []) {
    const data = from.configMapRef
      ? await read("configmaps", from.configMapRef.name, from.configMapRef.optional)
      : from.secretRef
        ? await read("secrets", from.secretRef.name, from.secretRef.optional)
        : {};
    for (const [key, value] of Object.entries(data)) env[(from.prefix ?? "") + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, env, read, (fieldPath) => field(pod, fieldPath, address, hostAddress));
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
}

async function valueOf(
  variable: EnvVar,
  env: Readonly<Record<string, string>>,
  read: (
    kind: "configmaps" | "secrets",
    name: string,
    optional: boolean | undefined,
  ) => Promise<Record<string, string>>,
  fieldAt: (path: string) => string,
): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (!from) return expand(variable.value ?? "", env);
  if (from.fieldRef) return fieldAt(from.fieldRef.fieldPath);
  const ref = from.configMapKeyRef ?? from.secretKeyRef;
  // resourceFieldRef: containers have no limits of their own here.
  if (!ref) return "";
  const value = (await read(from.configMapKeyRef ? "configmaps" : "secrets", ref.name, ref.optional))[ref.key];
  if (value === undefined && !ref.optional)
    throw new CreateContainerConfigError(`couldn't find key ${ref.key} in ${ref.name}`);
  return value;
}

/** Kubernetes' `$(NAME)`; `$$(NAME)` stays as `$(NAME)`, and so does an unknown name. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$)?\(([A-Za-z_.-][\w.-]*)\)/g, (all, escaped: string | undefined, name: string) =>
    escaped ? all.slice(1) : (env[name] ?? all),
  );
}

function field(pod: Pod, path: string, address: string, hostAddress: string): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return pod.metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace ?? "default";
    case "metadata.uid":
      return pod.metadata.uid ?? "";
    case "spec.nodeName":
      return pod.spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return address;
    case "status.hostIP":
    case "status.hostIPs":
      return hostAddress;
    default:
      return "";
  }
}
