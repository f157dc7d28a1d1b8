/** Which pods a connection to a node's port goes to, as kube-proxy decides it. Pure. */
import type { EndpointSlice, Service, ServicePort } from "../../kubernetes/types";

export interface Backend {
  readonly address: string;
  readonly port: number;
}

/**
 * Ready ones; those that still serve while they terminate, only when nothing else is ready. Of one node alone with
 * externalTrafficPolicy Local.
 */
export function backends(
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
  node: string,
): Backend[] {
  const local = service.spec?.externalTrafficPolicy === "Local";
  const ready: Backend[] = [];
  const terminating: Backend[] = [];
  for (const slice of slices) {
    const own = slice.ports?.find((one) => (one.name ?? "") === (port.name ?? "") && (one.protocol ?? "TCP") === "TCP");
    if (slice.addressType !== "IPv4" || own?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (local && endpoint.nodeName !== node) continue;
      const found = (endpoint.addresses ?? []).map((address) => ({ address, port: own.port as number }));
      // Absent means true: the API's own words.
      if (endpoint.conditions?.ready ?? true) ready.push(...found);
      else if (endpoint.conditions?.serving && endpoint.conditions.terminating) terminating.push(...found);
    }
  }
  return ready.length > 0 ? ready : terminating;
}

/** How many ready pods of the Service run on the node: what its health-check port tells. */
export function localEndpoints(slices: readonly EndpointSlice[], node: string): number {
  const names = new Set<string>();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? [])
      if (endpoint.nodeName === node && (endpoint.conditions?.ready ?? true))
        for (const address of endpoint.addresses ?? []) names.add(address);
  }
  return names.size;
}

/** The Service's ports that every node opens. UDP has no part in the sandbox. */
export function nodePortsOf(service: Service): readonly (ServicePort & { readonly nodePort: number })[] {
  if (service.spec?.type !== "NodePort" && service.spec?.type !== "LoadBalancer") return [];
  return (service.spec.ports ?? []).filter(
    (one): one is ServicePort & { nodePort: number } => (one.protocol ?? "TCP") === "TCP" && (one.nodePort ?? 0) > 0,
  );
}

/**
 * Where the nodes tell a load balancer whether they have pods of the Service; null unless it is a LoadBalancer with
 * externalTrafficPolicy Local.
 */
export function healthPortOf(service: Service): number | null {
  const { type, externalTrafficPolicy, healthCheckNodePort } = service.spec ?? {};
  return type === "LoadBalancer" && externalTrafficPolicy === "Local" && healthCheckNodePort
    ? healthCheckNodePort
    : null;
}
