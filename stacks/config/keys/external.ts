/**
 * `services[].external`: a workload that somebody else deploys on every member, of which nothing is ever written; and
 * `services[].manifests`: one that each member's stack makes from files.
 */
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

/** How a workload is found and judged that the driver has not written. `otherwise`: what is judged without `ready`. */
export const lookKeys = (otherwise: string) => ({
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
    otherwise,
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
});

/** A workload that somebody else deploys. */
export interface ExternalConfig extends ValueOf<ReturnType<typeof lookKeys>> {}

export const external = group(lookKeys("the Service's pods alone"));

/** Of something in the repository: an address is none. `what`: like `the path of a folder`. */
export const filePath = (what: string, remedy: string) =>
  text({
    pattern: /^[^\s:][^:]*$/,
    rule: `must be ${what}`,
    remedy,
    check: (path) =>
      path.includes("\0") ? { rule: `must be ${what}`, remedy: "Write it without control characters" } : null,
  });

const manifestsKeys = {
  path: required(
    filePath(
      "the path of a folder",
      "Write a folder with YAML files, from the project's folder on, like ./manifests/web",
    ),
    {
      doc:
        "Folder with the workload's YAML files (`.yaml`, `.yml`, also in folders below it). A relative path begins at " +
        "the project's folder. With a `kustomization.yaml` in it Kustomize makes the objects.",
      readBy: ["environment", "members"],
      change: { kind: "up" },
      example: "./manifests/web",
    },
  ),
  ...lookKeys("the Service's pods, and each Deployment, StatefulSet, DaemonSet and Rollout of the files"),
};

/** A workload whose objects each member's stack makes from files of the repository. */
export interface ManifestsConfig extends ValueOf<typeof manifestsKeys> {}

export const manifests = group(manifestsKeys);
