/** Services of load balancers, their bindings and their controller: what handing one over reads and patches. */
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import type { BindingDetails, JsonPatchOperation, ObjectEvent, ServiceObject } from "../../ports";
import { getList, getObject } from "./client";
import { patch } from "./patch";

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Record<string, unknown>;
}
interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly managedFields?: readonly ManagedFields[];
}
interface ServiceFile {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly type?: string;
    readonly loadBalancerClass?: string;
    readonly loadBalancerSourceRanges?: readonly string[];
    readonly allocateLoadBalancerNodePorts?: boolean;
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  };
}
interface BindingFile {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly targetGroupARN?: string;
    readonly multiClusterTargetGroup?: boolean;
    readonly serviceRef?: { readonly name?: string; readonly port?: string | number };
    readonly networking?: unknown;
  };
  readonly status?: { readonly observedGeneration?: number };
}
interface EventFile {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly firstTimestamp?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
  readonly metadata: { readonly creationTimestamp?: string };
}
interface ControllerFile {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly metadata?: { readonly annotations?: Record<string, string> } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** On a template: pods that are made from then on. */
export const restartAnnotation = "eks-blue-green/restart";
const checkpointAnnotation = "elbv2.k8s.aws/checkpoint";
const servicePath = (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/services/${name}`;
const bindingsPath = "/apis/elbv2.k8s.aws/v1beta1";
const deploymentPath = ({ namespace, deployment }: MemberOutputs["controller"]): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;

/** `spec.type`, `metadata.annotations.x`: as deep as a person needs to know what somebody writes. */
function fieldsOf(tree: Record<string, unknown> | undefined): string[] {
  const found: string[] = [];
  for (const part of ["metadata", "spec"]) {
    const inner = tree?.[`f:${part}`];
    if (typeof inner !== "object" || inner === null) continue;
    for (const [key, below] of Object.entries(inner as Record<string, unknown>)) {
      const name = `${part}.${key.replace(/^f:/, "")}`;
      const leaves =
        key === "f:annotations" && typeof below === "object" && below !== null
          ? Object.keys(below).filter((leaf) => leaf.startsWith("f:"))
          : [];
      found.push(...(leaves.length === 0 ? [name] : leaves.map((leaf) => `${name}.${leaf.slice(2)}`)));
    }
  }
  return found;
}

export async function readService(
  member: MemberOutputs,
  namespace: string,
  name: string,
): Promise<ServiceObject | null> {
  const found = await getObject<ServiceFile>(member, servicePath(namespace, name));
  if (found === null) return null;
  const { metadata, spec } = found;
  return {
    type: spec?.type ?? "ClusterIP",
    loadBalancerClass: spec?.loadBalancerClass ?? null,
    sourceRanges: spec?.loadBalancerSourceRanges ?? [],
    allocateNodePorts: spec?.allocateLoadBalancerNodePorts ?? null,
    finalizers: metadata.finalizers ?? [],
    annotations: metadata.annotations ?? {},
    deleting: metadata.deletionTimestamp !== undefined,
    resourceVersion: metadata.resourceVersion ?? "",
    ports: (spec?.ports ?? []).map((port) => ({ name: port.name ?? "", port: port.port })),
    writers: (metadata.managedFields ?? [])
      .filter((entry) => entry.subresource !== "status")
      .map((entry) => ({
        manager: entry.manager ?? "unknown",
        operation: entry.operation ?? "",
        at: entry.time ?? null,
        fields: fieldsOf(entry.fieldsV1),
      })),
  };
}

export const patchService = (
  member: MemberOutputs,
  namespace: string,
  name: string,
  operations: readonly JsonPatchOperation[],
): Promise<"patched" | "refused"> =>
  patch(member, `${servicePath(namespace, name)}?fieldManager=eks-blue-green-adopt`, "json-patch", operations);

export async function eventsOf(
  member: MemberOutputs,
  namespace: string,
  kind: string,
  name: string,
): Promise<readonly ObjectEvent[]> {
  const selector = encodeURIComponent(`involvedObject.kind=${kind},involvedObject.name=${name}`);
  const events = await getList<EventFile>(member, `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`);
  return events
    .map((event) => ({
      type: event.type ?? "",
      reason: event.reason ?? "",
      message: event.message ?? "",
      at:
        event.series?.lastObservedTime ??
        event.lastTimestamp ??
        event.eventTime ??
        event.firstTimestamp ??
        event.metadata.creationTimestamp ??
        "",
    }))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

export async function bindingDetails(member: MemberOutputs): Promise<readonly BindingDetails[]> {
  const bindings = await getList<BindingFile>(member, `${bindingsPath}/targetgroupbindings`);
  return bindings.map(({ metadata, spec, status }) => ({
    namespace: metadata.namespace ?? "default",
    name: metadata.name,
    labels: metadata.labels ?? {},
    targetGroupArn: spec?.targetGroupARN ?? "",
    multiCluster: spec?.multiClusterTargetGroup === true,
    service: spec?.serviceRef?.name ?? "",
    servicePort: spec?.serviceRef?.port ?? 0,
    networking: spec?.networking ?? null,
    deleting: metadata.deletionTimestamp !== undefined,
    settled:
      (metadata.annotations?.[checkpointAnnotation] ?? "") !== "" &&
      (status?.observedGeneration ?? 0) === (metadata.generation ?? 0),
  }));
}

export async function labelBinding(
  member: MemberOutputs,
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  await patch(
    member,
    `${bindingsPath}/namespaces/${namespace}/targetgroupbindings/${name}?fieldManager=eks-blue-green-adopt`,
    "merge-patch",
    { metadata: { labels } },
  );
}

export async function resetCheckpoint(member: MemberOutputs, namespace: string, name: string): Promise<void> {
  await patch(
    member,
    `${bindingsPath}/namespaces/${namespace}/targetgroupbindings/${name}?fieldManager=eks-blue-green-drift`,
    "merge-patch",
    { metadata: { annotations: { [checkpointAnnotation]: null } } },
  );
}

export async function controllerRestart(
  member: MemberOutputs,
): Promise<{ readonly token: string | null; readonly complete: boolean }> {
  const found = await getObject<ControllerFile>(member, deploymentPath(member.controller));
  if (found === null)
    throw new DriverError(
      "EBG-KUBERNETES",
      `${member.member} has no Deployment ${member.controller.namespace}/${member.controller.deployment}`,
      "the load balancer controller must run; install it, then run the same command again",
    );
  const { metadata, spec, status } = found;
  const wanted = spec?.replicas ?? 1;
  const complete =
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0) &&
    (status?.availableReplicas ?? 0) >= wanted &&
    wanted > 0;
  return { token: spec?.template?.metadata?.annotations?.[restartAnnotation] ?? null, complete };
}

export async function restartController(member: MemberOutputs, token: string): Promise<void> {
  await patch(
    member,
    `${deploymentPath(member.controller)}?fieldManager=eks-blue-green-adopt`,
    "strategic-merge-patch",
    { spec: { template: { metadata: { annotations: { [restartAnnotation]: token } } } } },
  );
}
