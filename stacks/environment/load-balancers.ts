/**
 * The environment's load balancers: its own shared one, those that were handed over, or none while Services of the
 * primary own them.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { AdoptedLoadBalancer, type Network, type SharedService } from "../../components";
import type { EnvironmentConfig } from "../config";
import type { ServiceTargetGroup, SharedLoadBalancerOutputs } from "../contract";
import type { Ownership } from "../record";
import { typeOf } from "../config/listeners";
import { targetGroupsOf } from "../config/target-groups";
import { createBalancer } from "./shared-balancer";

export interface LoadBalancersPlan {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly ownership: Ownership;
  readonly network: Network;
  /** Blocks of the VPC besides `network.cidrBlock`. */
  readonly morePodCidrBlocks: readonly string[];
  readonly tags: Record<string, string>;
  /** False only at the end of a teardown. */
  readonly protect: boolean;
  /**
   * Ids of backend security groups that nobody else deletes any more: the driver has seen that their cluster is gone.
   * None before the end of a teardown.
   */
  readonly takes: readonly string[];
  /** By member of the config; null: traffic is not weighted. */
  readonly weights: Readonly<Record<string, number>> | null;
  /** This update must move no traffic: deployed weights stay, whatever `weights` says. */
  readonly keepWeights: boolean;
  /** Members of the config that are absent and that no move is about to make: their own target groups may go. */
  readonly goneMembers: readonly string[];
}

/**
 * The groups that the former primary's controller shared out to its load balancers. While that cluster is there they
 * are its controller's,
 * and so are those of a cluster that was there before and stays; of one that is gone nobody else is left to delete
 * them, and the network
 * can't go before them. Tags and rules stay as they are.
 */
function takeBackendGroups({ environment, ownership, network, takes }: LoadBalancersPlan): aws.ec2.SecurityGroup[] {
  const groups = Object.values(ownership.adopted ?? {}).flatMap(({ securityGroups }) =>
    securityGroups.filter(({ kind, id }) => kind === "backend" && takes.includes(id)),
  );
  return [...new Map(groups.map((group) => [group.id, group])).values()].map(
    ({ id, name, description, vpcId }) =>
      new aws.ec2.SecurityGroup(
        `${environment}-${id}`,
        { name, description, vpcId },
        {
          import: id,
          dependsOn: network,
          ignoreChanges: ["tags", "tagsAll", "ingress", "egress", "revokeRulesOnDelete"],
        },
      ),
  );
}

type Outputs = pulumi.Input<{ [Key in keyof ServiceTargetGroup]: pulumi.Input<ServiceTargetGroup[Key]> }>;

const outputsOf = (
  service: string,
  made: SharedService,
  balancer: { arn: pulumi.Output<string>; dnsName: pulumi.Output<string> },
): Record<string, pulumi.Input<unknown>> => ({
  name: made.name,
  service,
  loadBalancerArn: balancer.arn,
  dnsName: balancer.dnsName,
  targetGroupArn: made.targetGroupArn,
  targetGroupName: made.targetGroupName,
  listenerArn: made.listenerArn,
  port: made.port,
  // Where all is as it always was, so are the outputs.
  ...(made.member === null ? {} : { portKey: made.service, member: made.member }),
  ...(made.ruleArn === null ? {} : { ruleArn: made.ruleArn }),
});

/** Declares them; answers the output `loadBalancer`. */
export function declareLoadBalancers(plan: LoadBalancersPlan): pulumi.Output<SharedLoadBalancerOutputs> {
  const { config, ownership, environment } = plan;
  const specs = targetGroupsOf(config);
  const services: Record<string, Outputs> = {};
  const add = (key: string, outputs: Record<string, pulumi.Input<unknown>>): void =>
    void (services[key] = outputs as unknown as Outputs);
  const outlivedBy = [plan.network, ...takeBackendGroups(plan)];
  for (const [service, balancer] of Object.entries(ownership.adopted ?? {})) {
    const own = specs.filter((spec) => spec.service === service);
    const adopted = new AdoptedLoadBalancer(`${environment}-${service}`, {
      balancer,
      protect: plan.protect,
      targetPorts: Object.fromEntries(own.map(({ key, targetPort }) => [key, targetPort])),
      outlivedBy,
    });
    for (const [key, made] of Object.entries(adopted.services))
      add(key, { ...outputsOf(service, made, adopted), securityGroupId: adopted.securityGroupId });
  }
  if (ownership.owner === "service")
    return pulumi.output({
      owner: "service" as const,
      primary: ownership.primary,
      arn: null,
      dnsName: null,
      securityGroupId: null,
      services,
    }) as pulumi.Output<SharedLoadBalancerOutputs>;
  const rest = specs.filter((spec) => ownership.adopted?.[spec.service] === undefined);
  const shared = rest.length === 0 ? null : createBalancer(plan, rest);
  for (const [key, made] of Object.entries(shared?.services ?? {})) {
    const service = rest.find((spec) => spec.key === made.service)?.service ?? made.service;
    if (shared !== null) add(key, outputsOf(service, made, shared));
  }
  return pulumi.output({
    owner: "stack" as const,
    ...(typeOf(config) === "network" ? {} : { type: typeOf(config) }),
    ...(plan.weights === null ? {} : { traffic: "weighted" as const }),
    primary: null,
    arn: shared?.arn ?? null,
    dnsName: shared?.dnsName ?? null,
    hostedZoneId: shared?.hostedZoneId ?? null,
    securityGroupId: shared?.securityGroupId ?? null,
    services,
  }) as pulumi.Output<SharedLoadBalancerOutputs>;
}
