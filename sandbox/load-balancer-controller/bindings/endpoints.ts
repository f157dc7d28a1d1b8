/** From a binding's Service to the pods' addresses that shall be targets. Pure. */
import {
  conditionOf,
  type Endpoint,
  type EndpointSlice,
  keyOf,
  type NodeObject,
  type PodEndpoint,
  type PodObject,
  type ServiceObject,
  type ServicePort,
  type TargetGroupBinding,
} from "../types";

export const GATE_PREFIX = "target-health.elbv2.k8s.aws/";

export interface ResolveInput {
  readonly binding: TargetGroupBinding;
  readonly service: ServiceObject | undefined;
  readonly slices: readonly EndpointSlice[];
  readonly pod: (key: string) => PodObject | undefined;
  readonly node: (name: string) => NodeObject | undefined;
}

export type Resolved =
  | { readonly kind: "backend-not-found"; readonly message: string }
  /** `waiting`: a pod isn't known yet: look again. */
  | { readonly kind: "endpoints"; readonly endpoints: readonly PodEndpoint[]; readonly waiting: boolean };

export function resolveEndpoints(input: ResolveInput): Resolved {
  const { binding, service } = input;
  const servicePort = servicePortOf(binding, service);
  if (typeof servicePort === "string") return { kind: "backend-not-found", message: servicePort };
  const wantedType = binding.spec.ipAddressType === "ipv6" ? "IPv6" : "IPv4";
  const found = new Map<string, PodEndpoint>();
  const uncertain = new Map<string, PodEndpoint>();
  let waiting = false;
  for (const slice of input.slices) {
    if (slice.addressType !== wantedType) continue;
    for (const slicePort of slice.ports ?? []) {
      if ((slicePort.name ?? "") !== (servicePort.name ?? "") || slicePort.port === undefined) continue;
      for (const endpoint of slice.endpoints ?? []) {
        const verdict = judge(endpoint, input);
        if (verdict === "wait") waiting = true;
        if (verdict === "wait" || verdict === null) continue;
        const { pod, certain } = verdict;
        const podCreatedAt = Date.parse(pod.metadata.creationTimestamp ?? "") || 0;
        for (const ip of endpoint.addresses)
          (certain ? found : uncertain).set(`${ip}:${slicePort.port}`, {
            ip,
            port: slicePort.port,
            podCreatedAt,
            pod: keyOf(pod),
          });
      }
    }
  }
  // Fail open: pods on nodes that nobody hears of are better than none.
  return { kind: "endpoints", endpoints: [...(found.size > 0 ? found : uncertain).values()], waiting };
}

/** The port that a binding means, or why there is none. */
export function servicePortOf(binding: TargetGroupBinding, service: ServiceObject | undefined): ServicePort | string {
  const { name, port } = binding.spec.serviceRef;
  if (!service) return `backend not found: Service "${name}" not found`;
  const found = service.spec.ports?.find((one) => one.port === port || (typeof port === "string" && one.name === port));
  return found ?? `backend not found: unable to find port ${port} on service ${binding.metadata.namespace}/${name}`;
}

/** The pod when the endpoint counts (uncertain: only if no other does); null when it doesn't. */
function judge(
  endpoint: Endpoint,
  { binding, pod: podOf, node: nodeOf }: ResolveInput,
): { readonly pod: PodObject; readonly certain: boolean } | "wait" | null {
  // Addresses without a pod behind them (external ones, written by hand) are never registered.
  if (endpoint.targetRef?.kind !== "Pod") return null;
  const pod = podOf(`${endpoint.targetRef.namespace ?? binding.metadata.namespace}/${endpoint.targetRef.name}`);
  if (!pod) return "wait";
  if (endpoint.conditions?.ready !== false) return { pod, certain: true };
  // A pending gate keeps such a pod from being ready, and it is registration that opens the gate.
  if (conditionOf(pod, "ContainersReady")?.status !== "True") return null;
  const node = nodeOf(pod.spec?.nodeName ?? "");
  switch (node && conditionOf(node, "Ready")?.status) {
    case "True":
      return endpoint.conditions?.terminating === true ? null : { pod, certain: true };
    case "Unknown":
      return { pod, certain: false };
    default:
      return null;
  }
}
