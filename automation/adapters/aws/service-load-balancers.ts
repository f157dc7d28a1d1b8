/**
 * Finds what a controller made for Services of type LoadBalancer, by the tags that it puts on everything
 * (docs/reference/controller-behaviour.md).
 */
import { DescribeSecurityGroupsCommand, type EC2Client } from "@aws-sdk/client-ec2";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  type TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ServiceTargetGroup } from "../../../stacks/contract";
import { controllerTags } from "../../../stacks/config/target-groups";
import type { ServiceLoadBalancerQuery, ServiceLoadBalancers } from "../../ports";
import { unlessGone, type Call } from "./call";
import { describeElbTags } from "./elb-tags";

async function pages<T>(
  page: (marker: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const { items, next } = await page(marker);
    all.push(...items);
    marker = next === "" ? undefined : next;
  } while (marker !== undefined);
  return all;
}

class Finder {
  constructor(
    private readonly elb: ElasticLoadBalancingV2Client,
    private readonly ec2: EC2Client,
    private readonly call: Call,
  ) {}

  loadBalancers(): Promise<LoadBalancer[]> {
    return pages(async (marker) => {
      const answer = await this.call("elasticloadbalancing:DescribeLoadBalancers", (options) =>
        this.elb.send(new DescribeLoadBalancersCommand({ Marker: marker }), options),
      );
      return { items: answer.LoadBalancers ?? [], next: answer.NextMarker };
    });
  }
  listeners(arn: string): Promise<Listener[]> {
    return pages(async (marker) => {
      const answer = await this.call("elasticloadbalancing:DescribeListeners", (options) =>
        this.elb.send(new DescribeListenersCommand({ LoadBalancerArn: arn, Marker: marker }), options),
      );
      return { items: answer.Listeners ?? [], next: answer.NextMarker };
    });
  }
  targetGroups(arn: string): Promise<TargetGroup[]> {
    return pages(async (marker) => {
      const answer = await this.call("elasticloadbalancing:DescribeTargetGroups", (options) =>
        this.elb.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: arn, Marker: marker }), options),
      );
      return { items: answer.TargetGroups ?? [], next: answer.NextMarker };
    });
  }
  tags(arns: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    return describeElbTags(this.elb, this.call, arns);
  }
  async backendSecurityGroup(clusterName: string): Promise<string | null> {
    const filters = Object.entries(controllerTags.backendSecurityGroup(clusterName)).map(([key, value]) => ({
      Name: `tag:${key}`,
      Values: [value],
    }));
    const answer = await this.call("ec2:DescribeSecurityGroups", (options) =>
      this.ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }), options),
    );
    return answer.SecurityGroups?.[0]?.GroupId ?? null;
  }
}

type Spec = ServiceLoadBalancerQuery["services"][number];
const carries = (
  tags: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean => Object.entries(wanted).every(([key, value]) => tags?.[key] === value);

/** One target group, or the text that says what is missing. */
function locate(
  spec: Spec,
  clusterName: string,
  balancer: LoadBalancer,
  listeners: readonly Listener[],
  groups: readonly TargetGroup[],
  tags: ReadonlyMap<string, Readonly<Record<string, string>>>,
): ServiceTargetGroup | string {
  const wanted = controllerTags.targetGroup(clusterName, spec);
  const group = groups.find((one) => carries(tags.get(one.TargetGroupArn ?? ""), wanted));
  if (group === undefined)
    return (
      `load balancer ${balancer.LoadBalancerName} has no target group tagged ` +
      `${controllerTags.resource}=${wanted[controllerTags.resource]}`
    );
  const listener = listeners.find((one) => one.Port === spec.port);
  if (listener === undefined) return `load balancer ${balancer.LoadBalancerName} has no listener on port ${spec.port}`;
  return {
    name: spec.key,
    service: spec.service,
    port: spec.port,
    loadBalancerArn: balancer.LoadBalancerArn ?? "",
    dnsName: balancer.DNSName ?? "",
    listenerArn: listener.ListenerArn ?? "",
    targetGroupArn: group.TargetGroupArn ?? "",
    targetGroupName: group.TargetGroupName ?? "",
  };
}

export async function findServiceLoadBalancers(
  elb: ElasticLoadBalancingV2Client,
  ec2: EC2Client,
  call: Call,
  query: ServiceLoadBalancerQuery,
): Promise<ServiceLoadBalancers> {
  const finder = new Finder(elb, ec2, call);
  const [balancers, backendSecurityGroupId] = await Promise.all([
    finder.loadBalancers(),
    finder.backendSecurityGroup(query.clusterName),
  ]);
  const network = balancers.filter((balancer) => balancer.Type === "network");
  const balancerTags = await finder.tags(network.map((balancer) => balancer.LoadBalancerArn ?? ""));
  const services: Record<string, ServiceTargetGroup> = {};
  const missing: Record<string, string> = {};
  const byService = new Map<string, Spec[]>();
  for (const spec of query.services) {
    const name = `${spec.namespace}/${spec.loadBalancerService}`;
    byService.set(name, [...(byService.get(name) ?? []), spec]);
  }
  await Promise.all(
    [...byService].map(async ([name, specs]) => {
      const wanted = controllerTags.loadBalancer(query.clusterName, specs[0] as Spec);
      const balancer = network.find((one) => carries(balancerTags.get(one.LoadBalancerArn ?? ""), wanted));
      if (balancer === undefined) {
        for (const spec of specs)
          missing[spec.key] =
            `there is no load balancer tagged ${controllerTags.stack}=${name} of cluster ${query.clusterName}`;
        return;
      }
      const arn = balancer.LoadBalancerArn ?? "";
      // It may go while it is looked at.
      const parts = await unlessGone(Promise.all([finder.listeners(arn), finder.targetGroups(arn)]));
      const [listeners, groups] = parts ?? [[], []];
      const tags = await finder.tags(groups.map((group) => group.TargetGroupArn ?? ""));
      for (const spec of specs) {
        const found = locate(spec, query.clusterName, balancer, listeners, groups, tags);
        if (typeof found === "string") missing[spec.key] = found;
        else services[spec.key] = found;
      }
    }),
  );
  return { services, missing, backendSecurityGroupId };
}
