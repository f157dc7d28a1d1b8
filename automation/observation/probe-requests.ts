/** What the driver asks a service's port through the load balancer. Pure. */
import type { EnvironmentConfig, ServiceConfig } from "../../stacks/config";
import { groupRefsOf, groupsOfPort } from "../../stacks/config/group-refs";
import { listenersOf } from "../../stacks/config/listeners";
import { probeRequestOf } from "../../stacks/config/probe-requests";
import { targetGroupsOf } from "../../stacks/config/target-groups";
import type { EnvironmentOutputs } from "../../stacks/contract";

export function serviceOfPort(config: Pick<EnvironmentConfig, "services">, port: string): ServiceConfig | undefined {
  const name = targetGroupsOf(config).find(({ key }) => key === port)?.service;
  return config.services.find((one) => one.name === name);
}

/**
 * Not the health check's path: that one is what ELBv2 asks already, and a pod that fails its users may well answer it.
 */
export const probeUrl = (
  { config, loadBalancer }: Pick<EnvironmentOutputs, "config" | "loadBalancer">,
  port: string,
): string => {
  // The path is the service's; what is probed is each of its ports.
  const service = serviceOfPort(config, port);
  const path = service === undefined ? "/" : (probeRequestOf(service).path ?? "/");
  // Groups of the same port are behind the same listener.
  const group = loadBalancer.services[groupsOfPort(groupRefsOf(loadBalancer.services), port)[0] ?? port];
  const number = group?.port ?? 80;
  const listener = listenersOf(config).find((one) => one.port === number);
  const scheme = listener?.protocol === "HTTPS" ? "https" : "http";
  return `${scheme}://${group?.dnsName ?? loadBalancer.dnsName}:${number}${path}`;
};

/** By which the load balancer knows whose request it is, where services share a listener. */
export const probeHeaders = (
  { config }: Pick<EnvironmentOutputs, "config">,
  port: string,
): Readonly<Record<string, string>> => {
  const service = serviceOfPort(config, port);
  return service === undefined ? {} : probeRequestOf(service).headers;
};
