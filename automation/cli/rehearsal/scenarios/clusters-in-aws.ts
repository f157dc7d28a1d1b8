/** What AWS has of clusters and their nodes, asked with the AWS CLI: names alone tell nothing, a name is used again. */
import type { RehearsalStage, Seen } from "../stage";

export interface ClusterSeen {
  readonly name: string;
  /** One that was made anew under the same name was made later. */
  readonly createdAt: string;
  readonly subnetIds: readonly string[];
  readonly nodeGroups: readonly NodeGroupSeen[];
}
export interface NodeGroupSeen {
  readonly instanceTypes: readonly string[];
  readonly amiType: string;
  readonly subnets: readonly string[];
}

const eks = <T>(stage: RehearsalStage, ...args: string[]): Promise<T> =>
  stage.json<T>("aws", ["eks", ...args, "--output", "json"]);

/** Version 1 of the AWS CLI tells seconds since 1970, version 2 a text. */
const timeOf = (told: string | number): string =>
  typeof told === "number" ? new Date(told * 1000).toISOString() : told;

async function clusterIn(stage: RehearsalStage, name: string): Promise<ClusterSeen> {
  const { cluster } = await eks<{
    readonly cluster: {
      readonly createdAt: string | number;
      readonly resourcesVpcConfig: { readonly subnetIds: readonly string[] };
    };
  }>(stage, "describe-cluster", "--name", name);
  const { nodegroups } = await eks<{ readonly nodegroups: readonly string[] }>(
    stage,
    ...["list-nodegroups", "--cluster-name", name],
  );
  const nodeGroups: NodeGroupSeen[] = [];
  for (const group of nodegroups) {
    const { nodegroup } = await eks<{ readonly nodegroup: NodeGroupSeen }>(
      stage,
      ...["describe-nodegroup", "--cluster-name", name, "--nodegroup-name", group],
    );
    nodeGroups.push(nodegroup);
  }
  const { subnetIds } = cluster.resourcesVpcConfig;
  return { name, createdAt: timeOf(cluster.createdAt), subnetIds, nodeGroups };
}

/** All of the account, by name. */
export async function clustersInAws(stage: RehearsalStage): Promise<readonly ClusterSeen[]> {
  const { clusters } = await eks<{ readonly clusters: readonly string[] }>(stage, "list-clusters");
  const seen: ClusterSeen[] = [];
  for (const name of [...clusters].sort()) seen.push(await clusterIn(stage, name));
  return seen;
}

const identity = ({ name, createdAt }: ClusterSeen): string => `${name} of ${createdAt}`;

/** Nobody touched them: the same clusters, with the same nodes in the same subnets. */
export async function areUntouched(stage: RehearsalStage, before: readonly ClusterSeen[]): Promise<Seen> {
  const now = await clustersInAws(stage);
  return { holds: JSON.stringify(now) === JSON.stringify(before), seen: now.map(identity).join(", ") };
}

/** As many as before, and none of those. */
export async function areAllNew(stage: RehearsalStage, before: readonly ClusterSeen[]): Promise<Seen> {
  const now = await clustersInAws(stage);
  const old = before.map(identity);
  return {
    holds: now.length === before.length && !now.some((one) => old.includes(identity(one))),
    seen: `before ${old.join(", ")}; now ${now.map(identity).join(", ") || "none"}`,
  };
}
