/** `services[].external`: a workload that somebody else deploys on every member. Nothing of it is ever written. */
import { oneOf, text } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { leftOut, required, type ValueOf, withDefault } from "../declare/key";
import { labelPattern, objectNamePattern } from "./names";

const readyKeys = {
  kind: required(
    text({
      pattern: /^[A-Z][A-Za-z0-9]{0,62}$/,
      rule: "must be the kind of a Kubernetes object",
      remedy: "Write it like Deployment, StatefulSet, Rollout or Kustomization",
    }),
    { doc: "Kind of the object." },
  ),
  name: required(
    text({
      pattern: objectNamePattern,
      rule: "must be the name of a Kubernetes object",
      remedy: "Write its name, as `kubectl get` shows it",
    }),
    { doc: "Name of the object." },
  ),
  namespace: leftOut(
    text({
      pattern: labelPattern,
      rule: "must be the name of a Kubernetes namespace",
      remedy: "Write lower-case letters, digits and dashes",
    }),
    "the service's namespace",
    { doc: "Where the object is. Not used for kinds without a namespace." },
  ),
  apiVersion: leftOut(
    text({
      pattern: /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?v\d+((alpha|beta)\d+)?$/,
      rule: "must be the API version of a Kubernetes object",
      remedy: "Write it like apps/v1 or argoproj.io/v1alpha1",
    }),
    "`apps/v1`",
    { doc: "API version of the object.", example: "argoproj.io/v1alpha1" },
  ),
};

/** An object that says whether what it stands for is ready. */
export interface ReadyObjectConfig extends ValueOf<typeof readyKeys> {}

const objectsDiffer: Rule<readonly ReadyObjectConfig[]> = (all, place) =>
  all.forEach((one, index) => {
    const same = (other: ReadyObjectConfig): boolean =>
      other.kind === one.kind &&
      other.name === one.name &&
      other.namespace === one.namespace &&
      other.apiVersion === one.apiVersion;
    const first = all.findIndex(same);
    if (first < index)
      place.add(`[${index}]`, one.name, `is the same object as ready[${first}]`, "Remove one of the two");
  });

const serviceName = text({
  pattern: labelPattern,
  rule: "must be the name of a Kubernetes Service",
  remedy: "Write its name; the namespace is the service's own",
});

const externalKeys = {
  service: leftOut(serviceName, "`name`", {
    doc: "Name of the Kubernetes Service, in the service's namespace, on every member. Its selector says which pods.",
    readBy: ["members", "driver"],
    change: { kind: "partly", note: "no" },
  }),
  ready: leftOut(
    groupList(group(readyKeys), {
      what: "object",
      remedy: "Write kind and name of an object that says whether the workload is ready",
      rules: [objectsDiffer],
    }),
    "the Service's pods alone",
    {
      doc:
        "Objects that must be ready before a member is let in, besides the Service's pods: a Deployment, a StatefulSet, " +
        "a DaemonSet, or any object with conditions (as `kstatus` judges them).",
      readBy: ["driver"],
      change: { kind: "at once" },
    },
  ),
  images: withDefault(oneOf("equal", "any"), "equal", {
    doc:
      "`equal`: a member is let in only while its pods run the images (digests) that the pods of the members that " +
      "serve run. `any`: they may differ.",
    readBy: ["driver"],
    change: { kind: "at once" },
  }),
};

/** A workload that somebody else deploys. */
export interface ExternalConfig extends ValueOf<typeof externalKeys> {}

export const external = group(externalKeys);

/** What only a workload of this package has. */
const managedKeys = [
  "image",
  "existing",
  "replicas",
  "autoscaled",
  "preStopSeconds",
  "terminationGraceSeconds",
  "memory",
  "cpu",
  "podSecurity",
  "podTemplate",
  "serviceAccount",
  "environment",
  "environmentFrom",
] as const;

const inItsManifest: Partial<Record<(typeof managedKeys)[number], string>> = {
  existing: "Remove it: `existing` is for loadBalancer.owner service",
  replicas: "Remove it: its replicas are counted as they are, like an autoscaler's",
  autoscaled: "Remove it: its replicas are counted as they are, like an autoscaler's",
};

interface WorkloadChoice {
  readonly workload?: "managed" | "external";
  readonly targetType?: "ip" | "instance";
  readonly servicePort?: number;
  readonly ports?: readonly { readonly servicePort?: number }[];
  readonly external?: ExternalConfig;
}

/** Keys that go with the other kind of workload, and what an external one can't have. */
export const fitsWorkload: Rule<WorkloadChoice & Readonly<Record<string, unknown>>> = (service, place, given) => {
  const refuse = (key: string, rule: string, remedy: string): void => place.add(key, service[key], rule, remedy);
  if (service.workload !== "external") {
    const only = "goes with workload external only: this package makes the Service, with the container's ports";
    if (given("external")) refuse("external", only, "Remove it, or set workload to external");
    if (given("servicePort")) refuse("servicePort", only, "Remove it, or set workload to external");
    service.ports?.forEach((one, index) => {
      if (one.servicePort !== undefined)
        place.add(`ports[${index}].servicePort`, one.servicePort, only, "Remove it, or set workload to external");
    });
    return;
  }
  for (const key of managedKeys)
    if (given(key))
      refuse(
        key,
        "can't be combined with workload external: nothing of that workload is this package's to set",
        inItsManifest[key] ?? "Remove it, and set it where the workload is deployed from",
      );
  if (given("servicePort") && given("ports"))
    refuse("servicePort", "can't be combined with ports", "Write servicePort beside each port's targetPort");
  if (service.targetType === "instance")
    refuse(
      "targetType",
      "can't be combined with workload external: its pods are waited for, compared and counted one by one, and " +
        "instance targets are nodes",
      "Remove it: targets are the pods then",
    );
  if (place.earlier.loadBalancer?.owner === "service")
    refuse(
      "workload",
      "can't be external with loadBalancer.owner service: the primary's Service of type LoadBalancer is made for a " +
        "workload of this package",
      "Set loadBalancer.owner to stack before the first deployment; or, where the primary's workload alone is somebody " +
        "else's, use existing",
    );
};
