/**
 * What is still there of an environment: load balancers, target groups, IAM roles, and everything of EC2's that carries
 * its tags. Clusters are asked for by name.
 */
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
  EC2Client,
  type Filter,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient, ListRolesCommand, ListRoleTagsCommand } from "@aws-sdk/client-iam";
import type { Leftover } from "../../ports";
import { callAws, isGone, unlessGone } from "./call";
import { clientSettings } from "./client";
import { describeElbTags } from "./elb-tags";
import { shell } from "../../text/shell";

export const environmentTag = "eks-blue-green/environment";
export const controllerTag = "elbv2.k8s.aws/cluster";

type Options = { readonly abortSignal: AbortSignal };
interface Kind {
  readonly what: string;
  readonly action: string;
  readonly find: (ec2: EC2Client, Filters: Filter[], options: Options) => Promise<readonly (string | undefined)[]>;
  readonly command: (id: string) => string;
}
const ended = new Set<string | undefined>(["deleted", "deleting", "terminated", "shutting-down"]);

const kinds: readonly Kind[] = [
  {
    what: "instance",
    action: "DescribeInstances",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeInstancesCommand({ Filters }), options)).Reservations ?? [])
        .flatMap(({ Instances }) => Instances ?? [])
        .filter(({ State }) => !ended.has(State?.Name))
        .map(({ InstanceId }) => InstanceId),
    command: (id) => shell`aws ec2 terminate-instances --instance-ids ${id}`,
  },
  {
    what: "NAT gateway",
    action: "DescribeNatGateways",
    find: async (ec2, Filter, options) =>
      ((await ec2.send(new DescribeNatGatewaysCommand({ Filter }), options)).NatGateways ?? [])
        .filter(({ State }) => !ended.has(State))
        .map(({ NatGatewayId }) => NatGatewayId),
    command: (id) => shell`aws ec2 delete-nat-gateway --nat-gateway-id ${id}`,
  },
  {
    what: "network interface",
    action: "DescribeNetworkInterfaces",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }), options)).NetworkInterfaces ?? []).map(
        ({ NetworkInterfaceId }) => NetworkInterfaceId,
      ),
    command: (id) => shell`aws ec2 delete-network-interface --network-interface-id ${id}`,
  },
  {
    what: "elastic IP",
    action: "DescribeAddresses",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeAddressesCommand({ Filters }), options)).Addresses ?? []).map(
        ({ AllocationId }) => AllocationId,
      ),
    command: (id) => shell`aws ec2 release-address --allocation-id ${id}`,
  },
  {
    what: "security group",
    action: "DescribeSecurityGroups",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeSecurityGroupsCommand({ Filters }), options)).SecurityGroups ?? []).map(
        ({ GroupId }) => GroupId,
      ),
    command: (id) => shell`aws ec2 delete-security-group --group-id ${id}`,
  },
  {
    what: "route table",
    action: "DescribeRouteTables",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeRouteTablesCommand({ Filters }), options)).RouteTables ?? []).map(
        ({ RouteTableId }) => RouteTableId,
      ),
    command: (id) => shell`aws ec2 delete-route-table --route-table-id ${id}`,
  },
  {
    what: "subnet",
    action: "DescribeSubnets",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeSubnetsCommand({ Filters }), options)).Subnets ?? []).map(
        ({ SubnetId }) => SubnetId,
      ),
    command: (id) => shell`aws ec2 delete-subnet --subnet-id ${id}`,
  },
  {
    what: "internet gateway",
    action: "DescribeInternetGateways",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeInternetGatewaysCommand({ Filters }), options)).InternetGateways ?? []).map(
        ({ InternetGatewayId }) => InternetGatewayId,
      ),
    command: (id) => shell`aws ec2 delete-internet-gateway --internet-gateway-id ${id}`,
  },
  {
    what: "VPC",
    action: "DescribeVpcs",
    find: async (ec2, Filters, options) =>
      ((await ec2.send(new DescribeVpcsCommand({ Filters }), options)).Vpcs ?? []).map(({ VpcId }) => VpcId),
    command: (id) => shell`aws ec2 delete-vpc --vpc-id ${id}`,
  },
];

/**
 * Made by a cluster's storage driver, which tags with the cluster's name. They may hold data, so the command only
 * looks.
 */
const volumes: Kind = {
  what: "volume",
  action: "DescribeVolumes",
  find: async (ec2, Filters, options) =>
    ((await ec2.send(new DescribeVolumesCommand({ Filters }), options)).Volumes ?? [])
      .filter(({ State }) => !ended.has(State))
      .map(({ VolumeId }) => VolumeId),
  command: (id) => shell`aws ec2 describe-volumes --volume-ids ${id}`,
};

type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[];

/** Whose it is, by its tags: the environment's own, or made by the controller of one of its clusters. */
export function isOurs(tags: Tags, environment: string, clusterNames: readonly string[]): boolean {
  return tags.some(
    ({ Key, Value }) =>
      (Key === environmentTag && Value === environment) ||
      (Key === controllerTag && clusterNames.includes(Value ?? "")),
  );
}

const stackTag = "service.k8s.aws/stack";
/** The controller (v3.5.0) takes rules with this description for its own. */
const controllersRule = "elbv2.k8s.aws/targetGroupBinding=shared";
const valueOf = (tags: Tags, key: string): string | undefined => tags.find(({ Key }) => Key === key)?.Value;

export class LeftoverSearch {
  private readonly elb: ElasticLoadBalancingV2Client;
  private readonly ec2: EC2Client;
  private readonly eks: EKSClient;
  private readonly iam: IAMClient;
  constructor(region: string) {
    const common = clientSettings(region);
    this.elb = new ElasticLoadBalancingV2Client(common);
    this.ec2 = new EC2Client(common);
    this.eks = new EKSClient(common);
    this.iam = new IAMClient(common);
  }
  dispose(): void {
    for (const client of [this.elb, this.ec2, this.eks, this.iam]) client.destroy();
  }

  async find(environment: string, clusterNames: readonly string[]): Promise<readonly Leftover[]> {
    const [clusters, balancing, network, roles] = await Promise.all([
      this.clusters(clusterNames),
      this.balancing((tags) => isOurs(tags, environment, clusterNames)),
      this.network(environment, clusterNames),
      this.roles(environment, clusterNames),
    ]);
    return [
      ...clusters,
      ...balancing.map(({ what, id, command }): Leftover => ({ what, id, command })),
      ...network,
      ...roles,
    ];
  }

  /**
   * IAM filters by nothing, and tells tags role by role: only names that begin as a member's or its cluster's are asked
   * about.
   */
  private async roles(environment: string, clusterNames: readonly string[]): Promise<Leftover[]> {
    const beginnings = clusterNames
      .flatMap((name) => [name, ...(name.startsWith(`${environment}-`) ? [name.slice(environment.length + 1)] : [])])
      .map((name) => `${name}-`);
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await callAws("iam:ListRoles", (options) =>
        this.iam.send(new ListRolesCommand({ Marker }), options),
      );
      names.push(
        ...(page.Roles ?? [])
          .map(({ RoleName = "" }) => RoleName)
          .filter((name) => beginnings.some((beginning) => name.startsWith(beginning))),
      );
      Marker = page.IsTruncated ? page.Marker : undefined;
    } while (Marker !== undefined);
    const found: Leftover[] = [];
    for (const RoleName of names) {
      const answer = await unlessGone(
        callAws("iam:ListRoleTags", (options) => this.iam.send(new ListRoleTagsCommand({ RoleName }), options)),
      );
      if (isOurs(answer?.Tags ?? [], environment, clusterNames))
        found.push({ what: "IAM role", id: RoleName, command: shell`aws iam delete-role --role-name ${RoleName}` });
    }
    return found;
  }

  private async clusters(names: readonly string[]): Promise<Leftover[]> {
    const found = await Promise.all(
      names.map(async (name): Promise<Leftover[]> => {
        try {
          await callAws("eks:DescribeCluster", (options) =>
            this.eks.send(new DescribeClusterCommand({ name }), options),
          );
          return [{ what: "EKS cluster", id: name, command: shell`aws eks delete-cluster --name ${name}` }];
        } catch (error) {
          if (isGone(error)) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  }

  async madeForServices(clusterName: string, services: readonly string[]): Promise<readonly Leftover[]> {
    const ours = (tags: Tags): boolean =>
      valueOf(tags, controllerTag) === clusterName && services.includes(valueOf(tags, stackTag) ?? "");
    const groups = await Promise.all(
      services.map((service) =>
        callAws("ec2:DescribeSecurityGroups", (options) =>
          this.ec2.send(
            new DescribeSecurityGroupsCommand({
              Filters: [
                { Name: `tag:${controllerTag}`, Values: [clusterName] },
                { Name: `tag:${stackTag}`, Values: [service] },
              ],
            }),
            options,
          ),
        ),
      ),
    );
    const securityGroups = groups
      .flatMap(({ SecurityGroups }) => SecurityGroups ?? [])
      .map(({ GroupId: id = "" }): Leftover => ({
        what: "security group",
        id,
        command: shell`aws ec2 delete-security-group --group-id ${id}`,
      }));
    return [
      ...(await this.balancing(ours)).map(({ what, id, command }): Leftover => ({ what, id, command })),
      ...securityGroups,
    ];
  }

  async usersOfGroup(groupId: string, clusterName: string, services: readonly string[]): Promise<readonly string[]> {
    const others = await this.balancing(
      (tags) => valueOf(tags, controllerTag) === clusterName && !services.includes(valueOf(tags, stackTag) ?? ""),
    );
    if (others.some(({ what }) => what === "load balancer")) return [];
    const foreign = (await this.balancing((tags) => valueOf(tags, controllerTag) !== clusterName))
      .filter(({ securityGroups }) => securityGroups.includes(groupId))
      .map(({ id }) => `load balancer ${id}`);
    const naming: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await callAws("ec2:DescribeSecurityGroups", (options) =>
        this.ec2.send(new DescribeSecurityGroupsCommand({ NextToken, MaxResults: 500 }), options),
      );
      for (const { GroupId, IpPermissions, IpPermissionsEgress } of page.SecurityGroups ?? []) {
        if (GroupId === groupId) continue;
        // Rules with the controller's own description go with the bindings.
        const pairs = [...(IpPermissions ?? []), ...(IpPermissionsEgress ?? [])].flatMap(
          ({ UserIdGroupPairs }) => UserIdGroupPairs ?? [],
        );
        if (pairs.some((pair) => pair.GroupId === groupId && pair.Description !== controllersRule))
          naming.push(`a rule of security group ${GroupId}`);
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return [...foreign, ...naming];
  }

  private async balancing(
    isWanted: (tags: Tags) => boolean,
  ): Promise<(Leftover & { readonly securityGroups: readonly string[] })[]> {
    const arns: {
      readonly arn: string;
      readonly what: string;
      readonly command: string;
      readonly securityGroups: readonly string[];
    }[] = [];
    let Marker: string | undefined;
    do {
      const page = await callAws("elasticloadbalancing:DescribeLoadBalancers", (options) =>
        this.elb.send(new DescribeLoadBalancersCommand({ Marker }), options),
      );
      arns.push(
        ...(page.LoadBalancers ?? []).map(({ LoadBalancerArn: arn = "", SecurityGroups }) => ({
          arn,
          securityGroups: SecurityGroups ?? [],
          what: "load balancer",
          command: shell`aws elbv2 delete-load-balancer --load-balancer-arn ${arn}`,
        })),
      );
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    do {
      const page = await callAws("elasticloadbalancing:DescribeTargetGroups", (options) =>
        this.elb.send(new DescribeTargetGroupsCommand({ Marker }), options),
      );
      arns.push(
        ...(page.TargetGroups ?? []).map(({ TargetGroupArn: arn = "" }) => ({
          arn,
          securityGroups: [],
          what: "target group",
          command: shell`aws elbv2 delete-target-group --target-group-arn ${arn}`,
        })),
      );
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    const tags = await describeElbTags(
      this.elb,
      callAws,
      arns.map(({ arn }) => arn),
    );
    const isOfInterest = (arn: string): boolean => {
      const own = tags.get(arn);
      return own !== undefined && isWanted(Object.entries(own).map(([Key, Value]) => ({ Key, Value })));
    };
    return arns
      .filter(({ arn }) => isOfInterest(arn))
      .map(({ arn, what, command, securityGroups }) => ({ what, id: arn, command, securityGroups }));
  }

  /** Each kind is asked for itself: EC2's list of tags goes on naming what is gone. */
  private async network(environment: string, clusterNames: readonly string[]): Promise<Leftover[]> {
    const filters: Filter[] = [
      { Name: `tag:${environmentTag}`, Values: [environment] },
      ...(clusterNames.length === 0 ? [] : [{ Name: `tag:${controllerTag}`, Values: [...clusterNames] }]),
    ];
    const asked: readonly (readonly [Filter, Kind])[] = [
      ...filters.flatMap((filter) => kinds.map((kind) => [filter, kind] as const)),
      ...clusterNames.map((name): [Filter, Kind] => [
        { Name: "tag-key", Values: [`kubernetes.io/cluster/${name}`] },
        volumes,
      ]),
    ];
    const found = await Promise.all(
      asked.map(async ([filter, { what, action, find, command }]) =>
        (await callAws(`ec2:${action}`, (options) => find(this.ec2, [filter], options)))
          .filter((id) => id !== undefined)
          .map((id): Leftover => ({ what, id, command: command(id) })),
      ),
    );
    return [...new Map(found.flat().map((one) => [one.id, one])).values()];
  }
}
