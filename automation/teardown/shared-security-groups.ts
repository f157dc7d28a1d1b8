/**
 * Security groups (`k8s-traffic-…`) that a former primary's controller had put on load balancers which were handed
 * over: whose are they at the end?
 */
import type { EnvironmentOutputs } from "../../stacks/contract";
import type { EnvironmentRecord } from "../../stacks/record";
import { clusterNameOf, ownershipOf } from "../../stacks/config/target-groups";
import type { AwsPort } from "../ports";

const clusterTag = "elbv2.k8s.aws/cluster";

export interface BackendGroups {
  /** Ids: their cluster is gone, so nobody else deletes them. */
  readonly take: readonly string[];
  /** Their cluster is there, and its controller may need them for somebody else's Services and Ingresses. */
  readonly leave: readonly { readonly id: string; readonly name: string; readonly cluster: string }[];
}

/** The group's tags, or null when it is gone. */
async function tagsOf(aws: Pick<AwsPort, "tags">, id: string): Promise<Readonly<Record<string, string>> | null> {
  try {
    return (await aws.tags([id]))[id] ?? null;
  } catch (error) {
    if ((error as { cause?: { name?: string } }).cause?.name === "InvalidGroup.NotFound") return null;
    throw error;
  }
}

/**
 * As AWS has it now, because the config may have lost a member that was retired long ago. A cluster that the config
 * says was there before counts as there.
 */
export async function backendGroups(
  aws: Pick<AwsPort, "tags" | "clusterStatus">,
  environment: Pick<EnvironmentOutputs, "environment" | "config">,
  record: EnvironmentRecord,
): Promise<BackendGroups> {
  const ownership = ownershipOf(record, environment.config);
  const former = ownership.formerPrimary ?? null;
  const groups = new Map(
    Object.values(ownership.adopted ?? {})
      .flatMap(({ securityGroups }) => securityGroups.filter(({ kind }) => kind === "backend"))
      .map(({ id, name }) => [id, name]),
  );
  const take: string[] = [];
  const leave: { id: string; name: string; cluster: string }[] = [];
  for (const [id, name] of groups) {
    const tags = await tagsOf(aws, id);
    if (tags === null) continue;
    const cluster = tags[clusterTag] ?? (former === null ? null : clusterNameOf(environment, former));
    const wasThere = former !== null && environment.config.memberClusters?.[former]?.existing != null;
    if (wasThere || (cluster !== null && (await aws.clusterStatus(cluster)) !== null))
      leave.push({ id, name, cluster: cluster ?? "" });
    else take.push(id);
  }
  return { take, leave };
}
