/**
 * Brings AWS and the cluster to what a Service's load balancer shall be, in the real controller's order; deletions come
 * last, but for the load balancer's own.
 */
import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ServiceBalancers } from "./balancers";
import type { ServiceBindings } from "./bindings";
import type { ServiceGroups } from "./groups";
import type { ServiceListeners } from "./listeners";
import type { ServiceModel } from "./model";
import { stackTags, type Tags } from "./names";
import type { ServiceTargetGroups } from "./target-groups";
import type { ServiceObject } from "../types";

export interface DeployerParts {
  readonly groups: ServiceGroups;
  readonly targetGroups: ServiceTargetGroups;
  readonly balancers: ServiceBalancers;
  readonly listeners: ServiceListeners;
  readonly bindings: ServiceBindings;
  readonly clusterName: string;
  readonly vpcId: string;
}

/** What was found out before: reading AWS can fail the model, and then nothing is changed. */
export interface Resolved {
  readonly model: ServiceModel;
  readonly scheme: "internal" | "internet-facing";
  readonly subnets: readonly string[];
  /** Null: the load balancer was made without security groups, and AWS lets it have none later. */
  readonly securityGroups: "managed" | "given" | null;
  readonly backendGroup: string | null;
}

export class ServiceDeployer {
  constructor(private readonly parts: DeployerParts) {}

  /** Gives the load balancer's host name. */
  async deploy(service: ServiceObject, resolved: Resolved): Promise<string> {
    const { groups, targetGroups, balancers, listeners, bindings, vpcId } = this.parts;
    const { model, scheme, subnets } = resolved;
    const stack = stackTags(this.parts.clusterName, service);
    const tags: Tags = new Map([...model.tags, ...stack]);
    const ownGroups = await groups.ofStack(stack);
    const managed =
      resolved.securityGroups === "managed" ? await groups.managed(ownGroups, model.managedGroup, tags) : null;
    const foundGroups = await targetGroups.ofStack(stack);
    const arns = new Map<string, string>();
    for (const group of model.groups) arns.set(group.resource, await targetGroups.ensure(group, foundGroups, tags));
    const front = managed === null ? model.securityGroups : [managed];
    const securityGroups =
      resolved.securityGroups === null
        ? []
        : [...front, ...(resolved.backendGroup === null ? [] : [resolved.backendGroup])];
    const balancer = await balancers.ensure(
      { name: model.name, scheme, subnets, securityGroups, attributes: model.attributes },
      await balancers.ofStack(stack),
      tags,
    );
    await listeners.reconcile(balancer.LoadBalancerArn ?? "", model.listeners, arns, tags);
    const foundBindings = await bindings.ofStack(service);
    for (const group of model.groups) {
      await bindings.ensure(
        service,
        {
          group,
          arn: arns.get(group.resource) ?? "",
          multiCluster: model.multiCluster,
          vpcId,
          backendGroup: resolved.backendGroup,
        },
        foundBindings,
      );
    }
    const kept = new Set(arns.values());
    for (const one of foundBindings) if (!kept.has(one.spec.targetGroupARN ?? "")) await bindings.delete(one);
    for (const one of foundGroups) if (!kept.has(one.arn)) await targetGroups.delete(one.arn);
    for (const one of ownGroups) if (one.id !== managed) await groups.delete(one.id);
    return balancer.DNSName ?? "";
  }

  /** Load balancer with its listeners, bindings, target groups (other clusters' targets included), security group. */
  async remove(service: ServiceObject): Promise<void> {
    const { groups, targetGroups, balancers, bindings, clusterName } = this.parts;
    const stack = stackTags(clusterName, service);
    const ownGroups = await groups.ofStack(stack);
    const foundGroups = await targetGroups.ofStack(stack);
    for (const one of await balancers.ofStack(stack)) await balancers.delete(one);
    for (const one of await bindings.ofStack(service)) await bindings.delete(one);
    for (const one of foundGroups) await targetGroups.delete(one.arn);
    for (const one of ownGroups) await groups.delete(one.id);
  }

  async existing(service: ServiceObject): Promise<LoadBalancer | undefined> {
    return (await this.parts.balancers.ofStack(stackTags(this.parts.clusterName, service)))[0];
  }
}
