/** The AWS port on the SDK's clients: standard credential chain, AWS_ENDPOINT_URL and region as everywhere. */
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { EC2Client } from "@aws-sdk/client-ec2";
import { DescribeAddonCommand, DescribeClusterCommand, EKSClient, ListAddonsCommand } from "@aws-sdk/client-eks";
import {
  DeregisterTargetsCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  type TargetDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type {
  AddonStatus,
  AlarmState,
  AwsPort,
  ClusterStatus,
  ClusterUpdate,
  LoadBalancerDescription,
  ProbeResult,
  Route,
  RouteWeights,
  ServiceLoadBalancerQuery,
  ServiceLoadBalancers,
  Target,
  TargetState,
} from "../../ports";
import type { NetworkReading, UpgradeInsights } from "../../ports/readings";
import { callAws, isGone } from "./call";
import { clientSettings } from "./client";
import { clusterUpdate, setDeletionProtection } from "./deletion-protection";
import { readInsights } from "./insights";
import { LoadBalancers } from "./load-balancers";
import { probe } from "../http/probe";
import { readWeights } from "./route-weights";
import { findServiceLoadBalancers } from "./service-load-balancers";
import { readNetwork } from "./zones-and-subnets";

const states: readonly TargetState[] = [
  "initial",
  "healthy",
  "unhealthy",
  "unused",
  "draining",
  "unhealthy.draining",
  "unavailable",
];

const idOf = (target: TargetDescription | undefined): string => `${target?.Id ?? ""}:${target?.Port ?? ""}`;
function targetOf(id: string): TargetDescription {
  const at = id.lastIndexOf(":");
  return { Id: id.slice(0, at), Port: Number(id.slice(at + 1)) };
}

export class AwsAdapter implements AwsPort {
  private readonly elb: ElasticLoadBalancingV2Client;
  private readonly ec2: EC2Client;
  private readonly eks: EKSClient;
  private readonly cloudwatch: CloudWatchClient;
  private readonly sts: STSClient;
  private readonly balancers: LoadBalancers;

  constructor(region: string) {
    const common = clientSettings(region);
    this.elb = new ElasticLoadBalancingV2Client(common);
    this.ec2 = new EC2Client(common);
    this.eks = new EKSClient(common);
    this.cloudwatch = new CloudWatchClient(common);
    this.sts = new STSClient(common);
    this.balancers = new LoadBalancers(this.elb, this.ec2, callAws);
  }

  dispose(): void {
    for (const client of [this.elb, this.ec2, this.eks, this.cloudwatch, this.sts]) client.destroy();
  }

  async identity(): Promise<{ readonly account: string; readonly arn: string }> {
    const answer = await callAws("sts:GetCallerIdentity", (options) =>
      this.sts.send(new GetCallerIdentityCommand({}), options),
    );
    return { account: answer.Account ?? "", arn: answer.Arn ?? "" };
  }

  async targets(targetGroupArn: string): Promise<readonly Target[]> {
    const answer = await callAws("elasticloadbalancing:DescribeTargetHealth", (options) =>
      this.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), options),
    );
    return (answer.TargetHealthDescriptions ?? []).map(({ Target: target, TargetHealth: health }) => {
      const state = (health?.State ?? "unavailable") as TargetState;
      return {
        id: idOf(target),
        state: states.includes(state) ? state : "unavailable",
        reason: health?.Reason ?? null,
        description: health?.Description ?? null,
      };
    });
  }

  weights(routes: readonly Route[]): Promise<readonly RouteWeights[]> {
    return readWeights(this.elb, callAws, routes);
  }

  async deregister(targetGroupArn: string, targets: readonly string[]): Promise<void> {
    for (let at = 0; at < targets.length; at += 200) {
      const chunk = targets.slice(at, at + 200).map(targetOf);
      await callAws("elasticloadbalancing:DeregisterTargets", (options) =>
        this.elb.send(new DeregisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: chunk }), options),
      );
    }
  }

  async clusterStatus(clusterName: string): Promise<ClusterStatus | null> {
    try {
      const { cluster } = await callAws("eks:DescribeCluster", (options) =>
        this.eks.send(new DescribeClusterCommand({ name: clusterName }), options),
      );
      return {
        status: cluster?.status ?? "UNKNOWN",
        version: cluster?.version ?? null,
        deletionProtection: cluster?.deletionProtection === true,
      };
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  setDeletionProtection(clusterName: string, on: boolean): Promise<string | null> {
    return setDeletionProtection(this.eks, clusterName, on);
  }

  clusterUpdate(clusterName: string, updateId: string): Promise<ClusterUpdate> {
    return clusterUpdate(this.eks, clusterName, updateId);
  }

  async addons(clusterName: string): Promise<readonly AddonStatus[]> {
    const names: string[] = [];
    for (let nextToken: string | undefined, first = true; first || nextToken !== undefined; first = false) {
      const page = await callAws("eks:ListAddons", (options) =>
        this.eks.send(
          new ListAddonsCommand({ clusterName, ...(nextToken === undefined ? {} : { nextToken }) }),
          options,
        ),
      );
      names.push(...(page.addons ?? []));
      nextToken = page.nextToken ?? undefined;
    }
    return Promise.all(
      names.map(async (name) => {
        const { addon } = await callAws("eks:DescribeAddon", (options) =>
          this.eks.send(new DescribeAddonCommand({ clusterName, addonName: name }), options),
        );
        return { name, version: addon?.addonVersion ?? "", status: addon?.status ?? "UNKNOWN" };
      }),
    );
  }

  findServiceLoadBalancers(query: ServiceLoadBalancerQuery): Promise<ServiceLoadBalancers> {
    return findServiceLoadBalancers(this.elb, this.ec2, callAws, query);
  }

  async loadBalancerAttributes(loadBalancerArn: string): Promise<Readonly<Record<string, string>>> {
    const answer = await callAws("elasticloadbalancing:DescribeLoadBalancerAttributes", (options) =>
      this.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: loadBalancerArn }), options),
    );
    return Object.fromEntries((answer.Attributes ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
  }

  async alarms(names: readonly string[]): Promise<Readonly<Record<string, AlarmState>>> {
    if (names.length === 0) return {};
    const found: Record<string, AlarmState> = Object.fromEntries(names.map((name) => [name, "missing"]));
    for (let at = 0; at < names.length; at += 100) {
      const answer = await callAws("cloudwatch:DescribeAlarms", (options) =>
        this.cloudwatch.send(
          new DescribeAlarmsCommand({
            AlarmNames: names.slice(at, at + 100),
            AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
          }),
          options,
        ),
      );
      for (const { AlarmName, StateValue } of [...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? [])]) {
        found[AlarmName ?? ""] = StateValue === "OK" ? "ok" : StateValue === "ALARM" ? "alarm" : "insufficient-data";
      }
    }
    return found;
  }

  describeLoadBalancer(arn: string): Promise<LoadBalancerDescription | null> {
    return this.balancers.describe(arn);
  }
  tags(resources: readonly string[]): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    return this.balancers.tags(resources);
  }
  removeTags(resource: string, keys: readonly string[]): Promise<void> {
    return this.balancers.removeTags(resource, keys);
  }
  addTags(resource: string, tags: Readonly<Record<string, string>>): Promise<void> {
    return this.balancers.addTags(resource, tags);
  }

  upgradeInsights(clusterName: string, version: string): Promise<UpgradeInsights> {
    return readInsights(this.eks, callAws, clusterName, version);
  }
  network(subnetIds: readonly string[], zonesToo: boolean): Promise<NetworkReading> {
    return readNetwork(this.ec2, callAws, subnetIds, zonesToo);
  }

  probe(url: string, count: number, headers?: Readonly<Record<string, string>>): Promise<ProbeResult> {
    return probe(url, count, headers);
  }
}
