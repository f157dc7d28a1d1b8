/** Tags of load balancers, listeners and target groups, which others may delete while they are asked for. */
import {
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  type TagDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { isGone, type Call } from "./call";

/** DescribeTags takes at most this many ARNs. */
const chunk = 20;

/**
 * By ARN; what is gone has no entry. One ARN that is gone makes the whole question fail: then each is asked for alone.
 */
export async function describeElbTags(
  elb: ElasticLoadBalancingV2Client,
  call: Call,
  arns: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const ask = async (ResourceArns: string[]): Promise<readonly TagDescription[]> => {
    try {
      const answer = await call("elasticloadbalancing:DescribeTags", (options) =>
        elb.send(new DescribeTagsCommand({ ResourceArns }), options),
      );
      return answer.TagDescriptions ?? [];
    } catch (error) {
      if (!isGone(error)) throw error;
      if (ResourceArns.length === 1) return [];
      const found: TagDescription[] = [];
      for (const arn of ResourceArns) found.push(...(await ask([arn])));
      return found;
    }
  };
  const found = new Map<string, Readonly<Record<string, string>>>();
  const wanted = [...new Set(arns)].filter((arn) => arn !== "");
  for (let at = 0; at < wanted.length; at += chunk) {
    for (const { ResourceArn, Tags } of await ask(wanted.slice(at, at + chunk)))
      found.set(ResourceArn ?? "", Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""])));
  }
  return found;
}
