/** Which listeners an environment's load balancer has. Pure. */
import { targetGroupsOf } from "./target-groups";
import type { EnvironmentConfig, LoadBalancerType, TrafficMode } from "./types";

type Balancer = Pick<EnvironmentConfig, "loadBalancer">;

export const typeOf = (config: Balancer): LoadBalancerType => config.loadBalancer?.type ?? "network";

export const trafficOf = (config: Pick<EnvironmentConfig, "traffic">): TrafficMode => config.traffic ?? "shared";

export interface ListenerSpec {
  readonly port: number;
  readonly protocol: "TCP" | "HTTP" | "HTTPS";
  /** Port that every request is sent on to; null: it serves. */
  readonly redirectTo: number | null;
}

/** One for each distinct port, and one more for the redirect. */
export function listenersOf(config: Pick<EnvironmentConfig, "services"> & Balancer): readonly ListenerSpec[] {
  const ports = [...new Set(targetGroupsOf(config).map(({ port }) => port))];
  if (typeOf(config) === "network") return ports.map((port) => ({ port, protocol: "TCP", redirectTo: null }));
  const https = config.loadBalancer?.https;
  const protocolOf = (port: number) => (https?.ports.includes(port) === true ? "HTTPS" : "HTTP");
  const serving = ports.map((port): ListenerSpec => ({ port, protocol: protocolOf(port), redirectTo: null }));
  if (https?.redirectFrom === undefined) return serving;
  return [...serving, { port: https.redirectFrom, protocol: "HTTP", redirectTo: https.ports[0] ?? 443 }];
}
