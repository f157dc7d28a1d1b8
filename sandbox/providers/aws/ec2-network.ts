/** VPC, subnets, gateways and routes. */
import * as ec2 from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import type { Props } from "../rpc/values";
import { orNull, tagList, tagMap, unlessAlready, unlessGone, type AwsContext, type AwsResource } from "./descriptor";

export function tagSpecification(
  type: ec2.ResourceType,
  tags: Readonly<Record<string, string>>,
): { TagSpecifications?: ec2.TagSpecification[] } {
  return Object.keys(tags).length === 0 ? {} : { TagSpecifications: [{ ResourceType: type, Tags: tagList(tags) }] };
}

export async function tagEc2(
  aws: AwsContext,
  id: string,
  tags: Readonly<Record<string, string>>,
  removed: readonly string[],
): Promise<void> {
  if (removed.length > 0)
    await aws.ec2.send(new ec2.DeleteTagsCommand({ Resources: [id], Tags: removed.map((Key) => ({ Key })) }));
  if (Object.keys(tags).length > 0)
    await aws.ec2.send(new ec2.CreateTagsCommand({ Resources: [id], Tags: tagList(tags) }));
}

async function arn(aws: AwsContext, kind: string, id: string): Promise<string> {
  return `arn:aws:ec2:${aws.region}:${await aws.accountId()}:${kind}/${id}`;
}

const vpc: AwsResource = {
  token: "aws:ec2/vpc:Vpc",
  inputs: ["cidrBlock", "instanceTenancy", "enableDnsHostnames", "enableDnsSupport", "region", "tags"],
  defaults: { instanceTenancy: "default", enableDnsSupport: true },
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.ec2.send(
      new ec2.CreateVpcCommand({
        CidrBlock: inputs["cidrBlock"],
        InstanceTenancy: inputs["instanceTenancy"],
        ...tagSpecification("vpc", tags),
      }),
    );
    const id = exists(made.Vpc!.VpcId!);
    await dnsAttributes(aws, id, inputs);
    return id;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }))))?.Vpcs?.[0];
    if (found === undefined) return null;
    const of = [{ Name: "vpc-id", Values: [id] }];
    const [tables, groups, acls, hostnames, support] = await Promise.all([
      aws.ec2.send(
        new ec2.DescribeRouteTablesCommand({ Filters: [...of, { Name: "association.main", Values: ["true"] }] }),
      ),
      aws.ec2.send(
        new ec2.DescribeSecurityGroupsCommand({ Filters: [...of, { Name: "group-name", Values: ["default"] }] }),
      ),
      aws.ec2.send(new ec2.DescribeNetworkAclsCommand({ Filters: [...of, { Name: "default", Values: ["true"] }] })),
      aws.ec2.send(new ec2.DescribeVpcAttributeCommand({ VpcId: id, Attribute: "enableDnsHostnames" })),
      aws.ec2.send(new ec2.DescribeVpcAttributeCommand({ VpcId: id, Attribute: "enableDnsSupport" })),
    ]);
    const table = tables.RouteTables?.[0]?.RouteTableId;
    return {
      arn: await arn(aws, "vpc", id),
      cidrBlock: found.CidrBlock,
      instanceTenancy: found.InstanceTenancy ?? "default",
      dhcpOptionsId: found.DhcpOptionsId ?? "default",
      ownerId: found.OwnerId ?? (await aws.accountId()),
      mainRouteTableId: table,
      defaultRouteTableId: table,
      defaultSecurityGroupId: groups.SecurityGroups?.[0]?.GroupId,
      defaultNetworkAclId: acls.NetworkAcls?.[0]?.NetworkAclId,
      enableDnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
      enableDnsSupport: support.EnableDnsSupport?.Value ?? true,
      enableNetworkAddressUsageMetrics: false,
      assignGeneratedIpv6CidrBlock: false,
      ipv6AssociationId: "",
      ipv6CidrBlock: "",
      tagsAll: tagMap(found.Tags),
    };
  },
  update: (aws, id, inputs) => dnsAttributes(aws, id, inputs),
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DeleteVpcCommand({ VpcId: id }))),
};

/** One attribute a call: AWS refuses two. */
async function dnsAttributes(aws: AwsContext, id: string, inputs: Props): Promise<void> {
  if (inputs["enableDnsSupport"] !== undefined)
    await aws.ec2.send(
      new ec2.ModifyVpcAttributeCommand({ VpcId: id, EnableDnsSupport: { Value: inputs["enableDnsSupport"] } }),
    );
  if (inputs["enableDnsHostnames"] !== undefined)
    await aws.ec2.send(
      new ec2.ModifyVpcAttributeCommand({ VpcId: id, EnableDnsHostnames: { Value: inputs["enableDnsHostnames"] } }),
    );
}

const subnet: AwsResource = {
  token: "aws:ec2/subnet:Subnet",
  inputs: ["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "mapPublicIpOnLaunch", "region", "tags"],
  defaults: { mapPublicIpOnLaunch: false },
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.ec2.send(
      new ec2.CreateSubnetCommand({
        VpcId: inputs["vpcId"],
        CidrBlock: inputs["cidrBlock"],
        AvailabilityZone: inputs["availabilityZone"],
        AvailabilityZoneId: inputs["availabilityZoneId"],
        ...tagSpecification("subnet", tags),
      }),
    );
    const id = exists(made.Subnet!.SubnetId!);
    if (inputs["mapPublicIpOnLaunch"] === true)
      await aws.ec2.send(new ec2.ModifySubnetAttributeCommand({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } }));
    return id;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [id] }))))?.Subnets?.[0];
    if (found === undefined) return null;
    return {
      arn: found.SubnetArn ?? (await arn(aws, "subnet", id)),
      vpcId: found.VpcId,
      cidrBlock: found.CidrBlock,
      availabilityZone: found.AvailabilityZone,
      availabilityZoneId: found.AvailabilityZoneId ?? "",
      mapPublicIpOnLaunch: found.MapPublicIpOnLaunch ?? false,
      ownerId: found.OwnerId ?? (await aws.accountId()),
      assignIpv6AddressOnCreation: false,
      ipv6CidrBlock: "",
      ipv6CidrBlockAssociationId: "",
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, _olds, changed) {
    if (changed.has("mapPublicIpOnLaunch"))
      await aws.ec2.send(
        new ec2.ModifySubnetAttributeCommand({
          SubnetId: id,
          MapPublicIpOnLaunch: { Value: inputs["mapPublicIpOnLaunch"] === true },
        }),
      );
  },
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: id }))),
};

const internetGateway: AwsResource = {
  token: "aws:ec2/internetGateway:InternetGateway",
  inputs: ["vpcId", "region", "tags"],
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.ec2.send(
      new ec2.CreateInternetGatewayCommand({ ...tagSpecification("internet-gateway", tags) }),
    );
    const id = exists(made.InternetGateway!.InternetGatewayId!);
    if (inputs["vpcId"] !== undefined)
      await aws.ec2.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: inputs["vpcId"] }));
    return id;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }))))
      ?.InternetGateways?.[0];
    if (found === undefined) return null;
    return {
      arn: await arn(aws, "internet-gateway", id),
      ownerId: found.OwnerId ?? (await aws.accountId()),
      vpcId: found.Attachments?.[0]?.VpcId ?? "",
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, olds, changed) {
    if (!changed.has("vpcId")) return;
    if (olds["vpcId"])
      await unlessAlready(
        ["Gateway.NotAttached"],
        aws.ec2.send(new ec2.DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId: olds["vpcId"] })),
      );
    if (inputs["vpcId"])
      await unlessAlready(
        ["Resource.AlreadyAssociated"],
        aws.ec2.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: inputs["vpcId"] })),
      );
  },
  tag: tagEc2,
  async delete(aws, id, outputs) {
    if (outputs["vpcId"])
      await unlessAlready(
        ["Gateway.NotAttached", "InvalidInternetGatewayID.NotFound"],
        aws.ec2.send(new ec2.DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId: outputs["vpcId"] })),
      );
    await unlessGone(aws.ec2.send(new ec2.DeleteInternetGatewayCommand({ InternetGatewayId: id })));
  },
};

const eip: AwsResource = {
  token: "aws:ec2/eip:Eip",
  inputs: ["domain", "region", "tags"],
  defaults: { domain: "vpc" },
  taggable: true,
  async create(aws, _inputs, tags) {
    return (
      await aws.ec2.send(new ec2.AllocateAddressCommand({ Domain: "vpc", ...tagSpecification("elastic-ip", tags) }))
    ).AllocationId!;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeAddressesCommand({ AllocationIds: [id] }))))
      ?.Addresses?.[0];
    if (found === undefined) return null;
    return {
      allocationId: id,
      arn: await arn(aws, "elastic-ip", id),
      publicIp: found.PublicIp,
      domain: found.Domain ?? "vpc",
      associationId: found.AssociationId ?? "",
      privateIp: found.PrivateIpAddress ?? "",
      publicDns: `ec2-${(found.PublicIp ?? "").replaceAll(".", "-")}.compute-1.amazonaws.com`,
      tagsAll: tagMap(found.Tags),
    };
  },
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.ReleaseAddressCommand({ AllocationId: id }))),
};

const natGateway: AwsResource = {
  token: "aws:ec2/natGateway:NatGateway",
  inputs: ["allocationId", "connectivityType", "privateIp", "subnetId", "region", "tags"],
  defaults: { connectivityType: "public" },
  taggable: true,
  waitsForDeletion: true,
  async create(aws, inputs, tags) {
    const made = await aws.ec2.send(
      new ec2.CreateNatGatewayCommand({
        SubnetId: inputs["subnetId"],
        AllocationId: inputs["allocationId"],
        ConnectivityType: inputs["connectivityType"],
        PrivateIpAddress: inputs["privateIp"],
        ...tagSpecification("natgateway", tags),
      }),
    );
    return made.NatGateway!.NatGatewayId!;
  },
  async ready(aws, id) {
    const found = (await aws.ec2.send(new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [id] }))).NatGateways?.[0];
    if (found?.State === "failed")
      throw new Error(`NAT gateway ${id} failed: ${found.FailureMessage ?? "no reason given"}`);
    return found?.State === "available";
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [id] }))))
      ?.NatGateways?.[0];
    if (found === undefined || found.State === "deleted") return null;
    const address = found.NatGatewayAddresses?.[0];
    return {
      allocationId: address?.AllocationId,
      subnetId: found.SubnetId,
      connectivityType: found.ConnectivityType ?? "public",
      publicIp: address?.PublicIp ?? "",
      privateIp: address?.PrivateIp ?? "",
      networkInterfaceId: address?.NetworkInterfaceId ?? "",
      associationId: address?.AssociationId ?? "",
      vpcId: found.VpcId,
      tagsAll: tagMap(found.Tags),
    };
  },
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: id }))),
};

const targetsOfRoute = [
  "gatewayId",
  "natGatewayId",
  "transitGatewayId",
  "vpcPeeringConnectionId",
  "networkInterfaceId",
  "egressOnlyGatewayId",
  "vpcEndpointId",
] as const;

function routeInput(routeTableId: string, route: Props) {
  return {
    RouteTableId: routeTableId,
    DestinationCidrBlock: route["destinationCidrBlock"] ?? route["cidrBlock"],
    DestinationIpv6CidrBlock: route["destinationIpv6CidrBlock"] ?? route["ipv6CidrBlock"],
    DestinationPrefixListId: route["destinationPrefixListId"],
    GatewayId: route["gatewayId"],
    NatGatewayId: route["natGatewayId"],
    TransitGatewayId: route["transitGatewayId"],
    VpcPeeringConnectionId: route["vpcPeeringConnectionId"],
    NetworkInterfaceId: route["networkInterfaceId"],
    EgressOnlyInternetGatewayId: route["egressOnlyGatewayId"],
    VpcEndpointId: route["vpcEndpointId"],
  };
}

/** What a route leads to, as a program would write it. */
function targetOf(found: ec2.Route): Props {
  const endpoint = found.GatewayId?.startsWith("vpce-") === true;
  return {
    gatewayId: endpoint ? undefined : found.GatewayId,
    vpcEndpointId: endpoint ? found.GatewayId : undefined,
    natGatewayId: found.NatGatewayId,
    transitGatewayId: found.TransitGatewayId,
    vpcPeeringConnectionId: found.VpcPeeringConnectionId,
    networkInterfaceId: found.NetworkInterfaceId,
    egressOnlyGatewayId: found.EgressOnlyInternetGatewayId,
  };
}

const programRoute = (found: ec2.Route): Props => ({
  cidrBlock: found.DestinationCidrBlock,
  ipv6CidrBlock: found.DestinationIpv6CidrBlock,
  destinationPrefixListId: found.DestinationPrefixListId,
  ...targetOf(found),
});

export function routeId(routeTableId: string, destination: string): string {
  return `r-${routeTableId}${parseInt(createHash("sha1").update(destination).digest("hex").slice(0, 8), 16)}`;
}

const routeTable: AwsResource = {
  token: "aws:ec2/routeTable:RouteTable",
  inputs: ["vpcId", "routes", "region", "tags"],
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const id = exists(
      (
        await aws.ec2.send(
          new ec2.CreateRouteTableCommand({ VpcId: inputs["vpcId"], ...tagSpecification("route-table", tags) }),
        )
      ).RouteTable!.RouteTableId!,
    );
    for (const route of inputs["routes"] ?? []) await aws.ec2.send(new ec2.CreateRouteCommand(routeInput(id, route)));
    return id;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [id] }))))
      ?.RouteTables?.[0];
    if (found === undefined) return null;
    return {
      arn: await arn(aws, "route-table", id),
      ownerId: found.OwnerId ?? (await aws.accountId()),
      vpcId: found.VpcId,
      routes: (found.Routes ?? []).filter((one) => one.GatewayId !== "local").map(programRoute),
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, olds, changed) {
    if (!changed.has("routes")) return;
    const destination = (route: Props): string =>
      route["cidrBlock"] ?? route["ipv6CidrBlock"] ?? route["destinationPrefixListId"];
    const wanted = new Set((inputs["routes"] ?? []).map(destination));
    const before = new Set((olds["routes"] ?? []).map(destination));
    // A create or update that failed half-way may have made some already.
    const live =
      (await aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [id] }))).RouteTables?.[0]?.Routes ?? [];
    const there = new Set(
      live.map((one) => one.DestinationCidrBlock ?? one.DestinationIpv6CidrBlock ?? one.DestinationPrefixListId),
    );
    for (const route of olds["routes"] ?? [])
      if (!wanted.has(destination(route)))
        await unlessGone(
          aws.ec2.send(
            new ec2.DeleteRouteCommand({
              RouteTableId: id,
              DestinationCidrBlock: route.cidrBlock,
              DestinationIpv6CidrBlock: route.ipv6CidrBlock,
            }),
          ),
        );
    for (const route of inputs["routes"] ?? [])
      await aws.ec2.send(
        before.has(destination(route)) || there.has(destination(route))
          ? new ec2.ReplaceRouteCommand(routeInput(id, route))
          : (new ec2.CreateRouteCommand(routeInput(id, route)) as never),
      );
  },
  tag: tagEc2,
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DeleteRouteTableCommand({ RouteTableId: id }))),
};

const route: AwsResource = {
  token: "aws:ec2/route:Route",
  inputs: [
    "routeTableId",
    "destinationCidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
    ...targetsOfRoute,
    "region",
  ],
  taggable: false,
  async create(aws, inputs) {
    await unlessAlready(
      ["RouteAlreadyExists"],
      aws.ec2.send(new ec2.CreateRouteCommand(routeInput(inputs["routeTableId"], inputs))),
    );
    const destination =
      inputs["destinationCidrBlock"] ?? inputs["destinationIpv6CidrBlock"] ?? inputs["destinationPrefixListId"];
    return routeId(inputs["routeTableId"], destination);
  },
  async read(aws, _id, inputs) {
    const found = (
      await orNull(aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [inputs["routeTableId"]] })))
    )?.RouteTables?.[0];
    const one = found?.Routes?.find(
      (candidate) =>
        candidate.DestinationCidrBlock === inputs["destinationCidrBlock"] &&
        candidate.DestinationIpv6CidrBlock === inputs["destinationIpv6CidrBlock"],
    );
    if (one === undefined) return null;
    return { ...targetOf(one), state: one.State ?? "active", origin: one.Origin ?? "CreateRoute" };
  },
  async update(aws, _id, inputs) {
    await aws.ec2.send(new ec2.ReplaceRouteCommand(routeInput(inputs["routeTableId"], inputs)));
  },
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.ec2.send(
        new ec2.DeleteRouteCommand({
          RouteTableId: outputs["routeTableId"],
          DestinationCidrBlock: outputs["destinationCidrBlock"],
          DestinationIpv6CidrBlock: outputs["destinationIpv6CidrBlock"],
        }),
      ),
    ),
};

const routeTableAssociation: AwsResource = {
  token: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  inputs: ["routeTableId", "subnetId", "gatewayId", "region"],
  deleteBeforeReplace: () => true,
  taggable: false,
  async create(aws, inputs) {
    return (
      await aws.ec2.send(
        new ec2.AssociateRouteTableCommand({
          RouteTableId: inputs["routeTableId"],
          SubnetId: inputs["subnetId"],
          GatewayId: inputs["gatewayId"],
        }),
      )
    ).AssociationId!;
  },
  async read(aws, id, inputs) {
    const found = (
      await orNull(aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [inputs["routeTableId"]] })))
    )?.RouteTables?.[0];
    const one = found?.Associations?.find(
      (other) =>
        other.RouteTableAssociationId === id ||
        (other.SubnetId !== undefined && other.SubnetId === inputs["subnetId"]) ||
        (other.GatewayId !== undefined && other.GatewayId === inputs["gatewayId"]),
    );
    return one === undefined
      ? null
      : { routeTableId: found?.RouteTableId, subnetId: one.SubnetId, gatewayId: one.GatewayId };
  },
  async update(aws, id, inputs) {
    await aws.ec2.send(
      new ec2.ReplaceRouteTableAssociationCommand({ AssociationId: id, RouteTableId: inputs["routeTableId"] }),
    );
  },
  delete: (aws, id) => unlessGone(aws.ec2.send(new ec2.DisassociateRouteTableCommand({ AssociationId: id }))),
};

export const ec2NetworkResources: readonly AwsResource[] = [
  vpc,
  subnet,
  internetGateway,
  eip,
  natGateway,
  routeTable,
  route,
  routeTableAssociation,
];
