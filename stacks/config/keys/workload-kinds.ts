/** `services[].workload`: where a workload comes from, and which keys go with which kind. */
import { oneOf } from "../declare/form";
import type { Rule } from "../declare/group";
import { addedLater, leftOut, withDefault } from "../declare/key";
import { chart, type ChartConfig } from "./chart";
import { image } from "./container";
import { hasRole, type ServiceAccountConfig } from "./service-account";
import { external, type ExternalConfig, manifests, type ManifestsConfig } from "./external";

/** Who deploys the workload. */
const workloadKinds = ["managed", "external", "manifests", "chart"] as const;
export type WorkloadKind = (typeof workloadKinds)[number];
/** Kinds that each member's stack makes of files in the repository. */
export type FileWorkload = Exclude<WorkloadKind, "managed" | "external">;

/** The group of keys that a kind has for itself. */
const ownGroups = { external: "external", manifests: "manifests", chart: "chart" } as const;

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
  "environment",
  "environmentFrom",
] as const;

const inItsManifest: Partial<Record<(typeof managedKeys)[number], string>> = {
  existing: "Remove it: `existing` is for loadBalancer.owner service",
  replicas: "Remove it: its replicas are counted as they are, like an autoscaler's",
  autoscaled: "Remove it: its replicas are counted as they are, like an autoscaler's",
};

/** Why a key of a managed workload is none of the others, and where its value belongs. */
const ofOthers: Readonly<Record<Exclude<WorkloadKind, "managed">, { readonly rule: string; readonly remedy: string }>> =
  {
    external: {
      rule: "nothing of that workload is this package's to set",
      remedy: "Remove it, and set it where the workload is deployed from",
    },
    manifests: { rule: "its files say all of that workload", remedy: "Remove it, and write it into the files" },
    chart: { rule: "its chart says all of that workload", remedy: "Remove it, and set it with the chart's values" },
  };

interface WorkloadChoice {
  readonly workload?: WorkloadKind;
  readonly serviceAccount?: ServiceAccountConfig;
  readonly targetType?: "ip" | "instance";
  readonly servicePort?: number;
  readonly ports?: readonly { readonly servicePort?: number }[];
  readonly external?: ExternalConfig;
  readonly manifests?: ManifestsConfig;
  readonly chart?: ChartConfig;
}

type Choice = WorkloadChoice & Readonly<Record<string, unknown>>;
type Refuse = (key: string, rule: string, remedy: string) => void;

function refuseOthersGroups(kind: WorkloadKind, refuse: Refuse, given: (key: string) => boolean): void {
  for (const [owner, key] of Object.entries(ownGroups))
    if (owner !== kind && given(key))
      refuse(key, `goes with workload ${owner} only`, `Remove it, or set workload to ${owner}`);
}

/** This package makes the Service of its own workloads, with the container's ports. */
function refuseServicePorts(
  service: Choice,
  place: Parameters<Rule<Choice>>[1],
  given: (key: string) => boolean,
): void {
  const only =
    "goes with workload external, manifests or chart only: this package makes the Service, with the container's ports";
  const remedy = "Remove it, or set workload to external, manifests or chart";
  if (given("servicePort")) place.add("servicePort", service.servicePort, only, remedy);
  service.ports?.forEach((one, index) => {
    if (one.servicePort !== undefined) place.add(`ports[${index}].servicePort`, one.servicePort, only, remedy);
  });
}

/** Others declare the account and let pods run as it; a role for it can only be given where the cluster is made. */
function refuseOthersAccount({ serviceAccount: account }: WorkloadChoice, kind: WorkloadKind, refuse: Refuse): void {
  if (account === undefined) return;
  const whose = `can't be combined with workload ${kind}: `;
  if (!hasRole({ serviceAccount: account }))
    refuse(
      "serviceAccount",
      `${whose}who deploys it declares its ServiceAccount, and this says no role for that`,
      "Write roleArn or policyArns, and in name which ServiceAccount gets the role; or remove it",
    );
  if (account.annotations !== undefined)
    refuse(
      "serviceAccount.annotations",
      `${whose}who deploys it declares its ServiceAccount`,
      "Remove them, and write them where the ServiceAccount is declared",
    );
}

/** Keys that go with another kind of workload, and what one can't have that the driver has not written. */
export const fitsWorkload: Rule<Choice> = (service, place, given) => {
  const refuse: Refuse = (key, rule, remedy) => place.add(key, service[key], rule, remedy);
  const kind = service.workload ?? "managed";
  refuseOthersGroups(kind, refuse, given);
  if (kind === "managed") return refuseServicePorts(service, place, given);
  if (kind !== "external" && !given(kind))
    refuse(kind, `is required with workload ${kind}`, `Write ${kind}: { path: ./${kind}/NAME }`);
  const { rule, remedy } = ofOthers[kind];
  for (const key of managedKeys)
    if (given(key)) refuse(key, `can't be combined with workload ${kind}: ${rule}`, inItsManifest[key] ?? remedy);
  refuseOthersAccount(service, kind, refuse);
  if (given("servicePort") && given("ports"))
    refuse("servicePort", "can't be combined with ports", "Write servicePort beside each port's targetPort");
  if (service.targetType === "instance")
    refuse(
      "targetType",
      `can't be combined with workload ${kind}: its pods are waited for, compared and counted one by one, and ` +
        "instance targets are nodes",
      "Remove it: targets are the pods then",
    );
  if (place.earlier.loadBalancer?.owner === "service")
    refuse(
      "workload",
      `can't be ${kind} with loadBalancer.owner service: the primary's Service of type LoadBalancer is made for a ` +
        "workload of this package",
      "Set loadBalancer.owner to stack before the first deployment; or, where the primary's workload alone is somebody " +
        "else's, use existing",
    );
};

/** A workload of this package has an image. */
export const hasImage: Rule<WorkloadChoice> = ({ workload = "managed" }, place, given) => {
  if (workload === "managed" && !given("image")) image.read(undefined, place.inner("image"));
};

const withWorkload = (...kinds: readonly WorkloadKind[]) => ({
  properties: { workload: { enum: kinds } },
  required: ["workload"],
});
/** What no single key says: a workload of this package has an image, and one from files has these. */
export const schemaOfWorkload = {
  if: withWorkload("external", "manifests", "chart"),
  then: {
    if: withWorkload("manifests"),
    then: { required: ["manifests"] },
    else: { if: withWorkload("chart"), then: { required: ["chart"] } },
  },
  else: { required: ["image"] },
};

export const workloadKeys = {
  workload: addedLater(
    withDefault(oneOf(...workloadKinds), "managed", {
      readBy: ["environment", "members", "driver"],
      doc:
        "Where the workload comes from: this package writes it (`managed`); each member's stack makes it from files of " +
        "the repository (`manifests`), or from a chart of Helm in it (`chart`; of both see " +
        "[workloads from your own files](../how-to/workloads-from-files.md)); or " +
        "somebody else deploys it (`external`: Argo CD, Flux, Helm, a person). Of an external one only the bindings to " +
        "the load balancer are made; nothing of it is ever written. See " +
        "[bring your own workloads](../how-to/bring-your-own-workloads.md).",
      change: {
        kind: "fixed",
        what: "the running workload would be deleted, or fought over, at once on every member",
        remedy: "Keep it; add a service of another name beside it and move clients to its port",
      },
    }),
  ),
  external: leftOut(external, "the Service has the service's name, and images must be equal", {
    readBy: ["driver"],
    change: { kind: "at once" },
    doc: "Only with `workload: external`: what somebody else deploys on every member.",
  }),
  manifests: leftOut(manifests, "required with `workload: manifests`", {
    readBy: ["environment", "members", "driver"],
    change: { kind: "up" },
    doc: "Only with `workload: manifests`: the files of which each member's stack makes the workload.",
  }),
  chart: leftOut(chart, "required with `workload: chart`", {
    readBy: ["environment", "members", "driver"],
    change: { kind: "up" },
    doc: "Only with `workload: chart`: the chart of Helm of which each member's stack makes the workload.",
  }),
};
