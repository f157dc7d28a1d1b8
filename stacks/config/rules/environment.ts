/** What must hold between keys of different groups. */
import { longestClusterName } from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import type { OwnKeys } from "../keys/environment";
import { minorOfKubeProxy } from "../keys/cluster";
import { applicationRules } from "./application";
import { securityGroupQuota, targetQuotas } from "./quotas";
import { weightedRules } from "./weighted";

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

/** A pinned kube-proxy of another minor would be left aside without a word. */
const kubeProxyOfMinor: Check = ({ cluster, kubernetesVersion }, place) => {
  const pin = cluster.addons.kubeProxy;
  if (typeof pin !== "string" || pin === "" || kubernetesVersion === "") return;
  const minor = minorOfKubeProxy(pin);
  if (minor !== kubernetesVersion)
    place.add(
      "cluster.addons.kubeProxy",
      pin,
      `is for Kubernetes ${minor}, and kubernetesVersion is ${kubernetesVersion}`,
      `Pin it by minor, so that clusters of both are right: kubeProxy: { "${minor}": ${pin}, "${kubernetesVersion}": ` +
        `v${kubernetesVersion}.… } (aws eks describe-addon-versions --addon-name kube-proxy); or remove it`,
    );
};

const publicSubnets: Check = ({ network, loadBalancer }, place) => {
  if (network.existing?.publicSubnetIds.length !== 0 || loadBalancer?.scheme === "internal") return;
  place.add(
    "network.existing.publicSubnetIds",
    null,
    "is required for an internet-facing load balancer",
    "List public subnets in at least two zones, or set loadBalancer.scheme to internal",
  );
};

export const environmentRules: readonly Check[] = [
  clusterNamesFit,
  zonesOfRegion,
  kubeProxyOfMinor,
  publicSubnets,
  ownClustersInCycle,
  targetQuotas,
  securityGroupQuota,
  ...applicationRules,
  ...weightedRules,
];
