/**
 * Whether a Service's load balancer can be handed over now, and what it is like before. Pure: gathered elsewhere,
 * judged here.
 */
import { attributesAnnotation, protectionOf } from "../../components/internal/service-annotations";
import type { BeforeAdoption } from "../../stacks/record/adoption";
import type { AdoptedBinding, AdoptedLoadBalancer, Role } from "../../stacks/record";
import { kubectl } from "../text/kubectl";
import type { BindingDetails, LoadBalancerDescription, ObjectEvent, ServiceObject, Target } from "../ports";
import type { Finding } from "../finding";
import { annotateProtection } from "../text/annotate";
import { shell } from "../text/shell";

export const serviceFinalizer = "service.k8s.aws/resources";
export const annotationPrefix = "service.beta.kubernetes.io/";
const flagAnnotation = `${annotationPrefix}aws-load-balancer-multi-cluster-target-group`;
const backendTag = "elbv2.k8s.aws/resource";
const stackLabel = "service.k8s.aws/stack-";

/** Tags by which the controller knows its own. */
export const controllersTags = (tags: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tags ?? {}).filter(
      ([key]) => key.startsWith("elbv2.k8s.aws/") || key.startsWith("service.k8s.aws/"),
    ),
  );
export const controllersLabels = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(stackLabel)));
/**
 * The group that all of the cluster's load balancers share: its tags stay, every other Service of the cluster needs
 * them.
 */
export const isBackendGroup = (group: {
  readonly tags: Readonly<Record<string, string>>;
  readonly name: string;
}): boolean => group.tags[backendTag] === "backend-sg" || group.name.startsWith("k8s-traffic-");

export interface Surroundings {
  readonly primary: string;
  /** The primary's, as the record has it. */
  readonly role: Role;
  /** The primary's. */
  readonly clusterName: string;
  readonly service: string;
  readonly namespace: string;
  readonly name: string;
  /** Target group key by listener port. */
  readonly keys: ReadonlyMap<number, string>;
  readonly object: ServiceObject | null;
  readonly events: readonly ObjectEvent[];
  readonly balancer: LoadBalancerDescription | null;
  readonly bindings: readonly BindingDetails[];
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By target group ARN. */
  readonly targets: Readonly<Record<string, readonly Target[]>>;
  readonly controller: { readonly available: boolean; readonly message: string };
  /** Members whose API server did not answer, and why. */
  readonly unreachable: Readonly<Record<string, string>>;
  readonly failedProbe: string | null;
}

/**
 * Those who may write the Service without being asked: the controller's own fields (finalizers) don't count, nor does
 * Pulumi, which the driver runs itself.
 */
const ours = /^(pulumi|eks-blue-green)/;
const controllers = /^(controller|aws-load-balancer-controller|load-balancer-controller)$/;

/**
 * Managers that own the type, the class or a load-balancer annotation: they may put back what the handing over takes
 * away.
 */
export function foreignWriters(object: ServiceObject, existing: boolean): string[] {
  return (
    object.writers
      .filter(
        ({ manager, fields }) =>
          !ours.test(manager) &&
          !controllers.test(manager) &&
          fields.some(
            (field) =>
              field === "spec.type" ||
              field === "spec.loadBalancerClass" ||
              field.startsWith(`metadata.annotations.${annotationPrefix}`),
          ),
      )
      // Somebody typed it once with kubectl: nobody repeats that by itself. An existing Service was made by somebody.
      .filter(({ manager }) => !(existing && /^kubectl/.test(manager)))
      .map(({ manager, operation, at }) => `${manager} (${operation}${at === null ? "" : `, ${at}`})`)
  );
}

/** Calm: its last word is that everything is as it should be. Event times have whole seconds. */
export function isCalm(events: readonly ObjectEvent[]): boolean {
  const told = events.filter(({ reason }) => /Reconciled|Failed|Backoff/.test(reason));
  const good = told.filter(({ reason }) => reason === "SuccessfullyReconciled").at(-1);
  return (
    good !== undefined &&
    !told.some((event) => event.reason !== "SuccessfullyReconciled" && Date.parse(event.at) >= Date.parse(good.at))
  );
}

/** All that keeps the handing over from being begun. */
export function adoptionFindings(seen: Surroundings, existing: boolean): Finding[] {
  const found: Finding[] = [];
  const refuse = (message: string, remedy: string): void =>
    void found.push({ code: "EBG-ADOPT", severity: "required", message, remedy });
  const { object, balancer, name, namespace } = seen;
  const called = `${namespace}/${name}`;
  const describe = kubectl(seen.clusterName, namespace) + shell` describe service ${name}`;
  // The Service would get its selector back with the primary's update, and the controller would register pods that the
  // record calls standby.
  if (seen.role !== "active")
    refuse(
      `the primary ${seen.primary} is ${seen.role}: handing the load balancer over would put it back into ` +
        "traffic; it must be active",
      `admit it first: eks-blue-green admit ${seen.primary}; then run the same command again, and drain it afterwards`,
    );
  for (const [member, why] of Object.entries(seen.unreachable))
    refuse(
      `${member} does not answer: ${why}`,
      "bring its API server back; every member's targets are watched while the load balancer changes hands",
    );
  if (!seen.controller.available)
    refuse(
      `the primary's load balancer controller is not available: ${seen.controller.message}`,
      "it must run: what it does with the Service is part of the procedure",
    );
  if (seen.failedProbe !== null)
    refuse(
      seen.failedProbe,
      "repair the service first; if the load balancer can't be reached from here by design, set " +
        "EKS_BLUE_GREEN_PROBE=off",
    );
  if (object === null)
    return [
      ...found,
      {
        code: "EBG-ADOPT",
        severity: "required",
        message: `there is no Service ${called}`,
        remedy: "eks-blue-green up; the Service makes the load balancer",
      },
    ];
  if (object.deleting)
    refuse(
      `the Service ${called} is being deleted`,
      "its deletion can't be taken back: make a new environment and move traffic there by DNS",
    );
  if (object.type !== "LoadBalancer")
    refuse(
      `the Service ${called} is of type ${object.type}, and no handing over of it is in the record`,
      "somebody has changed it by hand; set it back to LoadBalancer and wait until the controller is calm",
    );
  if (!object.finalizers.includes(serviceFinalizer))
    refuse(
      `the Service ${called} does not have the finalizer ${serviceFinalizer}: the controller does not look after it`,
      `${describe}; wait until the controller has reconciled it`,
    );
  if (!isCalm(seen.events))
    refuse(
      `the Service ${called} is not calm: its last event is not SuccessfullyReconciled`,
      `${describe}; repair what the events name. When the events have expired (an hour), restart the controller: ` +
        "it tells anew",
    );
  if (protectionOf(object.annotations) !== "true")
    refuse(
      `the Service ${called} lacks deletion_protection.enabled=true in ${attributesAnnotation}: a reconcile at ` +
        "the wrong time would delete the load balancer",
      `${annotateProtection(seen.clusterName, { namespace, name }, object.annotations)}, ` +
        "then wait until the controller has reconciled it",
    );
  if (object.annotations[flagAnnotation] !== "true")
    refuse(
      `the Service ${called} lacks ${flagAnnotation}: the controller evicts other clusters' targets`,
      "eks-blue-green up sets it",
    );
  const writers = foreignWriters(object, existing);
  if (writers.length > 0)
    refuse(
      `somebody else writes the type, class or load-balancer annotations of ${called}: ${writers.join("; ")}`,
      "freeze it (suspend the GitOps application, stop the chart's pipeline), take these fields out of what it " +
        "applies, and run the same command again",
    );
  if (balancer === null)
    refuse(
      `no load balancer carries the controller's tags of ${called}`,
      "eks-blue-green status; wait until the controller has made it",
    );
  else found.push(...balancerFindings(seen, balancer, called));
  return found;
}

function balancerFindings(seen: Surroundings, balancer: LoadBalancerDescription, called: string): Finding[] {
  const found: Finding[] = [];
  const refuse = (message: string, remedy: string): void =>
    void found.push({ code: "EBG-ADOPT", severity: "required", message, remedy });
  for (const listener of balancer.listeners) {
    if (listener.targetGroupArns.length !== 1)
      refuse(
        `listener ${listener.port} of ${balancer.name} forwards to ${listener.targetGroupArns.length} target groups`,
        "take the weighted actions off the Service first",
      );
    if (!seen.keys.has(listener.port))
      refuse(
        `the environment has no port ${listener.port}, which ${balancer.name} listens on`,
        "add the port to the service in the config, or take it off the Service",
      );
  }
  const others = balancer.securityGroups.filter(
    (group) => !isBackendGroup(group) && Object.keys(controllersTags(group.tags)).length === 0,
  );
  for (const group of others)
    refuse(
      `${balancer.name} carries the security group ${group.id} (${group.name}), which is somebody else's`,
      "it is not known yet how to declare it; take it off the Service's annotations, or hand the load balancer " +
        "over by hand",
    );
  for (const group of balancer.targetGroups) {
    const bound = seen.bindings.filter((binding) => binding.targetGroupArn === group.arn);
    if (bound.length !== 1)
      refuse(
        `${bound.length} bindings on the primary name the target group ${group.name}: ` +
          `${bound.map((one) => `${one.namespace}/${one.name}`).join(", ") || "none"}`,
        "one is the controller's own; a second one would drain its targets when it goes",
      );
    if (bound.some((one) => !one.multiCluster))
      refuse(
        `the binding ${bound.map((one) => one.name).join(", ")} lacks multiClusterTargetGroup`,
        `wait until the controller has reconciled ${called}`,
      );
    if (!(seen.targets[group.arn] ?? []).some((target) => target.state === "healthy"))
      refuse(`the target group ${group.name} has no healthy target`, "repair the service first");
  }
  return found;
}

/** Everything as it is now, for the record. Call only when there are no findings. */
export function beforeAdoption(seen: Surroundings): BeforeAdoption {
  const { object, balancer } = seen;
  if (object === null || balancer === null) throw new Error("beforeAdoption: nothing to hand over");
  const keyOf = (arn: string): string => {
    const port = balancer.listeners.find((listener) => listener.targetGroupArns.includes(arn))?.port ?? 0;
    return seen.keys.get(port) ?? seen.service;
  };
  const groups = new Set(balancer.targetGroups.map((group) => group.arn));
  const own = seen.bindings.filter((binding) => groups.has(binding.targetGroupArn));
  const kept = (resource: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(seen.tags[resource] ?? {}).filter(([key]) => controllersTags({ [key]: "" })[key] === undefined),
    );
  const loadBalancer: AdoptedLoadBalancer = {
    arn: balancer.arn,
    name: balancer.name,
    dnsName: balancer.dnsName,
    ipAddressType: balancer.ipAddressType,
    vpcId: balancer.vpcId,
    subnetIds: balancer.subnetIds,
    attributes: balancer.attributes,
    scheme: balancer.scheme === "internal" ? "internal" : "internet-facing",
    securityGroups: balancer.securityGroups.map(({ id, name, description, vpcId, tags, ...rest }) => ({
      id,
      name,
      description,
      vpcId,
      kind: isBackendGroup({ name, tags, ...rest }) ? ("backend" as const) : ("managed" as const),
      tags: kept(id),
    })),
    listeners: balancer.listeners.map((listener) => ({
      arn: listener.arn,
      port: listener.port,
      protocol: listener.protocol,
      targetGroupKey: keyOf(listener.targetGroupArns[0] ?? ""),
    })),
    targetGroups: balancer.targetGroups.map((group) => ({ ...group, key: keyOf(group.arn) })),
    bindings: own.map((binding): AdoptedBinding => ({
      key: keyOf(binding.targetGroupArn),
      namespace: binding.namespace,
      name: binding.name,
      service: binding.service,
      servicePort: binding.servicePort,
      targetGroupArn: binding.targetGroupArn,
      networking: binding.networking,
    })),
    tags: kept(balancer.arn),
  };
  const resources = [
    balancer.arn,
    ...balancer.listeners.map((one) => one.arn),
    ...balancer.targetGroups.map((one) => one.arn),
    ...balancer.securityGroups.filter((group) => !isBackendGroup(group)).map((group) => group.id),
  ];
  return {
    loadBalancer,
    namespace: seen.namespace,
    name: seen.name,
    serviceType: object.type,
    loadBalancerClass: object.loadBalancerClass,
    sourceRanges: object.sourceRanges,
    allocateNodePorts: object.allocateNodePorts,
    annotations: Object.fromEntries(
      Object.entries(object.annotations).filter(([key]) => key.startsWith(annotationPrefix)),
    ),
    labels: Object.fromEntries(own.map((binding) => [binding.name, controllersLabels(binding.labels)])),
    tags: Object.fromEntries(resources.map((resource) => [resource, controllersTags(seen.tags[resource])])),
    targets: Object.fromEntries(
      balancer.targetGroups.map((group) => [
        keyOf(group.arn),
        (seen.targets[group.arn] ?? [])
          .filter((target) => target.state === "healthy")
          .map((target) => target.id)
          .sort(),
      ]),
    ),
  };
}
