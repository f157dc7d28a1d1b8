/**
 * What is still there of an environment: load balancers, target groups, IAM roles, and everything of EC2's that carries
 * its tags. Clusters are asked for by name.
 */
import { DescribeSecurityGroupsCommand, EC2Client, type Filter } from "@aws-sdk/client-ec2";
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
import { kinds, type Kind, madeByClusters, search, securityGroup } from "./leftover-kinds";
import { shell } from "../../text/shell";

export const environmentTag = "eks-blue-green/environment";
export const controllerTag = "elbv2.k8s.aws/cluster";

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

/** IAM deletes no role that has policies. */
const deleteRole = (name: string): string =>
  [
    "for policy in $(aws iam list-attached-role-policies --role-name ",
    shell`${name} --query AttachedPolicies[].PolicyArn --output text); do `,
    shell`aws iam detach-role-policy --role-name ${name} --policy-arn "$policy"; done && `,
    shell`for policy in $(aws iam list-role-policies --role-name ${name} --query PolicyNames --output text); do `,
    shell`aws iam delete-role-policy --role-name ${name} --policy-name "$policy"; done && `,
    shell`aws iam delete-role --role-name ${name}`,
  ].join("");

/** EKS deletes no cluster that has node groups. */
const deleteCluster = (name: string): string =>
  [
    shell`for group in $(aws eks list-nodegroups --cluster-name ${name} --query nodegroups --output text); do `,
    shell`aws eks delete-nodegroup --cluster-name ${name} --nodegroup-name "$group" && `,
    shell`aws eks wait nodegroup-deleted --cluster-name ${name} --nodegroup-name "$group"; done && `,
    shell`aws eks delete-cluster --name ${name}`,
  ].join("");

/** One that is protected is deleted by nobody; its target groups and security groups are in use until it is gone. */
const deleteLoadBalancer = (arn: string): string =>
  [
    shell`aws elbv2 modify-load-balancer-attributes --load-balancer-arn ${arn} --attributes `,
    shell`Key=deletion_protection.enabled,Value=false && `,
    shell`aws elbv2 delete-load-balancer --load-balancer-arn ${arn} && `,
    shell`aws elbv2 wait load-balancers-deleted --load-balancer-arns ${arn}`,
  ].join("");

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

  async find(
    environment: string,
    clusterNames: readonly string[],
    adoptedArns: readonly string[] = [],
  ): Promise<readonly Leftover[]> {
    const [clusters, balancing, network, roles] = await Promise.all([
      this.clusters(clusterNames),
      this.balancing((tags, arn) => adoptedArns.includes(arn) || isOurs(tags, environment, clusterNames)),
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
        found.push({ what: "IAM role", id: RoleName, command: deleteRole(RoleName) });
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
          return [{ what: "EKS cluster", id: name, command: deleteCluster(name) }];
        } catch (error) {
          if (isGone(error)) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  }

  /** What clusters have made in EC2 besides what stacks know, and their controllers' groups. */
  async inTheWay(clusterNames: readonly string[]): Promise<readonly Leftover[]> {
    return await search(this.ec2, [
      ...madeByClusters(clusterNames),
      ...clusterNames.map((name): [Filter, Kind] => [{ Name: `tag:${controllerTag}`, Values: [name] }, securityGroup]),
    ]);
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
    isWanted: (tags: Tags, arn: string) => boolean,
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
          command: deleteLoadBalancer(arn),
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
      return (
        own !== undefined &&
        isWanted(
          Object.entries(own).map(([Key, Value]) => ({ Key, Value })),
          arn,
        )
      );
    };
    return arns
      .filter(({ arn }) => isOfInterest(arn))
      .map(({ arn, what, command, securityGroups }) => ({ what, id: arn, command, securityGroups }));
  }

  /** Each kind is asked for itself: EC2's list of tags goes on naming what is gone. */
  private async network(environment: string, clusterNames: readonly string[]): Promise<readonly Leftover[]> {
    const filters: Filter[] = [
      { Name: `tag:${environmentTag}`, Values: [environment] },
      ...(clusterNames.length === 0 ? [] : [{ Name: `tag:${controllerTag}`, Values: [...clusterNames] }]),
    ];
    return await search(this.ec2, [
      ...filters.flatMap((filter) => kinds.map((kind) => [filter, kind] as const)),
      ...madeByClusters(clusterNames),
    ]);
  }
}
