/** Functions of the aws provider: what the program looks up. */
import { signedPost } from "../../shared/signed-post";
import * as ec2 from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SandboxError } from "../../shared/errors";
import { clusterToken } from "./eks-token";
import type { Props } from "../rpc/values";
import { orNull, tagMap, type AwsContext } from "./descriptor";
import { elbInvokes } from "./invokes-elb";
import { exactlyOne, filters, type Invoke, orNothing } from "./lookup";
import { policyDocument } from "./policy-document";

const getAvailabilityZones: Invoke = async (aws, args) => {
  const excluded = new Set([...(args["excludeNames"] ?? []), ...(args["excludeZoneIds"] ?? [])]);
  const answer = await aws.ec2.send(
    new ec2.DescribeAvailabilityZonesCommand({
      ...orNothing([
        ...filters(args),
        ...(args["state"] === undefined ? [] : [{ Name: "state", Values: [args["state"]] }]),
      ]),
    }),
  );
  const zones = (answer.AvailabilityZones ?? [])
    .filter((zone) => !excluded.has(zone.ZoneName) && !excluded.has(zone.ZoneId))
    .sort((a, b) => String(a.ZoneName).localeCompare(String(b.ZoneName)));
  return {
    ...args,
    id: aws.region,
    region: aws.region,
    names: zones.map((zone) => zone.ZoneName),
    zoneIds: zones.map((zone) => zone.ZoneId),
    groupNames: [aws.region],
  };
};

const getVpc: Invoke = async (aws, args) => {
  const list = [
    ...filters(args),
    ...(args["cidrBlock"] ? [{ Name: "cidr", Values: [args["cidrBlock"]] }] : []),
    ...(args["default"] === true ? [{ Name: "isDefault", Values: ["true"] }] : []),
  ];
  const answer = await aws.ec2.send(
    new ec2.DescribeVpcsCommand({ ...(args["id"] ? { VpcIds: [args["id"]] } : {}), ...orNothing(list) }),
  );
  const found = exactlyOne("EC2 VPC", answer.Vpcs);
  const main = await aws.ec2.send(
    new ec2.DescribeRouteTablesCommand({
      Filters: [
        { Name: "vpc-id", Values: [found.VpcId!] },
        { Name: "association.main", Values: ["true"] },
      ],
    }),
  );
  return {
    id: found.VpcId,
    arn: `arn:aws:ec2:${aws.region}:${await aws.accountId()}:vpc/${found.VpcId}`,
    cidrBlock: found.CidrBlock,
    default: found.IsDefault ?? false,
    ownerId: found.OwnerId ?? "",
    state: found.State ?? "",
    instanceTenancy: found.InstanceTenancy ?? "default",
    dhcpOptionsId: found.DhcpOptionsId ?? "",
    mainRouteTableId: main.RouteTables?.[0]?.RouteTableId ?? "",
    tags: tagMap(found.Tags),
    region: aws.region,
    cidrBlockAssociations: (found.CidrBlockAssociationSet ?? []).map((one) => ({
      associationId: one.AssociationId,
      cidrBlock: one.CidrBlock,
      state: one.CidrBlockState?.State ?? "",
    })),
    enableDnsHostnames: true,
    enableDnsSupport: true,
  };
};

const getSubnets: Invoke = async (aws, args) => {
  const answer = await aws.ec2.send(new ec2.DescribeSubnetsCommand({ ...orNothing(filters(args)) }));
  return {
    ...args,
    id: aws.region,
    region: aws.region,
    ids: (answer.Subnets ?? []).map((subnet) => subnet.SubnetId),
    tags: args["tags"] ?? {},
  };
};

const getSubnet: Invoke = async (aws, args) => {
  const list = [
    ...filters(args),
    ...(args["vpcId"] ? [{ Name: "vpc-id", Values: [args["vpcId"]] }] : []),
    ...(args["cidrBlock"] ? [{ Name: "cidr-block", Values: [args["cidrBlock"]] }] : []),
    ...(args["availabilityZone"] ? [{ Name: "availability-zone", Values: [args["availabilityZone"]] }] : []),
  ];
  const found = exactlyOne(
    "EC2 Subnet",
    (
      await aws.ec2.send(
        new ec2.DescribeSubnetsCommand({ ...(args["id"] ? { SubnetIds: [args["id"]] } : {}), ...orNothing(list) }),
      )
    ).Subnets,
  );
  return {
    id: found.SubnetId,
    arn: found.SubnetArn ?? "",
    vpcId: found.VpcId,
    cidrBlock: found.CidrBlock,
    availabilityZone: found.AvailabilityZone,
    availabilityZoneId: found.AvailabilityZoneId ?? "",
    mapPublicIpOnLaunch: found.MapPublicIpOnLaunch ?? false,
    defaultForAz: found.DefaultForAz ?? false,
    state: found.State ?? "",
    ownerId: found.OwnerId ?? "",
    availableIpAddressCount: found.AvailableIpAddressCount ?? 0,
    tags: tagMap(found.Tags),
    region: aws.region,
  };
};

const getRouteTable: Invoke = async (aws, args) => {
  const list = [
    ...filters(args),
    ...(args["vpcId"] ? [{ Name: "vpc-id", Values: [args["vpcId"]] }] : []),
    ...(args["subnetId"] ? [{ Name: "association.subnet-id", Values: [args["subnetId"]] }] : []),
  ];
  const found = exactlyOne(
    "EC2 Route Table",
    (
      await aws.ec2.send(
        new ec2.DescribeRouteTablesCommand({
          ...(args["routeTableId"] ? { RouteTableIds: [args["routeTableId"]] } : {}),
          ...orNothing(list),
        }),
      )
    ).RouteTables,
  );
  return {
    id: found.RouteTableId,
    routeTableId: found.RouteTableId,
    vpcId: found.VpcId,
    arn: `arn:aws:ec2:${aws.region}:${await aws.accountId()}:route-table/${found.RouteTableId}`,
    ownerId: found.OwnerId ?? "",
    tags: tagMap(found.Tags),
    region: aws.region,
    gatewayId: "",
    subnetId: args["subnetId"] ?? "",
    associations: (found.Associations ?? []).map((one) => ({
      routeTableAssociationId: one.RouteTableAssociationId,
      routeTableId: one.RouteTableId,
      subnetId: one.SubnetId ?? "",
      gatewayId: one.GatewayId ?? "",
      main: one.Main ?? false,
    })),
    routes: (found.Routes ?? []).map((one) => ({
      cidrBlock: one.DestinationCidrBlock ?? "",
      gatewayId: one.GatewayId ?? "",
      natGatewayId: one.NatGatewayId ?? "",
    })),
  };
};

const getAmi: Invoke = async (aws, args) => {
  const answer = await aws.ec2.send(
    new ec2.DescribeImagesCommand({
      ...(args["owners"] ? { Owners: args["owners"] } : {}),
      ...orNothing(filters(args)),
    }),
  );
  const pattern = args["nameRegex"] === undefined ? undefined : new RegExp(args["nameRegex"]);
  const images = (answer.Images ?? [])
    .filter((image) => pattern?.test(image.Name ?? "") ?? true)
    .sort((a, b) => String(b.CreationDate).localeCompare(String(a.CreationDate)));
  const found = args["mostRecent"] === true ? images[0] : exactlyOne("EC2 AMI", images);
  if (found === undefined)
    throw new Error("Your query returned no results. Please change your search criteria and try again.");
  return {
    ...args,
    id: found.ImageId,
    imageId: found.ImageId,
    arn: `arn:aws:ec2:${aws.region}::image/${found.ImageId}`,
    name: found.Name ?? "",
    architecture: found.Architecture ?? "",
    creationDate: found.CreationDate ?? "",
    ownerId: found.OwnerId ?? "",
    rootDeviceName: found.RootDeviceName ?? "",
    tags: tagMap(found.Tags),
    region: aws.region,
  };
};

const getAddonVersion: Invoke = async (aws, args) => {
  const answer = await aws.eks.send(
    new eks.DescribeAddonVersionsCommand({
      addonName: args["addonName"],
      kubernetesVersion: args["kubernetesVersion"],
    }),
  );
  const versions = answer.addons?.[0]?.addonVersions ?? [];
  const chosen =
    args["mostRecent"] === true
      ? versions[0]
      : versions.find((one) => one.compatibilities?.some((fit) => fit.defaultVersion === true) === true);
  if (chosen?.addonVersion === undefined)
    throw new Error(`no version of add-on ${args["addonName"]} for Kubernetes ${args["kubernetesVersion"]}`);
  return {
    addonName: args["addonName"],
    kubernetesVersion: args["kubernetesVersion"],
    mostRecent: args["mostRecent"] ?? false,
    id: args["addonName"],
    version: chosen.addonVersion,
    region: aws.region,
  };
};

const getAddon: Invoke = async (aws, args) => {
  const { clusterName, addonName } = args;
  const found = (await orNull(aws.eks.send(new eks.DescribeAddonCommand({ clusterName, addonName }))))?.addon;
  if (found === undefined) throw new Error(`reading EKS Add-On (${clusterName}:${addonName}): couldn't find resource`);
  return {
    id: `${clusterName}:${addonName}`,
    clusterName,
    addonName,
    addonVersion: found.addonVersion ?? "",
    arn: found.addonArn ?? "",
    region: aws.region,
  };
};

const getCluster: Invoke = async (aws, args) => {
  const answer = await orNull(aws.eks.send(new eks.DescribeClusterCommand({ name: args["name"] })));
  if (answer?.cluster === undefined) throw new Error(`reading EKS Cluster (${args["name"]}): couldn't find resource`);
  const found = answer.cluster;
  const vpc = found.resourcesVpcConfig;
  return {
    id: found.name,
    name: found.name,
    arn: found.arn,
    endpoint: found.endpoint ?? "",
    version: found.version,
    status: found.status,
    roleArn: found.roleArn,
    platformVersion: found.platformVersion ?? "",
    createdAt: found.createdAt?.toISOString() ?? "",
    tags: found.tags ?? {},
    region: aws.region,
    certificateAuthorities: [{ data: found.certificateAuthority?.data ?? "" }],
    identities: [{ oidcs: [{ issuer: found.identity?.oidc?.issuer ?? "" }] }],
    accessConfigs: [
      {
        authenticationMode: found.accessConfig?.authenticationMode ?? "",
        bootstrapClusterCreatorAdminPermissions: true,
      },
    ],
    // What the sandbox's EKS has none of: a program that reads it must find the official shape.
    clusterId: "",
    computeConfigs: [],
    controlPlaneScalingConfigs: [],
    deletionProtection: found.deletionProtection ?? false,
    enabledClusterLogTypes: [],
    outpostConfigs: [],
    remoteNetworkConfigs: [],
    storageConfigs: [],
    zonalShiftConfigs: [],
    kubeApiServerConfigs: [],
    kubeControllerManagerConfigs: [],
    kubeSchedulerConfigs: [],
    upgradePolicies: [{ supportType: found.upgradePolicy?.supportType ?? "EXTENDED" }],
    kubernetesNetworkConfigs: [
      {
        ipFamily: found.kubernetesNetworkConfig?.ipFamily ?? "ipv4",
        serviceIpv4Cidr: found.kubernetesNetworkConfig?.serviceIpv4Cidr ?? "",
        serviceIpv6Cidr: found.kubernetesNetworkConfig?.serviceIpv6Cidr ?? "",
        elasticLoadBalancings: [],
      },
    ],
    vpcConfig: {
      clusterSecurityGroupId: vpc?.clusterSecurityGroupId ?? "",
      vpcId: vpc?.vpcId ?? "",
      subnetIds: vpc?.subnetIds ?? [],
      securityGroupIds: vpc?.securityGroupIds ?? [],
      endpointPublicAccess: vpc?.endpointPublicAccess ?? true,
      endpointPrivateAccess: vpc?.endpointPrivateAccess ?? false,
      publicAccessCidrs: vpc?.publicAccessCidrs ?? [],
    },
  };
};

const getParameter: Invoke = async (aws, args) => {
  // One operation of SSM is not worth another SDK: JSON over HTTP, with the scope by which the front finds the service.
  const endpoint = await aws.ec2.config.endpoint!();
  const host = `${endpoint.hostname}:${endpoint.port}`;
  const keys = await aws.ec2.config.credentials();
  const body = JSON.stringify({ Name: args["name"], WithDecryption: args["withDecryption"] ?? true });
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" };
  const response = await fetch(`${endpoint.protocol}//${host}/`, {
    method: "POST",
    body,
    signal: AbortSignal.timeout(20_000),
    headers: signedPost({ host, region: aws.region, service: "ssm", ...keys, headers, body }),
  });
  const answer = (await response.json()) as Props;
  if (!response.ok)
    throw new Error(
      `ssm:GetParameter ${args["name"]}: ${answer["__type"] ?? response.status} ` +
        `${answer["message"] ?? answer["Message"] ?? ""}`,
    );
  const found = answer["Parameter"];
  return {
    id: args["name"],
    name: args["name"],
    arn: found.ARN ?? "",
    type: found.Type,
    value: found.Value,
    insecureValue: found.Type === "SecureString" ? "" : found.Value,
    version: found.Version ?? 1,
    withDecryption: args["withDecryption"] ?? true,
    region: aws.region,
  };
};

const getSecurityGroup: Invoke = async (aws, args) => {
  const list = [
    ...filters(args),
    ...(args["name"] ? [{ Name: "group-name", Values: [args["name"]] }] : []),
    ...(args["vpcId"] ? [{ Name: "vpc-id", Values: [args["vpcId"]] }] : []),
  ];
  const answer = await orNull(
    aws.ec2.send(
      new ec2.DescribeSecurityGroupsCommand({ ...(args["id"] ? { GroupIds: [args["id"]] } : {}), ...orNothing(list) }),
    ),
  );
  const found = exactlyOne("EC2 Security Group", answer?.SecurityGroups);
  return {
    id: found.GroupId,
    arn: groupArn(aws, found.OwnerId ?? (await aws.accountId()), found.GroupId),
    name: found.GroupName,
    description: found.Description,
    vpcId: found.VpcId ?? "",
    filters: args["filters"],
    tags: tagMap(found.Tags),
    region: aws.region,
  };
};

/** None is an answer here, not an error. */
const getSecurityGroups: Invoke = async (aws, args) => {
  const found =
    (await aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ ...orNothing(filters(args)) }))).SecurityGroups ?? [];
  const account = await aws.accountId();
  return {
    id: aws.region,
    ids: found.map((one) => one.GroupId),
    arns: found.map((one) => groupArn(aws, one.OwnerId ?? account, one.GroupId)),
    vpcIds: found.map((one) => one.VpcId ?? ""),
    filters: args["filters"],
    tags: args["tags"] ?? {},
    region: aws.region,
  };
};

const groupArn = (aws: AwsContext, account: string, id: string | undefined): string =>
  `arn:aws:ec2:${aws.region}:${account}:security-group/${id}`;

const invokes: Readonly<Record<string, Invoke>> = {
  "aws:index/getPartition:getPartition": async () => ({
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
  "aws:index/getRegion:getRegion": async (aws, args) => ({
    id: args["region"] ?? aws.region,
    name: args["region"] ?? aws.region,
    region: args["region"] ?? aws.region,
    description: args["region"] ?? aws.region,
    endpoint: `ec2.${aws.region}.amazonaws.com`,
  }),
  "aws:index/getCallerIdentity:getCallerIdentity": async (aws) => {
    const sts = new STSClient({
      region: aws.region,
      endpoint: aws.ec2.config.endpoint!,
      credentials: aws.ec2.config.credentials,
    });
    const who = await sts.send(new GetCallerIdentityCommand({}));
    return { id: who.Account, accountId: who.Account, arn: who.Arn, userId: who.UserId };
  },
  "aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
  "aws:ec2/getVpc:getVpc": getVpc,
  "aws:ec2/getSubnets:getSubnets": getSubnets,
  "aws:ec2/getSubnet:getSubnet": getSubnet,
  "aws:ec2/getRouteTable:getRouteTable": getRouteTable,
  "aws:ec2/getAmi:getAmi": getAmi,
  "aws:ec2/getSecurityGroup:getSecurityGroup": getSecurityGroup,
  "aws:ec2/getSecurityGroups:getSecurityGroups": getSecurityGroups,
  ...elbInvokes,
  "aws:eks/getAddon:getAddon": getAddon,
  "aws:eks/getAddonVersion:getAddonVersion": getAddonVersion,
  "aws:eks/getCluster:getCluster": getCluster,
  "aws:eks/getClusterAuth:getClusterAuth": async (aws, args) => {
    const keys = await aws.ec2.config.credentials();
    return {
      id: args["name"],
      name: args["name"],
      region: aws.region,
      token: clusterToken(args["name"], aws.region, keys.accessKeyId, keys.secretAccessKey),
    };
  },
  "aws:ssm/getParameter:getParameter": getParameter,
  "aws:iam/getPolicyDocument:getPolicyDocument": async (_aws, args) => policyDocument(args),
};

export async function invokeAws(aws: AwsContext, token: string, args: Props): Promise<Props> {
  const invoke = invokes[token];
  if (invoke === undefined)
    throw new SandboxError(
      "SBX-PROVIDER-FUNCTION",
      `the sandbox's stand-in for the aws provider has no function ${token}`,
      "Use the official plugin with --provider aws=PATH, or give the value in the program.",
    );
  return JSON.parse(JSON.stringify(await invoke(aws, args))) as Props;
}
