/**
 * What `pulumi import` and `pulumi refresh --import-pending-creates` have: an id, in the official provider's form, and
 * nothing else.
 */
import * as ec2 from "@aws-sdk/client-ec2";
import * as eks from "@aws-sdk/client-eks";
import * as iam from "@aws-sdk/client-iam";
import type { Props } from "../rpc/values";
import { orNull, type AwsContext } from "./descriptor";
import { routeId } from "./ec2-network";
import { securityGroupRuleId } from "./ec2-security-groups";

export interface Imported {
  /** The resource's own id: some are imported by another one. */
  readonly id: string;
  /** Inputs that `read` needs, or does not tell itself. */
  readonly inputs: Props;
}
/** Null when there is no such thing. @throws Error when the id is not of the type's form. */
export type Import = (aws: AwsContext, id: string) => Promise<Imported | null>;

function parts(id: string, separator: string, form: string): [string, string] {
  const at = id.indexOf(separator);
  if (at < 1 || at === id.length - 1) throw new Error(`unexpected format of ID (${id}), expected ${form}`);
  return [id.slice(0, at), id.slice(at + 1)];
}

/** A type whose id holds its inputs. */
const fromParts =
  (separator: string, form: string, inputs: (first: string, rest: string) => Props): Import =>
  async (_aws, id) => ({ id, inputs: inputs(...parts(id, separator, form)) });

const route: Import = async (_aws, id) => {
  const [routeTableId, destination] = parts(id, "_", "ROUTETABLEID_DESTINATION");
  const property = destination.startsWith("pl-")
    ? "destinationPrefixListId"
    : destination.includes(":")
      ? "destinationIpv6CidrBlock"
      : "destinationCidrBlock";
  return { id: routeId(routeTableId, destination), inputs: { routeTableId, [property]: destination } };
};

const routeTableAssociation: Import = async (aws, id) => {
  const [of, routeTableId] = parts(id, "/", "SUBNETID_OR_GATEWAYID/ROUTETABLEID");
  const table = (await orNull(aws.ec2.send(new ec2.DescribeRouteTablesCommand({ RouteTableIds: [routeTableId] }))))
    ?.RouteTables?.[0];
  const found = table?.Associations?.find((one) => one.SubnetId === of || one.GatewayId === of);
  if (found?.RouteTableAssociationId === undefined) return null;
  return {
    id: found.RouteTableAssociationId,
    inputs: { routeTableId, ...(found.SubnetId === undefined ? { gatewayId: of } : { subnetId: of }) },
  };
};

const securityGroup: Import = async (aws, id) => {
  const found = (await orNull(aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [id] }))))
    ?.SecurityGroups?.[0];
  return found === undefined ? null : { id, inputs: { description: found.Description, revokeRulesOnDelete: false } };
};

/** SGID_TYPE_PROTOCOL_FROM_TO_SOURCE: `sg-1_ingress_tcp_443_443_10.0.0.0/16`. */
const securityGroupRule: Import = async (_aws, id) => {
  const [securityGroupId, type, protocol, from, to, ...sources] = id.split("_");
  if (securityGroupId === undefined || type === undefined || protocol === undefined || sources.length === 0)
    throw new Error(
      `unexpected format of ID (${id}), expected SECURITYGROUPID_TYPE_PROTOCOL_FROMPORT_TOPORT_SOURCE[_SOURCE]*`,
    );
  const first = sources[0]!;
  const source =
    first === "self"
      ? { self: true }
      : first.startsWith("sg-")
        ? { sourceSecurityGroupId: first }
        : first.startsWith("pl-")
          ? { prefixListIds: sources }
          : first.includes(":")
            ? { ipv6CidrBlocks: sources }
            : { cidrBlocks: sources };
  const inputs = {
    securityGroupId,
    type,
    protocol: protocol === "all" ? "-1" : protocol,
    fromPort: Number(from),
    toPort: Number(to),
    self: false,
    ...source,
  };
  return { id: securityGroupRuleId(inputs), inputs };
};

const singleRule: Import = async (aws, id) => {
  const found = (
    await orNull(aws.ec2.send(new ec2.DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] })))
  )?.SecurityGroupRules?.find((one) => one.SecurityGroupRuleId === id);
  if (found === undefined) return null;
  const ports = found.IpProtocol === "-1" ? {} : { fromPort: found.FromPort, toPort: found.ToPort };
  return {
    id,
    inputs: {
      securityGroupId: found.GroupId,
      ipProtocol: found.IpProtocol,
      ...ports,
      cidrIpv4: found.CidrIpv4,
      cidrIpv6: found.CidrIpv6,
      prefixListId: found.PrefixListId,
      referencedSecurityGroupId: found.ReferencedGroupInfo?.GroupId,
      description: found.Description,
    },
  };
};

const launchTemplate: Import = async (aws, id) => {
  const found = (
    await orNull(
      aws.ec2.send(new ec2.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: ["$Latest"] })),
    )
  )?.LaunchTemplateVersions?.[0];
  if (found === undefined) return null;
  const data = found.LaunchTemplateData;
  return {
    id,
    inputs: {
      name: found.LaunchTemplateName,
      description: found.VersionDescription,
      imageId: data?.ImageId,
      instanceType: data?.InstanceType,
      keyName: data?.KeyName,
      userData: data?.UserData,
      vpcSecurityGroupIds: data?.SecurityGroupIds,
    },
  };
};

const document = (text: string | undefined): string => decodeURIComponent(text ?? "");

const role: Import = async (aws, id) => {
  const found = (await orNull(aws.iam.send(new iam.GetRoleCommand({ RoleName: id }))))?.Role;
  if (found === undefined) return null;
  return {
    id,
    inputs: {
      assumeRolePolicy: document(found.AssumeRolePolicyDocument),
      path: found.Path,
      description: found.Description,
      maxSessionDuration: found.MaxSessionDuration,
      permissionsBoundary: found.PermissionsBoundary?.PermissionsBoundaryArn,
      forceDetachPolicies: false,
    },
  };
};

const policy: Import = async (aws, id) => {
  const found = (await orNull(aws.iam.send(new iam.GetPolicyCommand({ PolicyArn: id }))))?.Policy;
  if (found === undefined) return null;
  const version = await aws.iam.send(
    new iam.GetPolicyVersionCommand({ PolicyArn: id, VersionId: found.DefaultVersionId }),
  );
  return {
    id,
    inputs: {
      name: found.PolicyName,
      path: found.Path,
      description: found.Description,
      policy: document(version.PolicyVersion?.Document),
    },
  };
};

const rolePolicy: Import = async (aws, id) => {
  const [RoleName, PolicyName] = parts(id, ":", "ROLE:NAME");
  const found = await orNull(aws.iam.send(new iam.GetRolePolicyCommand({ RoleName, PolicyName })));
  return found === null
    ? null
    : { id, inputs: { role: RoleName, name: PolicyName, policy: document(found.PolicyDocument) } };
};

const openIdConnectProvider: Import = async (aws, id) => {
  const found = await orNull(aws.iam.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id })));
  return found === null
    ? null
    : {
        id,
        inputs: {
          url: /^https?:/.test(found.Url ?? "") ? found.Url : `https://${found.Url}`,
          clientIdLists: found.ClientIDList ?? [],
        },
      };
};

const nodeGroup: Import = async (aws, id) => {
  const [clusterName, nodegroupName] = parts(id, ":", "CLUSTER:NODEGROUP");
  const found = (await orNull(aws.eks.send(new eks.DescribeNodegroupCommand({ clusterName, nodegroupName }))))
    ?.nodegroup;
  if (found === undefined) return null;
  return {
    id,
    inputs: {
      clusterName,
      nodeGroupName: nodegroupName,
      nodeRoleArn: found.nodeRole,
      subnetIds: found.subnets,
      scalingConfig: found.scalingConfig,
      labels: found.labels,
      taints: found.taints,
      updateConfig: found.updateConfig,
      launchTemplate: found.launchTemplate,
    },
  };
};

const podIdentityAssociation: Import = async (aws, id) => {
  const [clusterName, associationId] = parts(id, ",", "CLUSTER,ASSOCIATION");
  const found = (
    await orNull(aws.eks.send(new eks.DescribePodIdentityAssociationCommand({ clusterName, associationId })))
  )?.association;
  return found === undefined
    ? null
    : {
        id: associationId,
        inputs: {
          clusterName,
          namespace: found.namespace,
          serviceAccount: found.serviceAccount,
          roleArn: found.roleArn,
          targetRoleArn: found.targetRoleArn,
        },
      };
};

/** Of a policy's scope only what the program can say. */
const accessPolicyAssociation: Import = async (aws, id) => {
  const [clusterName, rest] = parts(id, "#", "CLUSTER#PRINCIPAL#POLICY");
  const [principalArn, policyArn] = parts(rest, "#", "CLUSTER#PRINCIPAL#POLICY");
  const list = await orNull(aws.eks.send(new eks.ListAssociatedAccessPoliciesCommand({ clusterName, principalArn })));
  const found = list?.associatedAccessPolicies?.find((one) => one.policyArn === policyArn);
  return found === undefined
    ? null
    : {
        id,
        inputs: {
          clusterName,
          principalArn,
          policyArn,
          accessScope: {
            type: found.accessScope?.type,
            ...(found.accessScope?.namespaces?.length ? { namespaces: found.accessScope.namespaces } : {}),
          },
        },
      };
};

const accessEntry: Import = async (aws, id) => {
  const [clusterName, principalArn] = parts(id, ":", "CLUSTER:PRINCIPAL");
  const found = (await orNull(aws.eks.send(new eks.DescribeAccessEntryCommand({ clusterName, principalArn }))))
    ?.accessEntry;
  return found === undefined
    ? null
    : {
        id,
        inputs: {
          clusterName,
          principalArn,
          type: found.type,
          kubernetesGroups: found.kubernetesGroups,
          userName: found.username,
        },
      };
};

/** By type. A type without an entry is told completely by its `read`. */
export const imports: Readonly<Record<string, Import>> = {
  "aws:ec2/route:Route": route,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:ec2/securityGroupRule:SecurityGroupRule": securityGroupRule,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": singleRule,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": singleRule,
  "aws:ec2/launchTemplate:LaunchTemplate": launchTemplate,
  "aws:iam/role:Role": role,
  "aws:iam/policy:Policy": policy,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": fromParts("/", "ROLE/POLICYARN", (roleName, policyArn) => ({
    role: roleName,
    policyArn,
  })),
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": openIdConnectProvider,
  "aws:eks/addon:Addon": fromParts(":", "CLUSTER:ADDON", (clusterName, addonName) => ({ clusterName, addonName })),
  "aws:eks/nodeGroup:NodeGroup": nodeGroup,
  "aws:eks/accessEntry:AccessEntry": accessEntry,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": accessPolicyAssociation,
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": podIdentityAssociation,
};
