/**
 * What a cluster keeps from when it was made. Its stack's outputs remember it: subnets of a node group, and the key of
 * Secrets, can only be had by making the cluster anew, which is what a rollout does.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../config";
import { memberSubnetsOf } from "../config/member-subnets";
import { nodesWanted } from "../config/nodes-made";
import type { ClusterMade, MemberOutputs } from "../contract";

/** Subnets of the cluster as EKS has them; null (with a note) when that can't be found out. */
async function subnetsOf(clusterName: string, provider: aws.Provider): Promise<readonly string[] | null> {
  try {
    const { vpcConfig } = await aws.eks.getCluster({ name: clusterName }, { provider });
    return vpcConfig.subnetIds.length > 0 ? vpcConfig.subnetIds : null;
  } catch (error) {
    await pulumi.log.debug(`the subnets of cluster '${clusterName}' were not observed: ${String(error)}`);
    return null;
  }
}

/** `arn:aws:sts::1:assumed-role/ci/session` is the role `ci`, whose path no session tells. */
async function caller(provider: aws.Provider): Promise<string | null> {
  try {
    return (await aws.getCallerIdentity({}, { provider })).arn ?? null;
  } catch (error) {
    await pulumi.log.debug(`nobody said who makes the cluster: ${String(error)}`);
    return null;
  }
}

/** Decides once, for a new cluster; afterwards as its stack's outputs say, or (made by an older version) as EKS has it. */
export async function clusterMade(
  last: Partial<MemberOutputs>,
  wanted: {
    readonly config: EnvironmentConfig;
    readonly privateSubnetIds: readonly string[];
    readonly clusterName: string;
    readonly provider: aws.Provider;
  },
): Promise<ClusterMade> {
  const { config, privateSubnetIds, clusterName, provider } = wanted;
  if (last.made !== undefined) return last.made;
  if (last.clusterName === undefined)
    return {
      privateSubnetIds: memberSubnetsOf(config, privateSubnetIds),
      privateEndpoint: true,
      kmsKeyArn: config.cluster.kmsKeyArn ?? null,
      createdBy: await caller(provider),
      nodes: nodesWanted(config),
      permissionsBoundaryArn: config.cluster.permissionsBoundaryArn ?? null,
    };
  const observed = await subnetsOf(clusterName, provider);
  // In the config's order: what is deployed is declared in it.
  const kept = observed === null ? privateSubnetIds : privateSubnetIds.filter((subnet) => observed.includes(subnet));
  const gone = (observed ?? []).filter((subnet) => !kept.includes(subnet));
  return { privateSubnetIds: [...kept, ...gone], privateEndpoint: null, kmsKeyArn: null, createdBy: null };
}

/** EKS has an entry for who made the cluster, and refuses a second one. */
export function adminRoles(wanted: readonly string[], createdBy: string | null): string[] {
  const creator = /^arn:[^:]*:sts::(\d+):assumed-role\/([^/]+)\//.exec(createdBy ?? "");
  return wanted.filter((arn) => {
    const role = /^arn:[^:]*:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(arn);
    return creator === null || role?.[1] !== creator[1] || role?.[2] !== creator[2];
  });
}
