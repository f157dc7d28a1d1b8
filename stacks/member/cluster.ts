/** A member's cluster: what it is to be, and its declaration. */
import type * as aws from "@pulumi/aws";
import { Cluster, type ClusterArgs, type NodeGroupArgs } from "../../components";
import type { ClusterConfig, EnvironmentConfig } from "../config";
import type { AddonVersions, ClusterMade, EnvironmentOutputs, MemberOutputs } from "../contract";
import { higherVersion, type MemberPlacement, nodePercentOf, nodesAt } from "../record";
import { existingCluster, type ExistingCluster } from "./aws-lookups";
import { nodesWanted } from "../config/nodes-made";
import { adminRoles, clusterMade } from "./made";
import { lookUpAddonVersions, observeClusterVersion } from "./versions";

export interface ClusterPlan {
  /** null: the member's cluster is this stack's own. */
  readonly existing: ExistingCluster | null;
  readonly version: string;
  /** null: the cluster has its own. */
  readonly addons: AddonVersions | null;
  /** null: the member's cluster is somebody else's. */
  readonly made: ClusterMade | null;
  readonly clusterName: string;
}

/** What the config says of the cluster beyond version and nodes; without what it doesn't say. */
function clusterOptions(config: ClusterConfig, made: ClusterMade): Partial<ClusterArgs> {
  const { endpoint, adminRoleArns, supportType, logTypes, deletionProtection } = config;
  const privateAccess = endpoint?.privateAccess ?? made.privateEndpoint ?? undefined;
  const { publicAccess, publicCidrs } = endpoint ?? {};
  const reached = {
    privateAccess,
    publicAccess,
    publicCidrs: publicCidrs === undefined ? undefined : [...publicCidrs],
  };
  return {
    ...(Object.values(reached).every((one) => one === undefined) ? {} : { endpoint: reached }),
    ...(adminRoleArns === undefined ? {} : { adminRoleArns: adminRoles(adminRoleArns, made.createdBy) }),
    ...(supportType === undefined ? {} : { supportType }),
    ...(logTypes === undefined ? {} : { logTypes: [...logTypes] }),
    ...(deletionProtection === undefined ? {} : { deletionProtection }),
    ...(made.kmsKeyArn === null ? {} : { kmsKeyArn: made.kmsKeyArn }),
    ...(made.permissionsBoundaryArn == null ? {} : { permissionsBoundary: made.permissionsBoundaryArn }),
  };
}

/** Sizes and labels as the config has them now; what would replace the node group as it was made. */
function nodeArgs(config: EnvironmentConfig, made: ClusterMade, declared: MemberPlacement): NodeGroupArgs {
  const { minSize, maxSize, autoscaled, labels } = config.cluster.nodes;
  const { instanceTypes, amiType, capacityType, diskSizeGiB, launchTemplate } = made.nodes ?? nodesWanted(config);
  return {
    instanceTypes: [...instanceTypes],
    minSize,
    desiredSize: nodesAt(config.cluster.nodes, nodePercentOf(declared)),
    maxSize,
    autoscaled: autoscaled === true,
    ...(labels === undefined ? {} : { labels: { ...labels } }),
    ...(amiType === null ? {} : { amiType }),
    ...(capacityType === null ? {} : { capacityType }),
    ...(diskSizeGiB === null ? {} : { diskSize: diskSizeGiB }),
    ...(launchTemplate === null ? {} : { launchTemplate: { ...launchTemplate } }),
  };
}

export function createCluster(
  plan: ClusterPlan & {
    readonly member: string;
    readonly environment: EnvironmentOutputs;
    readonly declared: MemberPlacement;
    readonly provider: aws.Provider;
  },
  tags: Record<string, string>,
): Cluster {
  const { config, network } = plan.environment;
  if (plan.existing !== null || plan.addons === null || plan.made === null) {
    return new Cluster(
      plan.member,
      {
        clusterName: plan.clusterName,
        existing: {
          kubeconfig: plan.existing?.kubeconfig ?? "",
          podSecurityGroupId: plan.existing?.podSecurityGroupId ?? "",
        },
      },
      { providers: [plan.provider] },
    );
  }
  return new Cluster(
    plan.member,
    {
      clusterName: plan.clusterName,
      version: plan.version,
      vpcId: network.vpcId,
      privateSubnetIds: [...plan.made.privateSubnetIds],
      nodes: nodeArgs(config, plan.made, plan.declared),
      addons: plan.addons,
      serviceCidrBlock: config.cluster.serviceCidrBlock ?? undefined,
      oidcProvider: config.controller.identity === "irsa",
      ...clusterOptions(config.cluster, plan.made),
      tags,
      // The node group is nobody's dependent, so a stray `pulumi destroy` would delete it beside the bindings that
      // refuse to go.
    },
    { providers: [plan.provider], protect: plan.declared.role === "active" },
  );
}

/** What the member's cluster is to be, and (of one that this stack has made) what it keeps. */
export async function readCluster(
  { config, network, region }: EnvironmentOutputs,
  member: {
    readonly member: string;
    readonly clusterName: string;
    readonly wantedVersion: string;
    readonly last: Partial<MemberOutputs>;
    /** Services whose pods this stack makes, with a role. */
    readonly withRoles: readonly string[];
    readonly provider: aws.Provider;
  },
): Promise<ClusterPlan> {
  const { clusterName, wantedVersion, last, provider } = member;
  const existing = await existingCluster(config.memberClusters?.[member.member]?.existing ?? null, {
    vpcId: network.vpcId,
    region,
    wantedVersion,
    deployed: last.clusterName !== undefined,
    identity: config.controller.identity,
    withRoles: member.withRoles,
    provider,
  });
  if (existing !== null)
    return {
      existing,
      version: higherVersion(wantedVersion, existing.version) ?? wantedVersion,
      addons: null,
      made: null,
      clusterName,
    };
  // Only a cluster that this stack has made can have been upgraded by EKS meanwhile.
  const observed = last.clusterName === undefined ? null : await observeClusterVersion(clusterName, provider);
  const version = higherVersion(wantedVersion, observed) ?? wantedVersion;
  const { privateSubnetIds } = network;
  return {
    existing,
    version,
    addons: await lookUpAddonVersions(version, config.cluster.addons, last.addons, provider),
    clusterName,
    made: await clusterMade(last, { config, privateSubnetIds, clusterName, provider }),
  };
}
