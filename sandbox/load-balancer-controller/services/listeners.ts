/** Listeners of Services' load balancers: one for each port. */
import {
  type Action,
  CreateListenerCommand,
  DeleteListenerCommand,
  DescribeListenerAttributesCommand,
  DescribeListenersCommand,
  type Listener,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  type ProtocolEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Elbv2 } from "../aws/elbv2";
import type { ListenerModel } from "./model";
import { RESOURCE_TAG, type Tags } from "./names";
import { type ServiceTags, tagList } from "./tags";

export class ServiceListeners {
  constructor(
    private readonly elb: Elbv2,
    private readonly tags: ServiceTags,
  ) {}

  /** @param arns Of the target groups, by resource. */
  async reconcile(
    LoadBalancerArn: string,
    wanted: readonly ListenerModel[],
    arns: ReadonlyMap<string, string>,
    tags: Tags,
  ): Promise<void> {
    const present =
      (await this.elb.call((client) => client.send(new DescribeListenersCommand({ LoadBalancerArn })))).Listeners ?? [];
    await this.tags.of(present.map((one) => one.ListenerArn ?? ""));
    for (const one of present) {
      if (!wanted.some((each) => each.port === one.Port))
        await this.elb.call((client) => client.send(new DeleteListenerCommand({ ListenerArn: one.ListenerArn })));
    }
    for (const one of wanted) {
      const all = new Map([...tags, [RESOURCE_TAG, String(one.port)]]);
      const found = present.find((each) => each.Port === one.port);
      const arn = found ? await this.update(found, one, arns, all) : await this.create(LoadBalancerArn, one, arns, all);
      await this.setAttributes(arn, one.attributes);
    }
  }

  private async create(
    LoadBalancerArn: string,
    wanted: ListenerModel,
    arns: ReadonlyMap<string, string>,
    tags: Tags,
  ): Promise<string> {
    const answer = await this.elb.call((client) =>
      client.send(
        new CreateListenerCommand({
          LoadBalancerArn,
          Port: wanted.port,
          Protocol: wanted.protocol as ProtocolEnum,
          DefaultActions: [actionOf(wanted, arns)],
          Tags: tagList(tags),
        }),
      ),
    );
    const arn = answer.Listeners?.[0]?.ListenerArn ?? "";
    this.tags.remember(arn, tags);
    return arn;
  }

  private async update(
    present: Listener,
    wanted: ListenerModel,
    arns: ReadonlyMap<string, string>,
    tags: Tags,
  ): Promise<string> {
    const ListenerArn = present.ListenerArn ?? "";
    await this.tags.reconcile(ListenerArn, tags);
    const action = actionOf(wanted, arns);
    if (present.Protocol !== wanted.protocol || shares(present.DefaultActions?.[0]) !== shares(action)) {
      await this.elb.call((client) =>
        client.send(
          new ModifyListenerCommand({
            ListenerArn,
            Port: wanted.port,
            Protocol: wanted.protocol as ProtocolEnum,
            DefaultActions: [action],
          }),
        ),
      );
    }
    return ListenerArn;
  }

  private async setAttributes(ListenerArn: string, wanted: ReadonlyMap<string, string>): Promise<void> {
    const present = await this.elb.call((client) =>
      client.send(new DescribeListenerAttributesCommand({ ListenerArn })),
    );
    const changed = [...wanted].filter(
      ([key, value]) => present.Attributes?.find((one) => one.Key === key)?.Value !== value,
    );
    if (changed.length > 0)
      await this.elb.call((client) =>
        client.send(
          new ModifyListenerAttributesCommand({
            ListenerArn,
            Attributes: changed.map(([Key, Value]) => ({ Key, Value })),
          }),
        ),
      );
  }
}

function actionOf(wanted: ListenerModel, arns: ReadonlyMap<string, string>): Action {
  const TargetGroups = wanted.forward.map((one) => ({
    TargetGroupArn: "arn" in one ? one.arn : arns.get(one.resource),
    ...(one.weight === undefined ? {} : { Weight: one.weight }),
  }));
  return { Type: "forward", ForwardConfig: { TargetGroups } };
}

/** AWS gives a lone group the weight 1. */
function shares(action: Action | undefined): string {
  const groups = action?.ForwardConfig?.TargetGroups ?? [];
  return groups
    .map((one) => `${one.TargetGroupArn} ${one.Weight ?? 1}`)
    .sort()
    .join();
}
