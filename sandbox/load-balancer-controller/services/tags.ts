/** Tags of ELBv2's resources, remembered for 20 minutes: what others change in between goes unseen. */
import {
  AddTagsCommand,
  DescribeTagsCommand,
  RemoveTagsCommand,
  type Tag,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Elbv2 } from "../aws/elbv2";
import type { Tags } from "./names";

export const TAGS_SECONDS = 20 * 60;
/** Most resources that one call names. */
const CHUNK = 20;

export const tagList = (tags: Tags): Tag[] => [...tags].map(([Key, Value]) => ({ Key, Value }));

export class ServiceTags {
  private readonly known = new Map<string, { readonly tags: Tags; readonly until: number }>();

  /** @param lifeMs Scaled. */
  constructor(
    private readonly elb: Elbv2,
    private readonly lifeMs: number,
  ) {}

  async of(arns: readonly string[]): Promise<ReadonlyMap<string, Tags>> {
    const unknown = arns.filter((arn) => (this.known.get(arn)?.until ?? 0) <= Date.now());
    for (let at = 0; at < unknown.length; at += CHUNK) {
      const answer = await this.elb.call((client) =>
        client.send(new DescribeTagsCommand({ ResourceArns: unknown.slice(at, at + CHUNK) })),
      );
      for (const one of answer.TagDescriptions ?? [])
        this.remember(one.ResourceArn ?? "", new Map((one.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""])));
    }
    return new Map(arns.map((arn) => [arn, this.known.get(arn)?.tags ?? new Map()]));
  }

  remember(arn: string, tags: Tags): void {
    this.known.set(arn, { tags, until: Date.now() + this.lifeMs });
  }

  async reconcile(arn: string, wanted: Tags): Promise<void> {
    const present = (await this.of([arn])).get(arn) ?? new Map<string, string>();
    const changed = new Map([...wanted].filter(([key, value]) => present.get(key) !== value));
    const extra = [...present.keys()].filter((key) => !wanted.has(key));
    if (changed.size > 0)
      await this.elb.call((client) => client.send(new AddTagsCommand({ ResourceArns: [arn], Tags: tagList(changed) })));
    if (extra.length > 0)
      await this.elb.call((client) => client.send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: extra })));
    if (changed.size > 0 || extra.length > 0) this.remember(arn, wanted);
  }
}
