/** Kinds of things in EC2 that may be left, each with how it is found and the commands that AWS takes to remove it. */
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
} from "@aws-sdk/client-ec2";
import type { Leftover } from "../../ports";
import { shell } from "../../text/shell";
import { callAws } from "./call";

type Options = { readonly abortSignal: AbortSignal };
interface Found {
  readonly id: string;
  readonly command: string;
}
export interface Kind {
  readonly what: string;
  readonly action: string;
  readonly find: (ec2: EC2Client, Filters: Filter[], options: Options) => Promise<readonly Found[]>;
}
const ended = new Set<string | undefined>(["deleted", "deleting", "terminated", "shutting-down"]);

/** What must be done first, and the command itself. */
const after = (first: readonly string[], last: string): string => [...first, last].join(" && ");

/** Those that have an id. */
const found = <T>(
  all: readonly T[] | undefined,
  idOf: (one: T) => string | undefined,
  command: (id: string, one: T) => string,
): Found[] =>
  (all ?? []).flatMap((one) => {
    const id = idOf(one);
    return id === undefined ? [] : [{ id, command: command(id, one) }];
  });

export const instance: Kind = {
  what: "instance",
  action: "DescribeInstances",
  find: async (ec2, Filters, options) =>
    found(
      ((await ec2.send(new DescribeInstancesCommand({ Filters }), options)).Reservations ?? [])
        .flatMap(({ Instances }) => Instances ?? [])
        .filter(({ State }) => !ended.has(State?.Name)),
      ({ InstanceId }) => InstanceId,
      (id) => shell`aws ec2 terminate-instances --instance-ids ${id}`,
    ),
};

/** One that is attached can't be deleted. */
export const networkInterface: Kind = {
  what: "network interface",
  action: "DescribeNetworkInterfaces",
  find: async (ec2, Filters, options) =>
    found(
      (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }), options)).NetworkInterfaces,
      ({ NetworkInterfaceId }) => NetworkInterfaceId,
      (id, { Attachment }) =>
        after(
          Attachment?.AttachmentId === undefined
            ? []
            : [
                shell`aws ec2 detach-network-interface --attachment-id ${Attachment.AttachmentId}`,
                shell`aws ec2 wait network-interface-available --network-interface-ids ${id}`,
              ],
          shell`aws ec2 delete-network-interface --network-interface-id ${id}`,
        ),
    ),
};

export const securityGroup: Kind = {
  what: "security group",
  action: "DescribeSecurityGroups",
  find: async (ec2, Filters, options) =>
    found(
      (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }), options)).SecurityGroups,
      ({ GroupId }) => GroupId,
      (id) => shell`aws ec2 delete-security-group --group-id ${id}`,
    ),
};

/** In the order in which they can be removed. */
export const kinds: readonly Kind[] = [
  instance,
  {
    what: "NAT gateway",
    action: "DescribeNatGateways",
    find: async (ec2, Filter, options) =>
      found(
        ((await ec2.send(new DescribeNatGatewaysCommand({ Filter }), options)).NatGateways ?? []).filter(
          ({ State }) => !ended.has(State),
        ),
        ({ NatGatewayId }) => NatGatewayId,
        // Its address and its subnet are in use until it is gone.
        (id) =>
          after(
            [shell`aws ec2 delete-nat-gateway --nat-gateway-id ${id}`],
            shell`aws ec2 wait nat-gateway-deleted --nat-gateway-ids ${id}`,
          ),
      ),
  },
  networkInterface,
  {
    what: "elastic IP",
    action: "DescribeAddresses",
    find: async (ec2, Filters, options) =>
      found(
        (await ec2.send(new DescribeAddressesCommand({ Filters }), options)).Addresses,
        ({ AllocationId }) => AllocationId,
        (id) => shell`aws ec2 release-address --allocation-id ${id}`,
      ),
  },
  securityGroup,
  {
    what: "subnet",
    action: "DescribeSubnets",
    find: async (ec2, Filters, options) =>
      found(
        (await ec2.send(new DescribeSubnetsCommand({ Filters }), options)).Subnets,
        ({ SubnetId }) => SubnetId,
        (id) => shell`aws ec2 delete-subnet --subnet-id ${id}`,
      ),
  },
  {
    what: "route table",
    action: "DescribeRouteTables",
    find: async (ec2, Filters, options) =>
      found(
        (await ec2.send(new DescribeRouteTablesCommand({ Filters }), options)).RouteTables,
        ({ RouteTableId }) => RouteTableId,
        (id, { Associations }) =>
          after(
            (Associations ?? []).flatMap(({ Main, RouteTableAssociationId: association }) =>
              Main === true || association === undefined
                ? []
                : [shell`aws ec2 disassociate-route-table --association-id ${association}`],
            ),
            shell`aws ec2 delete-route-table --route-table-id ${id}`,
          ),
      ),
  },
  {
    what: "internet gateway",
    action: "DescribeInternetGateways",
    find: async (ec2, Filters, options) =>
      found(
        (await ec2.send(new DescribeInternetGatewaysCommand({ Filters }), options)).InternetGateways,
        ({ InternetGatewayId }) => InternetGatewayId,
        (id, { Attachments }) =>
          after(
            (Attachments ?? []).flatMap(({ VpcId }) =>
              VpcId === undefined
                ? []
                : [shell`aws ec2 detach-internet-gateway --internet-gateway-id ${id} --vpc-id ${VpcId}`],
            ),
            shell`aws ec2 delete-internet-gateway --internet-gateway-id ${id}`,
          ),
      ),
  },
  {
    what: "VPC",
    action: "DescribeVpcs",
    find: async (ec2, Filters, options) =>
      found(
        (await ec2.send(new DescribeVpcsCommand({ Filters }), options)).Vpcs,
        ({ VpcId }) => VpcId,
        (id) => shell`aws ec2 delete-vpc --vpc-id ${id}`,
      ),
  },
];

/**
 * Made by a cluster's storage driver, which tags with the cluster's name. They may hold data, so the command only
 * looks.
 */
const volume: Kind = {
  what: "volume",
  action: "DescribeVolumes",
  find: async (ec2, Filters, options) =>
    found(
      ((await ec2.send(new DescribeVolumesCommand({ Filters }), options)).Volumes ?? []).filter(
        ({ State }) => !ended.has(State),
      ),
      ({ VolumeId }) => VolumeId,
      (id) => shell`aws ec2 describe-volumes --volume-ids ${id}`,
    ),
};

/** One entry a thing, whatever found it. */
export async function search(
  ec2: EC2Client,
  asked: readonly (readonly [Filter, Kind])[],
): Promise<readonly Leftover[]> {
  const answers = await Promise.all(
    asked.map(async ([filter, { what, action, find }]) =>
      (await callAws(`ec2:${action}`, (options) => find(ec2, [filter], options))).map((one): Leftover => ({
        what,
        ...one,
      })),
    ),
  );
  return [...new Map(answers.flat().map((one) => [one.id, one])).values()];
}

/**
 * What clusters make by themselves and nobody's stack knows: EKS's own group, interfaces of the VPC CNI, nodes of an
 * autoscaler, volumes. Whatever is in a network keeps it from being deleted. `shared` says that others use it too.
 */
export const madeByClusters = (clusterNames: readonly string[]): (readonly [Filter, Kind])[] =>
  clusterNames.flatMap((name) => [
    ...[
      { Name: `tag:kubernetes.io/cluster/${name}`, Values: ["owned"] },
      { Name: "tag:cluster.k8s.amazonaws.com/name", Values: [name] },
      { Name: "tag:aws:eks:cluster-name", Values: [name] },
    ].flatMap((filter) => [instance, networkInterface, securityGroup].map((kind) => [filter, kind] as const)),
    [{ Name: "tag-key", Values: [`kubernetes.io/cluster/${name}`] }, volume] as const,
  ]);
