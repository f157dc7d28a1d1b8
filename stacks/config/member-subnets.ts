/** Which private subnets a member that is made now gets. Pure. */
import type { EnvironmentConfig } from "./types";

/** Zones of a new VPC in which members are made; none with an existing VPC, whose subnets say it. */
export function memberZonesOf({ network }: Pick<EnvironmentConfig, "network">): readonly string[] {
  return network.memberZones ?? network.availabilityZones;
}

/** `privateSubnetIds` are the environment's: of a new VPC one for each zone, in the zones' order. */
export function memberSubnetsOf(
  config: Pick<EnvironmentConfig, "network">,
  privateSubnetIds: readonly string[],
): readonly string[] {
  const { memberZones, availabilityZones, existing } = config.network;
  if (existing !== null || memberZones === undefined) return privateSubnetIds;
  return privateSubnetIds.filter((_, index) => memberZones.includes(availabilityZones[index] ?? ""));
}
