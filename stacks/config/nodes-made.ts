/** Settings of nodes that a member keeps from when it is made. Pure. */
import type { NodesMade } from "../contract";
import type { EnvironmentConfig } from "./types";

/** What the nodes of a member that is made now have, and keep. */
export function nodesWanted({ cluster }: Pick<EnvironmentConfig, "cluster">): NodesMade {
  const { instanceTypes, amiType, capacityType, diskSizeGiB, launchTemplate } = cluster.nodes;
  return {
    instanceTypes: [...instanceTypes],
    amiType: amiType ?? null,
    capacityType: capacityType ?? null,
    diskSizeGiB: diskSizeGiB ?? null,
    launchTemplate: launchTemplate === undefined ? null : { ...launchTemplate },
  };
}
