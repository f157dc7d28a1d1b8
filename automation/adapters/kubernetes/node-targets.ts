/**
 * Which nodes a controller registers for a Service of instance targets: the driver's own reading, to compare the
 * controller's and AWS's with.
 */
import type { MemberOutputs } from "../../../stacks/contract";
import { getList, getObject } from "./client";

export interface NodeObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
export interface NodePortService {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly ports?: readonly { readonly port?: number; readonly nodePort?: number }[] };
}

const excludingLabels = [
  "node.kubernetes.io/exclude-from-external-load-balancers",
  "alpha.service-controller.kubernetes.io/exclude-balancer",
];
const leavingTaint = "ToBeDeletedByClusterAutoscaler";
const nodeLabelsAnnotation = "service.beta.kubernetes.io/aws-load-balancer-target-node-labels";

/** The annotation's `key=value,…`. */
function wantedLabels(service: NodePortService): readonly (readonly [string, string])[] {
  const text = service.metadata?.annotations?.[nodeLabelsAnnotation] ?? "";
  return text
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "")
    .map((pair) => [pair.split("=")[0] ?? "", pair.split("=").slice(1).join("=")] as const);
}

/** `i-…:NodePort` of all ready nodes, with or without pods (cordons and ordinary taints don't count). Pure. */
export function nodeTargetsOf(
  service: NodePortService | null,
  servicePort: number,
  nodes: readonly NodeObject[],
): readonly string[] {
  const nodePort = service?.spec?.ports?.find((port) => port.port === servicePort)?.nodePort;
  if (service === null || nodePort === undefined) return [];
  const labels = wantedLabels(service);
  const suitable = nodes.filter(({ metadata, spec, status }) => {
    const own = metadata.labels ?? {};
    if (
      metadata.deletionTimestamp !== undefined ||
      excludingLabels.some((label) => label in own) ||
      own["eks.amazonaws.com/compute-type"] === "fargate"
    )
      return false;
    if (spec?.taints?.some((taint) => taint.key === leavingTaint)) return false;
    return (
      labels.every(([key, value]) => own[key] === value) &&
      (status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false)
    );
  });
  const ids = suitable.flatMap((node) => /\/(i-[0-9a-f]+)$/.exec(node.spec?.providerID ?? "")?.[1] ?? []);
  return ids.map((id) => `${id}:${nodePort}`).sort();
}

export async function nodeTargets(
  member: MemberOutputs,
  namespace: string,
  service: string,
  servicePort: number,
): Promise<readonly string[]> {
  const [found, nodes] = await Promise.all([
    getObject<NodePortService>(member, `/api/v1/namespaces/${namespace}/services/${service}`),
    getList<NodeObject>(member, "/api/v1/nodes"),
  ]);
  return nodeTargetsOf(found, servicePort, nodes);
}
