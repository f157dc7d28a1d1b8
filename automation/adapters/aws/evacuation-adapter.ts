/** The evacuation port: the denial on the controller's role in IAM, and EC2's word on whose an address is. */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  type Filter,
  type Instance,
  type NetworkInterface,
  type Tag,
} from "@aws-sdk/client-ec2";
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { AddressOwner, EvacuationPort, Leftover } from "../../ports";
import { callAws, isGone } from "./call";
import { clientSettings } from "./client";
import { madeByClusters, search } from "./leftover-kinds";
import { interfacesByAddress } from "./network-interfaces";

/** Name of the inline policy; one that is found under it is ours. */
export const denialName = "eks-blue-green-evacuated";
/**
 * Deregistering and reading stay allowed: the controller needs them to let go of its bindings when the cluster comes
 * back.
 */
export const denial = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Sid: "Evacuated", Effect: "Deny", Action: ["elasticloadbalancing:RegisterTargets"], Resource: "*" }],
});

const hostOf = (target: string): string => target.slice(0, target.lastIndexOf(":"));

/** Cluster names in the tags that EKS, the VPC CNI and people's tools put on nodes and their interfaces. */
export function clustersIn(tags: readonly Tag[] | undefined): string[] {
  const found = (tags ?? []).flatMap(({ Key, Value }) => {
    if (Key === "cluster.k8s.amazonaws.com/name" || Key === "eks:cluster-name" || Key === "aws:eks:cluster-name")
      return Value === undefined || Value === "" ? [] : [Value];
    const name = /^kubernetes\.io\/cluster\/(.+)$/.exec(Key ?? "")?.[1];
    // `shared` is on subnets and security groups that several clusters use; only `owned` says whose it is.
    return name !== undefined && Value === "owned" ? [name] : [];
  });
  return [...new Set(found)].sort();
}

export class EvacuationAdapter implements EvacuationPort {
  private readonly ec2: EC2Client;
  private readonly iam: IAMClient;

  constructor(
    region: string,
    readonly forgetKubernetesObjects: (member: string) => Promise<number>,
  ) {
    const common = clientSettings(region);
    this.ec2 = new EC2Client(common);
    this.iam = new IAMClient(common);
  }

  dispose(): void {
    this.ec2.destroy();
    this.iam.destroy();
  }

  async denyRegistering(RoleName: string): Promise<"denied" | "no-role"> {
    try {
      await callAws("iam:PutRolePolicy", (options) =>
        this.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: denialName, PolicyDocument: denial }), options),
      );
      return "denied";
    } catch (error) {
      if (isGone(error)) return "no-role";
      throw error;
    }
  }

  async registeringDenied(RoleName: string): Promise<boolean> {
    try {
      const { PolicyDocument } = await callAws("iam:GetRolePolicy", (options) =>
        this.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: denialName }), options),
      );
      return same(PolicyDocument ?? "");
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async allowRegistering(RoleName: string): Promise<void> {
    try {
      await callAws("iam:DeleteRolePolicy", (options) =>
        this.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: denialName }), options),
      );
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async ownersOf(targets: readonly string[], vpcId: string): Promise<Readonly<Record<string, AddressOwner>>> {
    const hosts = [...new Set(targets.map(hostOf))];
    const describe = (Filters: Filter[]): Promise<readonly NetworkInterface[]> =>
      this.pages(
        "ec2:DescribeNetworkInterfaces",
        (NextToken, options) => this.ec2.send(new DescribeNetworkInterfacesCommand({ Filters, NextToken }), options),
        (page) => page.NetworkInterfaces,
      );
    const interfaces = await interfacesByAddress(
      hosts.filter((host) => !host.startsWith("i-")),
      vpcId,
      describe,
    );
    const machines = await this.instances([
      ...hosts.filter((host) => host.startsWith("i-")),
      ...[...interfaces.values()].flatMap((one) => one.Attachment?.InstanceId ?? []),
    ]);
    const byId = new Map(machines.map((one) => [one.InstanceId ?? "", one]));
    const byHost = new Map<string, AddressOwner>();
    for (const [address, one] of interfaces) {
      const machine = byId.get(one.Attachment?.InstanceId ?? "");
      const clusters = [...new Set([...clustersIn(one.TagSet), ...clustersIn(machine?.Tags)])];
      const via = `${one.NetworkInterfaceId ?? "?"}${machine === undefined ? "" : ` on ${machine.InstanceId ?? "?"}`}`;
      byHost.set(address, { clusters, via });
    }
    for (const [id, machine] of byId) byHost.set(id, { clusters: clustersIn(machine.Tags), via: id });
    return Object.fromEntries(
      targets.flatMap((target) => {
        const owner = byHost.get(hostOf(target));
        return owner === undefined ? [] : [[target, owner]];
      }),
    );
  }

  leftBehind(clusterName: string): Promise<readonly Leftover[]> {
    return search(this.ec2, madeByClusters([clusterName]));
  }

  private async instances(ids: readonly string[]): Promise<readonly Instance[]> {
    const all = [...new Set(ids)];
    const found: Instance[] = [];
    for (let at = 0; at < all.length; at += 200) {
      const Filters: Filter[] = [{ Name: "instance-id", Values: all.slice(at, at + 200) }];
      found.push(
        ...(await this.pages(
          "ec2:DescribeInstances",
          (NextToken, options) => this.ec2.send(new DescribeInstancesCommand({ Filters, NextToken }), options),
          (page) => page.Reservations?.flatMap((one) => one.Instances ?? []),
        )),
      );
    }
    return found;
  }

  private async pages<Page extends { NextToken?: string | undefined }, One>(
    action: string,
    send: (nextToken: string | undefined, options: { abortSignal: AbortSignal }) => Promise<Page>,
    itemsOf: (page: Page) => readonly One[] | undefined,
  ): Promise<readonly One[]> {
    const found: One[] = [];
    let next: string | undefined;
    do {
      const page = await callAws(action, (options) => send(next, options));
      found.push(...(itemsOf(page) ?? []));
      next = page.NextToken;
    } while (next !== undefined && next !== "");
    return found;
  }
}

/** IAM hands documents out percent-encoded; spaces and order of ours are as written. */
function same(document: string): boolean {
  const plain = document.trimStart().startsWith("{") ? document : decodeURIComponent(document);
  try {
    return JSON.stringify(JSON.parse(plain)) === denial;
  } catch {
    return false;
  }
}
