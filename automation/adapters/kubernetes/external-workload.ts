/** A workload that somebody else deploys: read by its Service, and never written. */
import type { MemberOutputs, ObjectReference } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import type { ExternalQuery, ExternalWorkload, ReadyObject } from "../../ports/external-workload";
import { oneLine } from "../../text/foreign";
import { getList, getObject } from "./client";
import { objectStatus, type StatusObject } from "./kstatus";
import { isLive, labelSelector } from "./pods";

interface ServiceFile {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number }[];
  };
}
interface ContainerStatus {
  readonly imageID?: string;
}
export interface PodFile {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}
interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** `registry/web@sha256:…`: two clusters may pull the same image from two registries. */
export function digestsOf(pods: readonly PodFile[]): string[] {
  const ids = pods.flatMap(({ status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
      ({ imageID }) => imageID ?? "",
    ),
  );
  return [...new Set(ids.filter((id) => id !== "").map((id) => /sha256:[0-9a-f]{64}$/.exec(id)?.[0] ?? id))].sort();
}

export async function externalWorkload(
  member: MemberOutputs,
  { namespace, service: name, ready }: ExternalQuery,
): Promise<ExternalWorkload> {
  const [service, objects] = await Promise.all([
    getObject<ServiceFile>(member, `/api/v1/namespaces/${namespace}/services/${name}`),
    Promise.all(ready.map((one) => readObject(member, { ...one, namespace: one.namespace ?? namespace }))),
  ]);
  const selector = service?.spec?.selector ?? {};
  const selects = Object.keys(selector).length > 0;
  const pods = selects
    ? (
        await getList<PodFile>(member, `/api/v1/namespaces/${namespace}/pods?labelSelector=${labelSelector(selector)}`)
      ).filter(isLive)
    : [];
  return {
    service: service === null ? null : { selects, ports: (service.spec?.ports ?? []).map(({ port }) => port) },
    pods: {
      total: pods.length,
      ready: pods.filter(({ status }) =>
        status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
      ).length,
    },
    images: digestsOf(pods),
    objects,
  };
}

export const readObjects = (
  member: MemberOutputs,
  references: readonly ObjectReference[],
): Promise<readonly ReadyObject[]> =>
  Promise.all(references.map((one) => readObject(member, { ...one, namespace: one.namespace ?? "default" })));

/** Which path a kind has, the API server alone knows. One that may not be read says so, and nothing else fails of it. */
async function readObject(
  member: MemberOutputs,
  { kind, name, namespace, apiVersion = "apps/v1" }: ExternalQuery["ready"][number] & { readonly namespace: string },
): Promise<ReadyObject> {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  try {
    const list = await getObject<ResourceList>(member, root);
    const resource = list?.resources?.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined)
      return { kind, name, status: "not-found", message: `the cluster has no kind ${kind} in ${apiVersion}` };
    const within = resource.namespaced ? `/namespaces/${namespace}` : "";
    const object = await getObject<StatusObject>(member, `${root}${within}/${resource.name}/${name}`);
    const { status, message } = objectStatus(object === null ? null : { ...object, kind, apiVersion });
    // What conditions say is other people's text.
    return { kind, name, status, message: oneLine(message) };
  } catch (error) {
    if (!(error instanceof DriverError) || error.code !== "EBG-KUBERNETES") throw error;
    return { kind, name, status: "unknown", message: error.message };
  }
}
