/** What must hold between keys of different groups. */
import { longestClusterName } from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import type { OwnKeys } from "../keys/environment";
import { targetQuotas } from "./quotas";

type Check = Rule<OwnKeys>;

const clusterNamesFit: Check = ({ members }, place) => {
  const longest = Math.max(0, ...members.map((member) => member.length));
  if ((place.earlier.environment?.length ?? 0) + 1 + longest > longestClusterName)
    place.add(
      "members",
      members,
      `environment and member together have at most ${longestClusterName} characters (name of an EKS cluster)`,
      "Shorten the names",
    );
};

const zonesOfRegion: Check = ({ network }, place) => {
  const region = place.earlier.region ?? "";
  for (const zone of network.availabilityZones) {
    if (region !== "" && !zone.startsWith(region))
      place.add(
        "network.availabilityZones",
        zone,
        `must be a zone of the region ${region}`,
        `Use zones like ${region}a`,
      );
  }
};

/** Node groups and add-ons of existing clusters are in no state of ours: nobody declares the version that is waited for. */
const ownClustersInCycle: Check = ({ members, memberClusters, rollout }, place) => {
  const existing = members.filter((member) => memberClusters?.[member]?.existing != null);
  if (rollout.strategy === "cycle" && existing.length > 0)
    place.add(
      "rollout.strategy",
      rollout.strategy,
      `upgrades clusters in place, and ${existing.join(", ")} ${existing.length === 1 ? "is" : "are"} not this ` +
        "project's to upgrade (memberClusters.<member>.existing)",
      "Upgrade existing clusters with whatever made them, between `eks-blue-green drain MEMBER` and " +
        "`eks-blue-green admit MEMBER`, and keep strategy replace",
    );
};

export const environmentRules: readonly Check[] = [clusterNamesFit, zonesOfRegion, ownClustersInCycle, targetQuotas];
