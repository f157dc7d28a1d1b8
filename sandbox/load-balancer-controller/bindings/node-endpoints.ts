/**
 * From a binding's Service to the nodes that shall be instance targets: all ready ones, whether a pod runs there or
 * not. Pure.
 */
import { type Resolved, servicePortOf } from "./endpoints";
import { instanceOf } from "../aws/ingress-permissions";
import {
  conditionOf,
  type LabelSelector,
  type NodeObject,
  type ServiceObject,
  type TargetGroupBinding,
} from "../types";

const EXCLUDED_LABELS = [
  "node.kubernetes.io/exclude-from-external-load-balancers",
  "alpha.service-controller.kubernetes.io/exclude-balancer",
];
const LEAVING_TAINT = "ToBeDeletedByClusterAutoscaler";

export interface NodeResolveInput {
  readonly binding: TargetGroupBinding;
  readonly service: ServiceObject | undefined;
  readonly nodes: readonly NodeObject[];
}

/** @throws Error for a Service without node ports. */
export function resolveNodeEndpoints({ binding, service, nodes }: NodeResolveInput): Resolved {
  const port = servicePortOf(binding, service);
  if (typeof port === "string") return { kind: "backend-not-found", message: port };
  const type = service?.spec.type ?? "ClusterIP";
  if ((type !== "NodePort" && type !== "LoadBalancer") || !port.nodePort)
    throw new Error(
      "service type must be either 'NodePort' or 'LoadBalancer': " +
        `${binding.metadata.namespace}/${binding.spec.serviceRef.name}`,
    );
  const { nodePort } = port;
  const suitable = nodes.filter(
    (node) => isTrafficProxy(node) && matches(binding.spec.nodeSelector, node.metadata.labels ?? {}),
  );
  const endpoints = suitable.flatMap((node) => {
    const ip = instanceOf(node.spec?.providerID);
    return ip === null ? [] : [{ ip, port: nodePort, podCreatedAt: 0, pod: "", node: node.metadata.name }];
  });
  return { kind: "endpoints", endpoints, waiting: false };
}

/** Cordoned nodes and those with ordinary taints count. */
function isTrafficProxy(node: NodeObject): boolean {
  const labels = node.metadata.labels ?? {};
  if (EXCLUDED_LABELS.some((label) => label in labels) || labels["eks.amazonaws.com/compute-type"] === "fargate")
    return false;
  if (node.spec?.taints?.some((taint) => taint.key === LEAVING_TAINT)) return false;
  return conditionOf(node, "Ready")?.status === "True";
}

export function matches(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          throw new Error(`"${operator}" is not a valid label selector operator`);
      }
    })
  );
}
