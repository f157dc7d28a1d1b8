/** What a fragment of a pod template must not change, because moves, gates and the load balancer go by it. Pure. */
import { isObject } from "./plain-object";
import {
  graceIn,
  handlers,
  type Json,
  objectsIn,
  type PodTemplatePart,
  preStopIn,
  probes,
  saysResource,
} from "./pod-template";
import { defaultLagSeconds, type Lag, lagOf, type LoadBalancerType } from "./propagation-lag";
import { type Add, restrictedProblems } from "./pod-template-security";
import type { Problem } from "./problems";

/** What other settings of the workload say. */
export interface PodTemplateContext {
  /** Name of workload and container. */
  readonly name: string;
  /** Ports of the container that targets are registered with. */
  readonly ports: readonly { readonly name?: string; readonly targetPort: number }[];
  /** As the settings say; absent: not given. */
  readonly preStopSeconds?: number | undefined;
  readonly terminationGraceSeconds?: number | undefined;
  readonly memory?: string | undefined;
  readonly cpu?: string | undefined;
  readonly podSecurity?: { readonly profile: "restricted" | "baseline" } | undefined;
  /** Names of variables that the settings give. */
  readonly variables?: readonly string[];
  /** The account that the settings name; absent: none. */
  readonly serviceAccountName?: string | undefined;
  /** What sends to the pods; absent: a Network Load Balancer. */
  readonly loadBalancerType?: LoadBalancerType | undefined;
  /** What those settings are called, for people. */
  readonly called: { readonly preStop: string; readonly grace: string; readonly variables: string };
}

const remove = "Remove it";

/** Keys of the pod's spec that are not a fragment's to set, each with the reason and what to do. */
const owned: Readonly<Record<string, readonly [rule: string, remedy: string]>> = {
  hostNetwork: [
    "can't be set: each pod is a target by an address of its own, and its port would be taken on the node",
    remove,
  ],
  readinessGates: [
    "can't be set: the load balancer controller adds those of the target groups, and a second writer of the list " +
      "would take them away",
    remove,
  ],
  restartPolicy: ["can't be set: pods of a Deployment are always started again", remove],
  activeDeadlineSeconds: ["can't be set: Kubernetes takes it for Jobs alone", remove],
  ephemeralContainers: ["can't be set: Kubernetes takes them only for pods that run", "Use kubectl debug"],
  nodeName: ["can't be set: all pods would go with one node", "Use nodeSelector or affinity"],
  schedulingGates: ["can't be set: somebody must lift them from every new pod, and an upgrade would wait", remove],
  serviceAccount: ["can't be set: it is Kubernetes' old name of serviceAccountName", "Write serviceAccountName"],
};

/** Labels that pods are selected and known by. */
const ownedLabels = ["app.kubernetes.io/name", "app.kubernetes.io/managed-by"];

function metadataProblems(part: PodTemplatePart, add: Add): void {
  const labels = part.metadata?.labels ?? {};
  for (const label of ownedLabels)
    if (Object.hasOwn(labels, label))
      add(
        `metadata.labels.${label}`,
        labels[label],
        "can't be set: Deployment, Service and disruption budget select the pods by it",
        "Remove it, or use a label of another name",
      );
  for (const name of Object.keys(part.metadata ?? {}))
    if (name !== "labels" && name !== "annotations")
      add(
        `metadata.${name}`,
        (part.metadata as Json)[name],
        "can't be set: a template has labels and annotations alone",
        remove,
      );
}

/** Of any container: it serves on as long as the load balancer sends, for a time that is known. */
function preStopProblems(container: Json, path: string, most: number | null, lag: Lag, add: Add): void {
  const lifecycle = container["lifecycle"];
  if (!isObject(lifecycle) || !Object.hasOwn(lifecycle, "preStop")) return;
  const preStop = lifecycle["preStop"];
  const where = `${path}.lifecycle.preStop`;
  const { usual, longest, why } = lag;
  const sleeps = isObject(preStop) && isObject(preStop["sleep"]) && Object.keys(preStop).length === 1;
  const seconds = sleeps ? (preStop["sleep"] as Json)["seconds"] : undefined;
  if (typeof seconds !== "number")
    add(
      where,
      preStop,
      `must be a sleep: ${why}, and how long a command takes nobody can tell`,
      "Write sleep: { seconds: N }, and do at SIGTERM what the command did",
    );
  else if (seconds < usual)
    add(`${where}.sleep.seconds`, seconds, `must be at least ${usual}: ${why}`, `Choose ${most ?? longest}`);
  else if (most !== null && seconds > most)
    add(
      `${where}.sleep.seconds`,
      seconds,
      `must be at most ${most}, as long as the service's own container: moves wait that long for pods to end`,
      `Choose ${most}`,
    );
}

function timesProblems(part: PodTemplatePart, context: PodTemplateContext, add: Add): void {
  const { called, name } = context;
  const grace = graceIn(part);
  const wanted = context.terminationGraceSeconds;
  if (grace !== undefined && wanted !== undefined && grace !== wanted)
    add("spec.terminationGracePeriodSeconds", grace, `is ${wanted} by ${called.grace}`, "Write it in one place");
  const sleep = preStopIn(name, part);
  if (sleep !== undefined && context.preStopSeconds !== undefined && sleep !== context.preStopSeconds)
    add(
      `spec.containers.${name}.lifecycle.preStop.sleep.seconds`,
      sleep,
      `is ${context.preStopSeconds} by ${called.preStop}`,
      "Write it in one place",
    );
}

const handlerIn = (probe: unknown, handler: string): unknown => (isObject(probe) ? probe[handler] : undefined);

/** Of any container. */
function anyContainerProblems(container: Json, path: string, list: string, add: Add): void {
  if (typeof container["name"] !== "string")
    add(`${path}.name`, container["name"], "is required: containers are known by it", "Give it a name");
  if (list === "containers" && container["lifecycle"] === null)
    add(`${path}.lifecycle`, null, "can't lose its preStop: requests would reach pods that have ended", remove);
  objectsIn(container, "ports").forEach((port, index) => {
    if (port["hostPort"] !== undefined && port["hostPort"] !== null)
      add(
        `${path}.ports[${index}].hostPort`,
        port["hostPort"],
        "can't be set: in a rolling update no new pod could start on a node that has an old one",
        remove,
      );
  });
}

function ownContainerProblems(container: Json, path: string, context: PodTemplateContext, add: Add): void {
  if (container["image"] !== undefined)
    add(`${path}.image`, container["image"], "is set by image: what members run must be said once", remove);
  if (container["readinessProbe"] === null)
    add(`${path}.readinessProbe`, null, "can't be taken away: a pod would get traffic before it serves", remove);
  for (const probe of probes.filter((one) => handlers.some((handler) => handlerIn(container[one], handler) === null)))
    add(`${path}.${probe}`, container[probe], "would ask nothing: its handler is taken away", "Write another handler");
  if (container["env"] === null) add(`${path}.env`, null, "can't be taken away: the member's name is in it", remove);
  objectsIn(container, "ports").forEach((port, index) => {
    const same = context.ports.find(
      (one) => one.targetPort === port["containerPort"] || (one.name ?? "http") === port["name"],
    );
    if (same !== undefined)
      add(`${path}.ports[${index}]`, port, `is the port ${same.targetPort} that targets are registered with`, remove);
  });
  if (container["ports"] === null) add(`${path}.ports`, null, "can't be taken away: targets are registered", remove);
  objectsIn(container, "env").forEach((variable, index) => {
    const { name } = variable;
    if (name === "MEMBER")
      add(`${path}.env[${index}]`, name, "is set to the member's name", "Choose another name for the variable");
    else if (context.variables?.includes(String(name)) === true)
      add(`${path}.env[${index}]`, name, `is given by ${context.called.variables} too`, "Write it in one place");
  });
}

function resourceProblems(part: PodTemplatePart, context: PodTemplateContext, path: string, add: Add): void {
  for (const resource of ["memory", "cpu"] as const)
    if (context[resource] !== undefined && saysResource(context.name, part, resource))
      add(
        `${path}.resources`,
        context[resource],
        `${resource} is given beside the template too`,
        "Write it in one place",
      );
}

function containersProblems(part: PodTemplatePart, context: PodTemplateContext, add: Add): void {
  const most = preStopIn(context.name, part) ?? context.preStopSeconds ?? defaultLagSeconds;
  const seen = new Map<unknown, string>();
  for (const list of ["initContainers", "containers"] as const)
    objectsIn(part.spec, list).forEach((container, index) => {
      const path = `spec.${list}[${index}]`;
      const name = container["name"];
      const own = list === "containers" && name === context.name;
      const before = seen.get(name) ?? (name === context.name && !own ? "the service's own container" : undefined);
      if (before !== undefined)
        add(`${path}.name`, name, `is the name of ${before} as well`, "Give every container a name of its own");
      seen.set(name, path);
      anyContainerProblems(container, path, list, add);
      preStopProblems(container, path, own ? null : most, lagOf(context.loadBalancerType), add);
      if (own) {
        ownContainerProblems(container, path, context, add);
        resourceProblems(part, context, path, add);
      } else if (typeof container["image"] !== "string")
        add(
          `${path}.image`,
          container["image"],
          `is required: it is a container beside '${context.name}'`,
          `Give it an image, or name it ${context.name} if the service's own is meant`,
        );
      if (list === "containers" && container["restartPolicy"] !== undefined)
        add(
          `${path}.restartPolicy`,
          container["restartPolicy"],
          "goes with initContainers alone",
          "For a native sidecar move the container to initContainers, with restartPolicy Always",
        );
    });
}

/** What is taken away as a whole would take along what this package needs in it. */
function emptiedProblems(part: PodTemplatePart, add: Add): void {
  const top = part as Json;
  for (const key of ["metadata", "spec"]) if (top[key] === null) add(key, null, "can't be taken away", remove);
  if ((part.metadata as Json | null | undefined)?.["labels"] === null)
    add("metadata.labels", null, "can't be taken away: pods are selected by them", remove);
  for (const key of ["containers", "terminationGracePeriodSeconds"])
    if (part.spec?.[key] === null) add(`spec.${key}`, null, "can't be taken away", remove);
}

function accountProblems(part: PodTemplatePart, context: PodTemplateContext, add: Add): void {
  const named = part.spec?.["serviceAccountName"];
  if (named !== undefined && context.serviceAccountName !== undefined && named !== context.serviceAccountName)
    add("spec.serviceAccountName", named, `is ${context.serviceAccountName} by serviceAccount`, remove);
  if (context.podSecurity !== undefined && part.spec?.["automountServiceAccountToken"] !== undefined)
    add(
      "spec.automountServiceAccountToken",
      part.spec["automountServiceAccountToken"],
      "is set by podSecurity.serviceAccountToken",
      remove,
    );
}

/** All that is wrong with a fragment, with paths inside of it. */
export function podTemplateProblems(part: PodTemplatePart, context: PodTemplateContext): Problem[] {
  const problems: Problem[] = [];
  const add: Add = (path, value, rule, remedy) => void problems.push({ path, value: value ?? null, rule, remedy });
  metadataProblems(part, add);
  for (const [key, [rule, remedy]] of Object.entries(owned))
    if (part.spec?.[key] !== undefined) add(`spec.${key}`, part.spec[key], rule, remedy);
  emptiedProblems(part, add);
  timesProblems(part, context, add);
  containersProblems(part, context, add);
  accountProblems(part, context, add);
  if (context.podSecurity?.profile === "restricted") restrictedProblems(part, add);
  return problems;
}
