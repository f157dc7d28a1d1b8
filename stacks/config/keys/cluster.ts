/** `cluster`: what the clusters that this project makes are like. */
import { nodesPerGroup, serviceCidrPrefix } from "../../../components/internal/aws-limits";
import { overlap, parseCidr } from "../../../components/internal/cidr";
import { cidr, flag, list, text, whole } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { addedLater, filled, leftOut, orNull, type ValueOf, withDefault } from "../declare/key";

const size = whole({ least: 1, most: nodesPerGroup.most, source: nodesPerGroup.source });

const nodesKeys = {
  instanceTypes: withDefault(
    list(
      text({
        pattern: /^[a-z0-9-]+\.[a-z0-9-]+$/,
        rule: "must be an instance type",
        remedy: "Write it like m6i.large",
      }),
      { fewest: 1, remedy: "Write it like m6i.large" },
    ),
    ["m6i.large"],
    {
      doc: "Instance types of the nodes, the most wanted first, all of one architecture.",
      change: { kind: "partly", note: "the node group is replaced, which the protection of an active member refuses" },
    },
  ),
  minSize: withDefault(size, 2, { doc: "Fewest nodes of a member." }),
  desiredSize: withDefault(size, 2, {
    doc: "Nodes of a member at 100 percent capacity. With `autoscaled` only what a new member begins with.",
  }),
  maxSize: withDefault(size, 4, { doc: "Most nodes of a member." }),
  autoscaled: leftOut(flag(), "false", {
    doc:
      "True when a cluster autoscaler (yours; the package installs none) owns the number of nodes: no later update " +
      "changes it.",
  }),
};

export interface NodesConfig extends ValueOf<typeof nodesKeys> {}

const sizesInOrder: Rule<NodesConfig> = ({ minSize, desiredSize, maxSize }, place) => {
  if (minSize > desiredSize || desiredSize > maxSize)
    place.add(
      "desiredSize",
      desiredSize,
      `must lie between minSize (${minSize}) and maxSize (${maxSize})`,
      "Correct the three sizes",
    );
};

const addonVersion = text({
  pattern: /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
  rule: "must be the version of an EKS add-on",
  remedy: "Write it like v1.19.2-eksbuild.1 (aws eks describe-addon-versions)",
});
const addon = (title: string) =>
  orNull(addonVersion, "EKS's default for the cluster's minor, looked up once per minor", {
    doc: `Version of the add-on ${title}.`,
    example: "v1.19.2-eksbuild.1",
  });

const addonsKeys = {
  vpcCni: addon("Amazon VPC CNI"),
  coredns: addon("CoreDNS"),
  kubeProxy: addon("kube-proxy"),
  podIdentityAgent: addon("EKS Pod Identity Agent"),
};

const clusterKeys = {
  nodes: filled(group(nodesKeys, [sizesInOrder]), { doc: "The managed node group of each member." }),
  addons: filled(group(addonsKeys), { doc: "Pinned versions of the core add-ons." }),
  serviceCidrBlock: addedLater(
    orNull(cidr("172.20.0.0/16"), "EKS chooses 10.100.0.0/16 or 172.20.0.0/16, whichever is clear of the VPC", {
      doc: `Kubernetes' Service range, from /${serviceCidrPrefix.shortest} to /${serviceCidrPrefix.longest}.`,
      change: { kind: "partly", note: "the cluster is replaced, which the protection of an active member refuses" },
      source: serviceCidrPrefix.source,
      example: "172.20.0.0/16",
    }),
  ),
};

export interface ClusterConfig extends ValueOf<typeof clusterKeys> {}

const serviceRange: Rule<ClusterConfig> = ({ serviceCidrBlock }, place) => {
  const vpc = place.earlier.network?.cidrBlock ?? null;
  const service = serviceCidrBlock == null ? null : parseCidr(serviceCidrBlock);
  if (service === null) return;
  const outer = vpc === null ? null : parseCidr(vpc);
  const { shortest, longest } = serviceCidrPrefix;
  if (outer !== null && overlap(service, outer))
    place.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `overlaps with the VPC's block ${vpc}`,
      "Choose a private block outside of the VPC, like 172.20.0.0/16",
    );
  if (service.prefix < shortest || service.prefix > longest)
    place.add(
      "serviceCidrBlock",
      serviceCidrBlock,
      `must have a prefix from /${shortest} to /${longest} (EKS, KubernetesNetworkConfigRequest)`,
      "Choose a block like 172.20.0.0/16",
    );
};

export const cluster = group(clusterKeys, [serviceRange]);
