/** Networks. Facts; read 2026-11-30. */
import {
  blockSet,
  byDefault,
  computed,
  kept,
  optional,
  region,
  replaces,
  required,
  set,
  tags,
  type Attribute,
  type ResourceFacts,
} from "./facts";
import { launchTemplate } from "./launch-template";
import { securityGroupFacts } from "./security-groups";

const vpc: ResourceFacts = {
  source: "internal/service/ec2/vpc_.go",
  read: "00081ce41cc691433ac19bf42227cdabffd0454d",
  attributes: {
    assignGeneratedIpv6CidrBlock: optional,
    cidrBlock: replaces(computed),
    enableDnsHostnames: computed,
    enableDnsSupport: byDefault(true),
    enableNetworkAddressUsageMetrics: computed,
    // From `dedicated` to `default` is a change in place (CustomizeDiff); the other way is what could happen to us.
    instanceTenancy: replaces(byDefault("default")),
    ipv4IpamPoolId: replaces(optional),
    ipv4NetmaskLength: replaces(optional),
    ipv6CidrBlock: computed,
    ipv6CidrBlockNetworkBorderGroup: computed,
    ipv6IpamPoolId: optional,
    ipv6NetmaskLength: optional,
    ...region,
    ...tags,
  },
};

const subnet: ResourceFacts = {
  source: "internal/service/ec2/vpc_subnet.go",
  read: "00cda125a19d31754cb0d073cf551264c57955cb",
  attributes: {
    assignIpv6AddressOnCreation: byDefault(false),
    availabilityZone: replaces(computed),
    availabilityZoneId: replaces(computed),
    cidrBlock: replaces(computed),
    customerOwnedIpv4Pool: optional,
    enableDns64: byDefault(false),
    enableLniAtDeviceIndex: optional,
    enableResourceNameDnsARecordOnLaunch: byDefault(false),
    enableResourceNameDnsAaaaRecordOnLaunch: byDefault(false),
    ipv4IpamPoolId: replaces(optional),
    ipv4NetmaskLength: replaces(optional),
    ipv6CidrBlock: computed,
    ipv6IpamPoolId: replaces(optional),
    ipv6Native: replaces(byDefault(false)),
    ipv6NetmaskLength: replaces(optional),
    mapCustomerOwnedIpOnLaunch: optional,
    mapPublicIpOnLaunch: byDefault(false),
    outpostArn: replaces(optional),
    privateDnsHostnameTypeOnLaunch: computed,
    vpcId: replaces(required),
    ...region,
    ...tags,
  },
};

const internetGateway: ResourceFacts = {
  source: "internal/service/ec2/vpc_internet_gateway.go",
  read: null,
  attributes: { vpcId: computed, ...region, ...tags },
};

const eip: ResourceFacts = {
  source: "internal/service/ec2/ec2_eip.go",
  read: "01606926a0c0ab9174aec440f976a48b0baee722",
  attributes: {
    address: replaces(optional),
    associateWithPrivateIp: kept(optional),
    customerOwnedIpv4Pool: optional,
    domain: replaces(computed),
    instance: computed,
    ipamPoolId: replaces(computed),
    networkBorderGroup: replaces(computed),
    networkInterface: computed,
    publicIpv4Pool: replaces(computed),
    ...region,
    ...tags,
  },
};

const natGateway: ResourceFacts = {
  source: "internal/service/ec2/vpc_nat_gateway.go",
  read: "04088eaa54948421bf1ef7494ae2b2c01d9243e3",
  attributes: {
    allocationId: replaces(optional),
    // The next two, and a subnet that may be left out, came with regional gateways: by the typings of 7.48.0.
    availabilityMode: replaces(computed),
    availabilityZoneAddresses: blockSet(computed, {
      allocationIds: set(required),
      availabilityZone: computed,
      availabilityZoneId: computed,
    }),
    connectivityType: replaces(byDefault("public")),
    privateIp: replaces(computed),
    secondaryAllocationIds: set(optional),
    secondaryPrivateIpAddressCount: replaces(computed),
    secondaryPrivateIpAddresses: set(computed),
    subnetId: replaces(optional),
    vpcId: replaces(computed),
    ...region,
    ...tags,
  },
};

const targets: Readonly<Record<string, Attribute>> = {
  carrierGatewayId: optional,
  coreNetworkArn: optional,
  egressOnlyGatewayId: optional,
  gatewayId: optional,
  localGatewayId: optional,
  natGatewayId: optional,
  odbNetworkArn: optional,
  transitGatewayId: optional,
  vpcEndpointId: optional,
  vpcPeeringConnectionId: optional,
};

const routeTable: ResourceFacts = {
  source: "internal/service/ec2/vpc_route_table.go",
  read: "022092419b7cda11527df3c6b51cbfe1876c1722",
  attributes: {
    propagatingVgws: set(computed),
    routes: blockSet(computed, {
      cidrBlock: optional,
      destinationPrefixListId: optional,
      ipv6CidrBlock: optional,
      networkInterfaceId: optional,
      ...targets,
    }),
    vpcId: replaces(required),
    ...region,
    ...tags,
  },
};

const route: ResourceFacts = {
  source: "internal/service/ec2/vpc_route.go",
  read: "0128541e0711766f28540143a9d73738aced60aa",
  attributes: {
    // The provider finds the route by these.
    destinationCidrBlock: kept(replaces(optional)),
    destinationIpv6CidrBlock: kept(replaces(optional)),
    destinationPrefixListId: kept(replaces(optional)),
    routeTableId: kept(replaces(required)),
    networkInterfaceId: computed,
    ...targets,
    ...region,
  },
};

const routeTableAssociation: ResourceFacts = {
  source: "internal/service/ec2/vpc_route_table_association.go",
  read: "0be71beb458ad8875e0acc5c91519c0ceeb214aa",
  attributes: {
    gatewayId: replaces(optional),
    // Another table is an association in place of this one, made in the same update.
    routeTableId: required,
    subnetId: replaces(optional),
    ...region,
  },
};

export const ec2Facts: Readonly<Record<string, ResourceFacts>> = {
  "aws:ec2/vpc:Vpc": vpc,
  "aws:ec2/subnet:Subnet": subnet,
  "aws:ec2/internetGateway:InternetGateway": internetGateway,
  "aws:ec2/eip:Eip": eip,
  "aws:ec2/natGateway:NatGateway": natGateway,
  "aws:ec2/routeTable:RouteTable": routeTable,
  "aws:ec2/route:Route": route,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  ...securityGroupFacts,
  "aws:ec2/launchTemplate:LaunchTemplate": launchTemplate,
};
