import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { fewestZones, vpcPrefix } from "./internal/aws-limits";
import { parseCidr, subnetBlocks } from "./internal/cidr";
import { type Problem, throwProblems } from "./internal/problems";

/** A network that is there already. Its subnets must carry the tags that EKS and the controller look for. */
export interface ExistingNetworkArgs {
  /** Id of the VPC. */
  vpcId: pulumi.Input<string>;
  /** Ids of its private subnets, in at least two zones: nodes and pods go there. */
  privateSubnetIds: pulumi.Input<pulumi.Input<string>[]>;
  /** Ids of its public subnets, in at least two zones: an internet-facing load balancer goes there. */
  publicSubnetIds: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * Settings of the VPC, its subnets and NAT gateways. @throws ConfigError (of `Network`) with every problem at once
 */
export interface NetworkArgs {
  /** IPv4 block of the new VPC, /16 to /24. Required without `existing`. Changing it replaces the VPC. */
  cidrBlock?: string;
  /**
   * Zones to use, at least two. Their order is their identity: add new ones at the end. Required without `existing`.
   */
  availabilityZones?: string[];
  /** A NAT gateway in every zone (default), or a single one: cheaper, and lost together with its zone. */
  natGatewayPerZone?: boolean;
  /** Blocks of the private subnets, one a zone. Default: an eighth of the VPC each, up to four zones. */
  privateCidrBlocks?: string[];
  /** Blocks of the public subnets, one a zone. Default: a sixteenth of the VPC each, up to four zones. */
  publicCidrBlocks?: string[];
  /** Use this network and create nothing. */
  existing?: ExistingNetworkArgs;
  /** Tags on everything, besides those that EKS and the controller need. */
  tags?: Record<string, string>;
}

/**
 * A VPC's blocks besides its first, as `aws.ec2.getVpc` answers them: pods often live in a secondary one
 * (100.64.0.0/16). Blocks that were
 * taken away are still listed for a while.
 */
export function secondaryCidrBlocks(vpc: {
  readonly cidrBlock: string;
  readonly cidrBlockAssociations?: readonly { readonly cidrBlock: string; readonly state: string }[];
}): string[] {
  const blocks = (vpc.cidrBlockAssociations ?? [])
    .filter(({ cidrBlock, state }) => cidrBlock !== vpc.cidrBlock && !/^disassociat|fail/.test(state))
    .map(({ cidrBlock }) => cidrBlock);
  return [...new Set(blocks)].sort();
}

/** All that is wrong with the arguments. */
export function networkProblems(args: NetworkArgs): Problem[] {
  const problems: Problem[] = [];
  const add = (path: string, value: unknown, rule: string, remedy: string): void =>
    void problems.push({ path, value: value ?? null, rule, remedy });
  const zones = args.availabilityZones ?? [];
  if (args.existing !== undefined) {
    if (args.cidrBlock !== undefined)
      add("cidrBlock", args.cidrBlock, "can't be combined with `existing`", "Keep one of the two");
    return problems;
  }
  const cidr = args.cidrBlock === undefined ? null : parseCidr(args.cidrBlock);
  if (cidr === null || cidr.prefix < vpcPrefix.shortest || cidr.prefix > vpcPrefix.longest) {
    add(
      "cidrBlock",
      args.cidrBlock,
      `must be an IPv4 block from /${vpcPrefix.shortest} to /${vpcPrefix.longest}`,
      "Write it like 10.42.0.0/16",
    );
  }
  if (zones.length < fewestZones)
    add("availabilityZones", zones, `must name at least ${fewestZones} zones`, "Add zones of the region");
  if (new Set(zones).size < zones.length)
    add("availabilityZones", zones, "names a zone twice", "Remove one of the two");
  const given = { privateCidrBlocks: args.privateCidrBlocks, publicCidrBlocks: args.publicCidrBlocks };
  for (const [path, blocks] of Object.entries(given)) {
    if (blocks !== undefined && blocks.length !== zones.length)
      add(path, blocks, `must have one block for each of the ${zones.length} zones`, "Add or remove blocks");
  }
  if (
    cidr !== null &&
    (given.privateCidrBlocks === undefined || given.publicCidrBlocks === undefined) &&
    zones.length > 0 &&
    subnetBlocks(args.cidrBlock ?? "", zones.length) === null
  ) {
    add("cidrBlock", args.cidrBlock, `is too small for ${zones.length} zones`, "Choose a /24 or larger");
  }
  return problems;
}

/** A VPC with a private and a public subnet in each zone, or an existing one. */
export class Network extends pulumi.ComponentResource {
  /** Id of the VPC. */
  public readonly vpcId: pulumi.Output<string>;
  /** IPv4 block of the VPC. */
  public readonly cidrBlock: pulumi.Output<string>;
  /** Ids of the private subnets, in the order of the zones. */
  public readonly privateSubnetIds: pulumi.Output<string[]>;
  /** Ids of the public subnets, in the order of the zones. */
  public readonly publicSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:Network", name, {}, opts);
    throwProblems(`Network '${name}'`, networkProblems(args));
    if (args.existing !== undefined) {
      this.vpcId = pulumi.output(args.existing.vpcId);
      this.cidrBlock = aws.ec2.getVpcOutput({ id: args.existing.vpcId }, { parent: this }).cidrBlock;
      this.privateSubnetIds = pulumi.output(args.existing.privateSubnetIds);
      this.publicSubnetIds = pulumi.output(args.existing.publicSubnetIds);
    } else {
      const vpc = new aws.ec2.Vpc(
        name,
        {
          cidrBlock: args.cidrBlock,
          enableDnsHostnames: true,
          enableDnsSupport: true,
          tags: { ...args.tags, Name: name },
        },
        { parent: this },
      );
      const subnets = this.createSubnets(name, args, vpc);
      this.vpcId = vpc.id;
      this.cidrBlock = vpc.cidrBlock;
      this.privateSubnetIds = pulumi.output(subnets.privateIds);
      this.publicSubnetIds = pulumi.output(subnets.publicIds);
    }
    this.registerOutputs({
      vpcId: this.vpcId,
      cidrBlock: this.cidrBlock,
      privateSubnetIds: this.privateSubnetIds,
      publicSubnetIds: this.publicSubnetIds,
    });
  }

  private createSubnets(
    name: string,
    args: NetworkArgs,
    vpc: aws.ec2.Vpc,
  ): { privateIds: pulumi.Output<string>[]; publicIds: pulumi.Output<string>[] } {
    const zones = args.availabilityZones ?? [];
    const cut = subnetBlocks(args.cidrBlock ?? "", zones.length);
    const parent = { parent: this };
    const tags = (suffix: string): Record<string, string> => ({ ...args.tags, Name: `${name}-${suffix}` });
    const gateway = new aws.ec2.InternetGateway(name, { vpcId: vpc.id, tags: tags("internet") }, parent);
    const publicRoutes = new aws.ec2.RouteTable(`${name}-public`, { vpcId: vpc.id, tags: tags("public") }, parent);
    const outward = new aws.ec2.Route(
      `${name}-public`,
      { routeTableId: publicRoutes.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
      parent,
    );
    const nats: aws.ec2.NatGateway[] = [];
    const privateIds: pulumi.Output<string>[] = [];
    const publicIds: pulumi.Output<string>[] = [];
    zones.forEach((availabilityZone, index) => {
      const at = (kind: string): string => `${name}-${kind}-${availabilityZone}`;
      const publicSubnet = new aws.ec2.Subnet(
        at("public"),
        {
          vpcId: vpc.id,
          availabilityZone,
          cidrBlock: args.publicCidrBlocks?.[index] ?? cut?.publicBlocks[index],
          mapPublicIpOnLaunch: true,
          // The controller and EKS find subnets for internet-facing load balancers by this tag.
          tags: { ...tags(`public-${availabilityZone}`), "kubernetes.io/role/elb": "1" },
        },
        parent,
      );
      const inward = new aws.ec2.RouteTableAssociation(
        at("public"),
        { subnetId: publicSubnet.id, routeTableId: publicRoutes.id },
        parent,
      );
      if (index === 0 || args.natGatewayPerZone !== false) {
        const address = new aws.ec2.Eip(at("nat"), { domain: "vpc", tags: tags(`nat-${availabilityZone}`) }, parent);
        nats.push(
          new aws.ec2.NatGateway(
            at("nat"),
            { allocationId: address.allocationId, subnetId: publicSubnet.id, tags: tags(`nat-${availabilityZone}`) },
            { parent: this, dependsOn: [outward] },
          ),
        );
      }
      const privateSubnet = new aws.ec2.Subnet(
        at("private"),
        {
          vpcId: vpc.id,
          availabilityZone,
          cidrBlock: args.privateCidrBlocks?.[index] ?? cut?.privateBlocks[index],
          tags: { ...tags(`private-${availabilityZone}`), "kubernetes.io/role/internal-elb": "1" },
        },
        parent,
      );
      const privateRoutes = new aws.ec2.RouteTable(
        at("private"),
        { vpcId: vpc.id, tags: tags(`private-${availabilityZone}`) },
        parent,
      );
      new aws.ec2.Route(
        at("private"),
        { routeTableId: privateRoutes.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: nats[nats.length - 1]?.id },
        parent,
      );
      new aws.ec2.RouteTableAssociation(
        at("private"),
        { subnetId: privateSubnet.id, routeTableId: privateRoutes.id },
        parent,
      );
      privateIds.push(privateSubnet.id);
      // Whoever is put into it needs its way to the internet: an internet-facing load balancer is refused without the
      // gateway, and keeps the gateway from being detached while it is there.
      publicIds.push(pulumi.all([publicSubnet.id, outward.id, inward.id]).apply(([id]) => id));
    });
    return { privateIds, publicIds };
  }
}
