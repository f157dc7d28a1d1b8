/** Which subnets of an existing VPC the load balancer is in. Pure. */
import type { EnvironmentConfig } from "./types";

/** null: the VPC is this project's, and so are its subnets. */
export function loadBalancerSubnetsOf(
  config: Pick<EnvironmentConfig, "network" | "loadBalancer">,
): readonly string[] | null {
  const { existing } = config.network;
  if (existing === null) return null;
  if (existing.loadBalancerSubnetIds !== undefined) return existing.loadBalancerSubnetIds;
  return config.loadBalancer?.scheme === "internal" ? existing.privateSubnetIds : existing.publicSubnetIds;
}
