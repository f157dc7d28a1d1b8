/** Network Load Balancers of Services. */
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  type LoadBalancer,
  ModifyLoadBalancerAttributesCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Elbv2 } from "../aws/elbv2";
import { log } from "../log";
import { hasTags, RESOURCE_TAG, type Tags } from "./names";
import { type ServiceTags, tagList } from "./tags";

export interface BalancerWish {
  readonly name: string;
  readonly scheme: "internal" | "internet-facing";
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
}

export class ServiceBalancers {
  constructor(
    private readonly elb: Elbv2,
    private readonly tags: ServiceTags,
  ) {}

  async ofStack(stack: Tags): Promise<LoadBalancer[]> {
    const all: LoadBalancer[] = [];
    for (let marker: string | undefined; ;) {
      const Marker = marker;
      const answer = await this.elb.call((client) => client.send(new DescribeLoadBalancersCommand({ Marker })));
      all.push(...(answer.LoadBalancers ?? []));
      marker = answer.NextMarker;
      if (!marker) break;
    }
    const tags = await this.tags.of(all.map((one) => one.LoadBalancerArn ?? ""));
    return all.filter((one) => hasTags(tags.get(one.LoadBalancerArn ?? "") ?? new Map(), stack));
  }

  /** Those that can't become what is wanted go first. */
  async ensure(wanted: BalancerWish, found: readonly LoadBalancer[], tags: Tags): Promise<LoadBalancer> {
    const all = new Map([...tags, [RESOURCE_TAG, "LoadBalancer"]]);
    const kept = found.find((one) => one.Type === "network" && one.Scheme === wanted.scheme);
    for (const one of found) if (one !== kept) await this.delete(one);
    const balancer = kept ?? (await this.create(wanted, all));
    if (kept) await this.update(kept, wanted, all);
    await this.setAttributes(balancer.LoadBalancerArn ?? "", wanted.attributes);
    return balancer;
  }

  private async create(wanted: BalancerWish, tags: Tags): Promise<LoadBalancer> {
    const answer = await this.elb.call((client) =>
      client.send(
        new CreateLoadBalancerCommand({
          Name: wanted.name,
          Type: "network",
          Scheme: wanted.scheme,
          IpAddressType: "ipv4",
          SubnetMappings: wanted.subnets.map((SubnetId) => ({ SubnetId })),
          SecurityGroups: [...wanted.securityGroups],
          Tags: tagList(tags),
        }),
      ),
    );
    const [balancer] = answer.LoadBalancers ?? [];
    if (!balancer) throw new Error("CreateLoadBalancer answered no load balancer");
    this.tags.remember(balancer.LoadBalancerArn ?? "", tags);
    log("info", "created loadBalancer", { arn: balancer.LoadBalancerArn });
    return balancer;
  }

  private async update(present: LoadBalancer, wanted: BalancerWish, tags: Tags): Promise<void> {
    const LoadBalancerArn = present.LoadBalancerArn ?? "";
    const differ = (a: readonly (string | undefined)[] | undefined, b: readonly string[]): boolean =>
      [...(a ?? [])].sort().join() !== [...b].sort().join();
    await this.tags.reconcile(LoadBalancerArn, tags);
    if (
      differ(
        present.AvailabilityZones?.map((one) => one.SubnetId),
        wanted.subnets,
      )
    ) {
      await this.elb.call((client) =>
        client.send(
          new SetSubnetsCommand({ LoadBalancerArn, SubnetMappings: wanted.subnets.map((SubnetId) => ({ SubnetId })) }),
        ),
      );
    }
    if (differ(present.SecurityGroups, wanted.securityGroups))
      await this.elb.call((client) =>
        client.send(new SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups: [...wanted.securityGroups] })),
      );
  }

  private async setAttributes(LoadBalancerArn: string, wanted: ReadonlyMap<string, string>): Promise<void> {
    const present = await this.elb.call((client) =>
      client.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn })),
    );
    const changed = [...wanted].filter(
      ([key, value]) => present.Attributes?.find((one) => one.Key === key)?.Value !== value,
    );
    if (changed.length > 0)
      await this.elb.call((client) =>
        client.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn,
            Attributes: changed.map(([Key, Value]) => ({ Key, Value })),
          }),
        ),
      );
  }

  /** Protection that is set only in AWS is switched off: it doesn't hold the real controller either. */
  async delete(balancer: LoadBalancer): Promise<void> {
    const LoadBalancerArn = balancer.LoadBalancerArn ?? "";
    const attempt = (): Promise<unknown> =>
      this.elb.call((client) => client.send(new DeleteLoadBalancerCommand({ LoadBalancerArn })));
    try {
      await attempt();
    } catch (error) {
      const { name, message } = error as Error;
      if (!/^OperationNotPermitted/.test(name) || !message.includes("deletion protection")) throw error;
      await this.elb.call((client) =>
        client.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn,
            Attributes: [{ Key: "deletion_protection.enabled", Value: "false" }],
          }),
        ),
      );
      await attempt();
    }
    log("info", "deleted loadBalancer", { arn: LoadBalancerArn });
  }
}
