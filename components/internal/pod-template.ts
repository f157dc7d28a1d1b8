/**
 * A pod template that is merged onto another: as `kubectl patch --type strategic` merges, with the merge keys of
 * Kubernetes' own PodSpec (`patchMergeKey` in k8s.io/api/core/v1/types.go, v1.34; 2026-12-01). Pure.
 */
import { isObject } from "./plain-object";

export type Json = Readonly<Record<string, unknown>>;

/** What a team adds to a pod: a part of Kubernetes' PodTemplateSpec, in plain values. */
export interface PodTemplatePart {
  readonly metadata?: { readonly labels?: Json; readonly annotations?: Json };
  readonly spec?: Json;
}

/** Lists whose entries are merged one by one, and the key that says which entry is which. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  imagePullSecrets: "name",
  hostAliases: "ip",
  resourceClaims: "name",
  topologySpreadConstraints: "topologyKey",
  env: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  // Atomic in Kubernetes, where nobody has an entry before: what this package needs stays.
  sysctls: "name",
};
/** Lists that are added to. Atomic in Kubernetes too: the fragment's would drop what other keys of the config say. */
const added = new Set(["envFrom"]);
/** Entries that can be of one kind only: a merged one would be of two. */
const whole = new Set(["env", "volumes"]);
/** A probe has one of these; the fragment's takes the place of another. */
export const handlers = ["httpGet", "exec", "tcpSocket", "grpc"];
export const probes: readonly string[] = ["readinessProbe", "livenessProbe", "startupProbe"];

/** The list under `key`, as objects; empty where there is none. */
export const objectsIn = (value: Json | undefined, key: string): readonly Json[] => {
  const list = value?.[key];
  return Array.isArray(list) ? list.filter(isObject) : [];
};

function mergeList(key: string, base: readonly unknown[], part: readonly unknown[]): readonly unknown[] {
  if (added.has(key)) return [...base, ...part];
  const by = mergeKeys[key];
  if (by === undefined) return part;
  const nameOf = (value: unknown): unknown => (isObject(value) ? value[by] : undefined);
  // Two spread constraints may have one topologyKey: each entry meets one of the fragment's, and the others are added.
  const left = [...part];
  return [
    ...base.map((one) => {
      const index = left.findIndex((value) => nameOf(value) === nameOf(one));
      const [other] = index < 0 ? [] : left.splice(index, 1);
      if (other === undefined) return one;
      return whole.has(key) || !isObject(one) || !isObject(other) ? other : merge(one, other);
    }),
    ...left,
  ];
}

function mergeValue(key: string, base: unknown, part: unknown): unknown {
  if (Array.isArray(part)) return mergeList(key, Array.isArray(base) ? base : [], part);
  if (!isObject(part)) return part;
  const before = isObject(base) ? base : {};
  const otherHandler = probes.includes(key) && handlers.some((handler) => isObject(part[handler]));
  const kept = otherHandler
    ? Object.fromEntries(Object.entries(before).filter(([name]) => !handlers.includes(name) || isObject(part[name])))
    : before;
  return merge(kept, part);
}

/** `part` over `base`; null takes a value away. */
export function merge(base: Json, part: Json): Json {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(part)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = mergeValue(key, base[key], value);
  }
  return merged;
}

/** The container of the service itself in a fragment. */
const ownContainer = (name: string, part: PodTemplatePart | undefined): Json | undefined =>
  objectsIn(part?.spec, "containers").find((one) => one["name"] === name);

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);

const numberOr = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** How long a fragment says that the service's container sleeps before SIGTERM, in seconds; undefined: nothing. */
export const preStopIn = (name: string, part: PodTemplatePart | undefined): number | undefined =>
  numberOr(at(ownContainer(name, part), "lifecycle", "preStop", "sleep", "seconds"));

/** The grace that a fragment says, in seconds; undefined: nothing. */
export const graceIn = (part: PodTemplatePart | undefined): number | undefined =>
  numberOr(part?.spec?.["terminationGracePeriodSeconds"]);

/** Whether a fragment says anything of this resource (`cpu`, `memory`) of the service's container. */
export const saysResource = (name: string, part: PodTemplatePart | undefined, resource: string): boolean =>
  ["requests", "limits"].some((kind) => at(ownContainer(name, part), "resources", kind, resource) !== undefined);

export interface Merging {
  /** Name of the service's own container. */
  readonly name: string;
  /** What every container of the pod serves on for when the pod is told to stop. */
  readonly preStopSeconds: number;
  /** Of containers that the fragment adds, below what it says of them. */
  readonly securityContext: Json;
}

/** `cpu: 2` is a text to Kubernetes: as a number it would differ from what is deployed, again and again. */
function withTexts(container: Json): Json {
  const { resources } = container;
  if (!isObject(resources)) return container;
  const texts = (amounts: unknown): unknown =>
    isObject(amounts) ? Object.fromEntries(Object.entries(amounts).map(([name, one]) => [name, String(one)])) : amounts;
  const amounts = ["requests", "limits"].filter((kind) => resources[kind] !== undefined);
  return {
    ...container,
    resources: { ...resources, ...Object.fromEntries(amounts.map((kind) => [kind, texts(resources[kind])])) },
  };
}

/**
 * A container beside the service's would get SIGTERM at once, while that one still serves by it; so it sleeps as long.
 * A native sidecar is ended after the others by the kubelet itself.
 */
function finished(spec: Json, { name, preStopSeconds, securityContext }: Merging): Json {
  const secured = (one: Json): Json => {
    const own = merge(securityContext, isObject(one["securityContext"]) ? one["securityContext"] : {});
    return Object.keys(own).length === 0 ? one : { ...one, securityContext: own };
  };
  const besides = (one: Json): Json => {
    if (one["name"] === name) return one;
    const sleeping = { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } };
    return secured(merge(sleeping, one));
  };
  const inits = objectsIn(spec, "initContainers");
  return {
    ...withTexts(spec),
    containers: objectsIn(spec, "containers").map((one) => withTexts(besides(one))),
    ...(inits.length === 0 ? {} : { initContainers: inits.map((one) => withTexts(secured(one))) }),
  };
}

/** A pod template with a fragment merged onto it. Without one it is as it was: nobody's pods roll by themselves. */
export function mergePodTemplate<T extends { readonly spec: object }>(
  template: T,
  part: PodTemplatePart | undefined,
  merging: Merging,
): T {
  if (part === undefined) return template;
  const merged = merge(template as Json, part as Json);
  return { ...merged, spec: finished(merged["spec"] as Json, merging) } as unknown as T;
}
