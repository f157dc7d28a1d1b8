/** A node group's machines: EC2 instances in moto, with the addresses that their pods will have. */
import type { NodeRemoval, NodeSpec } from "../../contract";
import { type Ec2Subnet, filters, items, numbered, str } from "../ec2";
import type { Cluster, EksContext, Json, Nodegroup } from "./store";
import { listOf, objectOf, stringOf } from "./store";

export const podAddressesPerNode = 24;

export async function launch(
  context: EksContext,
  cluster: Cluster,
  group: Nodegroup,
  count: number,
  version: string,
): Promise<NodeSpec[]> {
  const subnets = await context.ec2.subnets(listOf(group.body, "subnets"));
  const securityGroupIds = await groupsFor(context, cluster, group);
  const load = new Map(
    subnets.map((subnet) => [subnet.id, group.nodes.filter((node) => node.subnetId === subnet.id).length]),
  );
  const nodes: NodeSpec[] = [];
  for (let made = 0; made < count; made += 1) {
    const subnet = [...subnets].sort((a, b) => (load.get(a.id) ?? 0) - (load.get(b.id) ?? 0))[0] as Ec2Subnet;
    load.set(subnet.id, (load.get(subnet.id) ?? 0) + 1);
    nodes.push(await launchOne(context, cluster, group, { subnet, securityGroupIds, version }));
  }
  return nodes;
}

async function launchOne(
  context: EksContext,
  cluster: Cluster,
  group: Nodegroup,
  at: { subnet: Ec2Subnet; securityGroupIds: readonly string[]; version: string },
): Promise<NodeSpec> {
  const [address = "", ...podAddresses] = context.pool.allocate(
    at.subnet.cidr,
    1 + podAddressesPerNode,
    await taken(context, at.subnet.id),
  );
  const tags = {
    Name: `${cluster.name}-${group.name}-Node`,
    "eks:cluster-name": cluster.name,
    "eks:nodegroup-name": group.name,
    [`kubernetes.io/cluster/${cluster.name}`]: "owned",
  };
  const answer = await context.ec2.call("RunInstances", {
    ImageId: "ami-12c6146b",
    MinCount: 1,
    MaxCount: 1,
    InstanceType: listOf(group.body, "instanceTypes")[0] ?? "t3.medium",
    SubnetId: at.subnet.id,
    PrivateIpAddress: address,
    ...numbered("SecurityGroupId", at.securityGroupIds),
    "TagSpecification.1.ResourceType": "instance",
    ...Object.fromEntries(
      Object.entries(tags).flatMap(([key, value], index) => [
        [`TagSpecification.1.Tag.${index + 1}.Key`, key],
        [`TagSpecification.1.Tag.${index + 1}.Value`, value],
      ]),
    ),
  });
  const instance = items(answer["instancesSet"])[0];
  const instanceId = str(instance, "instanceId");
  const eni = items(instance?.["networkInterfaceSet"])[0];
  if (eni)
    await context.ec2
      .call("AssignPrivateIpAddresses", {
        NetworkInterfaceId: str(eni, "networkInterfaceId"),
        ...numbered("PrivateIpAddress", podAddresses),
      })
      .catch((error: unknown) =>
        context.log({ event: "pod-addresses-not-in-ec2", instanceId, message: String(error) }),
      );
  const domain = context.region === "us-east-1" ? "ec2.internal" : `${context.region}.compute.internal`;
  return {
    name: `ip-${address.replaceAll(".", "-")}.${domain}`,
    instanceId,
    nodegroup: group.name,
    subnetId: at.subnet.id,
    availabilityZone: at.subnet.zone,
    address,
    podAddresses,
    securityGroupIds: at.securityGroupIds,
    labels: Object.fromEntries(
      Object.entries(objectOf(group.body, "labels")).map(([key, value]) => [key, String(value)]),
    ),
    taints: taints(group.body),
    version: at.version,
  };
}

const effects: Readonly<Record<string, string>> = {
  NO_SCHEDULE: "NoSchedule",
  NO_EXECUTE: "NoExecute",
  PREFER_NO_SCHEDULE: "PreferNoSchedule",
};
export function taints(body: Json): NodeSpec["taints"] {
  const given = Array.isArray(body["taints"]) ? (body["taints"] as Json[]) : [];
  return given.map((one) => ({
    key: String(one["key"]),
    value: stringOf(one, "value"),
    effect: effects[String(one["effect"])] ?? String(one["effect"]),
  }));
}

async function taken(context: EksContext, subnetId: string): Promise<Set<string>> {
  const answer = await context.ec2.call("DescribeNetworkInterfaces", filters({ "subnet-id": [subnetId] }));
  return new Set(
    items(answer["networkInterfaceSet"]).flatMap((one) => [
      str(one, "privateIpAddress"),
      ...items(one["privateIpAddressesSet"]).map((two) => str(two, "privateIpAddress")),
    ]),
  );
}

/** The launch template's groups, else the cluster's own: what EKS gives a managed node group. */
async function groupsFor(context: EksContext, cluster: Cluster, group: Nodegroup): Promise<string[]> {
  const template = objectOf(group.body, "launchTemplate");
  const id = stringOf(template, "id");
  const name = stringOf(template, "name");
  if (id === undefined && name === undefined) return [cluster.securityGroupId];
  const answer = await context.ec2.call("DescribeLaunchTemplateVersions", {
    LaunchTemplateId: id,
    LaunchTemplateName: id === undefined ? name : undefined,
    "LaunchTemplateVersion.1": stringOf(template, "version") ?? "$Default",
  });
  const data = items(answer["launchTemplateVersionSet"])[0]?.["launchTemplateData"] as
    Record<string, unknown> | undefined;
  const own = items(data?.["securityGroupIdSet"]) as unknown[];
  const fromInterfaces = items(data?.["networkInterfaceSet"]).flatMap((one) => items(one["groupSet"]) as unknown[]);
  const ids = [...own, ...fromInterfaces]
    .map((one) => (typeof one === "string" ? one : str(one as never, "groupId")))
    .filter((one) => one !== "");
  return ids.length > 0 ? ids : [cluster.securityGroupId];
}

/** The complete set goes to the backend, which drains what is gone; only then are the machines ended. */
export async function settle(
  context: EksContext,
  cluster: Cluster,
  gone: readonly NodeSpec[],
  removal: NodeRemoval = "forced",
): Promise<void> {
  context.nodesChanged();
  await context.backend.setNodes(
    cluster.name,
    [...cluster.nodegroups.values()].flatMap((group) => group.nodes),
    removal,
  );
  if (gone.length === 0) return;
  await context.ec2
    .call(
      "TerminateInstances",
      numbered(
        "InstanceId",
        gone.map((one) => one.instanceId),
      ),
    )
    .catch((error: unknown) => context.log({ event: "instances-left", message: String(error) }));
  context.pool.release(gone.flatMap((one) => [one.address, ...one.podAddresses]));
  context.nodesChanged();
}
