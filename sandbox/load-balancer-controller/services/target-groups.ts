/** Target groups of a Service's load balancer. */
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  type ProtocolEnum,
  type TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { scaledMs } from "../../shared/clock";
import { sleep } from "../../kubernetes/retry";
import type { Elbv2 } from "../aws/elbv2";
import { log } from "../log";
import type { GroupModel, HealthCheck } from "./model";
import { hasTags, RESOURCE_TAG, type Tags } from "./names";
import { type ServiceTags, tagList } from "./tags";

const IN_USE = { retrySeconds: 2, giveUpSeconds: 20 };

export interface FoundGroup {
  readonly arn: string;
  readonly resource: string;
  readonly group: TargetGroup;
}

export class ServiceTargetGroups {
  constructor(
    private readonly elb: Elbv2,
    private readonly tags: ServiceTags,
    private readonly vpcId: string,
    private readonly timeScale: number,
  ) {}

  async ofStack(stack: Tags): Promise<FoundGroup[]> {
    const groups: TargetGroup[] = [];
    for (let marker: string | undefined; ;) {
      const Marker = marker;
      const answer = await this.elb.call((client) => client.send(new DescribeTargetGroupsCommand({ Marker })));
      groups.push(...(answer.TargetGroups ?? []));
      marker = answer.NextMarker;
      if (!marker) break;
    }
    const tags = await this.tags.of(groups.map((one) => one.TargetGroupArn ?? ""));
    return groups.flatMap((group) => {
      const own = tags.get(group.TargetGroupArn ?? "") ?? new Map<string, string>();
      return hasTags(own, stack)
        ? [{ arn: group.TargetGroupArn ?? "", resource: own.get(RESOURCE_TAG) ?? "", group }]
        : [];
    });
  }

  /**
   * Gives the group's ARN. One whose name differs is taken all the same; one that can't be changed into what is wanted
   * is made anew.
   */
  async ensure(wanted: GroupModel, found: readonly FoundGroup[], tags: Tags): Promise<string> {
    const all = new Map([...tags, [RESOURCE_TAG, wanted.resource]]);
    const same = found.find((one) => one.resource === wanted.resource && fits(one.group, wanted));
    const arn = same?.arn ?? (await this.create(wanted, all));
    if (same) {
      await this.tags.reconcile(arn, all);
      if (!sameCheck(same.group, wanted.healthCheck))
        await this.elb.call((client) =>
          client.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...checkParams(wanted.healthCheck) })),
        );
    }
    const present = await this.elb.call((client) =>
      client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn })),
    );
    const changed = [...wanted.attributes].filter(
      ([key, value]) => present.Attributes?.find((one) => one.Key === key)?.Value !== value,
    );
    if (changed.length > 0)
      await this.elb.call((client) =>
        client.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: arn,
            Attributes: changed.map(([Key, Value]) => ({ Key, Value })),
          }),
        ),
      );
    return arn;
  }

  private async create(wanted: GroupModel, tags: Tags): Promise<string> {
    const answer = await this.elb.call((client) =>
      client.send(
        new CreateTargetGroupCommand({
          Name: wanted.name,
          Protocol: wanted.protocol as ProtocolEnum,
          Port: wanted.port,
          VpcId: this.vpcId,
          TargetType: wanted.targetType,
          IpAddressType: "ipv4",
          Tags: tagList(tags),
          ...checkParams(wanted.healthCheck),
        }),
      ),
    );
    const arn = answer.TargetGroups?.[0]?.TargetGroupArn ?? "";
    this.tags.remember(arn, tags);
    log("info", "created targetGroup", { arn, resource: wanted.resource });
    return arn;
  }

  /** With whatever targets are in it, other clusters' too. */
  async delete(arn: string): Promise<void> {
    const until = Date.now() + scaledMs(IN_USE.giveUpSeconds, this.timeScale);
    for (;;) {
      try {
        await this.elb.call((client) => client.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn })));
        log("info", "deleted targetGroup", { arn });
        return;
      } catch (error) {
        if (!/^ResourceInUse/.test((error as Error).name) || Date.now() >= until) throw error;
        await sleep(scaledMs(IN_USE.retrySeconds, this.timeScale));
      }
    }
  }
}

function fits(group: TargetGroup, wanted: GroupModel): boolean {
  return (
    group.TargetType === wanted.targetType &&
    group.Protocol === wanted.protocol &&
    (group.IpAddressType ?? "ipv4") === "ipv4"
  );
}

function sameCheck(group: TargetGroup, wanted: HealthCheck): boolean {
  const path = wanted.path === undefined || group.HealthCheckPath === wanted.path;
  const matcher = wanted.matcher === undefined || group.Matcher?.HttpCode === wanted.matcher;
  return (
    path &&
    matcher &&
    group.HealthCheckProtocol === wanted.protocol &&
    group.HealthCheckPort === wanted.port &&
    group.HealthCheckIntervalSeconds === wanted.intervalSeconds &&
    group.HealthCheckTimeoutSeconds === wanted.timeoutSeconds &&
    group.HealthyThresholdCount === wanted.healthyThreshold &&
    group.UnhealthyThresholdCount === wanted.unhealthyThreshold
  );
}

function checkParams(check: HealthCheck): object {
  return {
    HealthCheckEnabled: true,
    HealthCheckProtocol: check.protocol,
    HealthCheckPort: check.port,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
    ...(check.path === undefined ? {} : { HealthCheckPath: check.path }),
    ...(check.matcher === undefined ? {} : { Matcher: { HttpCode: check.matcher } }),
  };
}
