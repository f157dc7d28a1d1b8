/** Which actions of the package's policies the tests' runs need. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const policies = resolve(__dirname, "../../policies");

/** Actions that the policies of the driver and of `pulumi up` allow, by file. */
export function writtenActions(): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(policies).filter((name) => /^(look|move|adopt|destroy|deploy-[\w-]+)\.json$/.test(name));
  return new Map(
    files.map((name) => {
      const { Statement } = JSON.parse(readFileSync(join(policies, name), "utf8")) as {
        readonly Statement: readonly { readonly Action: string | readonly string[] }[];
      };
      return [name, [...new Set(Statement.flatMap(({ Action }) => [Action].flat()))]];
    }),
  );
}

/** Of operations that runs of the end-to-end tests asked for: `recorded-uses.json`, from their logs of 2026-11-30. */
export const recordedActions = (): readonly string[] =>
  JSON.parse(readFileSync(join(__dirname, "recorded-uses.json"), "utf8")) as readonly string[];

/** Actions that no run of the tests can need, by the reason why they are written. */
export const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "the real aws provider asks for it when it reads or deletes; the sandbox's stand-in does not": [
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddressesAttribute",
    "ec2:DescribeTags",
    "ec2:DisassociateAddress",
    "elasticloadbalancing:DescribeCapacityReservation",
    "eks:ListTagsForResource",
    "iam:ListInstanceProfilesForRole",
  ],
  "a change of settings of what is deployed": [
    "ec2:ReplaceRoute",
    "ec2:ModifySecurityGroupRules",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
    "eks:UntagResource",
    "eks:UpdateAddon",
    "eks:UpdateNodegroupConfig",
    "eks:UpdatePodIdentityAssociation",
    "iam:PutRolePermissionsBoundary",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
  ],
  "an upgrade in place, where a member has no room for another cluster": [
    "eks:UpdateClusterVersion",
    "eks:UpdateNodegroupVersion",
  ],
  "access entries for named roles": [
    "eks:AssociateAccessPolicy",
    "eks:CreateAccessEntry",
    "eks:DeleteAccessEntry",
    "eks:DescribeAccessEntry",
    "eks:DisassociateAccessPolicy",
    "eks:ListAssociatedAccessPolicies",
    "eks:UpdateAccessEntry",
  ],
  "a key of one's own for Secrets": ["eks:AssociateEncryptionConfig", "kms:CreateGrant", "kms:DescribeKey"],
  "roles for service accounts by an identity provider": [
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:GetOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
  ],
  "what GuardDuty puts into a network": ["ec2:DescribeVpcEndpoints", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"],
  "load balancers that are handed over": ["elasticloadbalancing:RemoveTags", "ec2:DeleteTags"],
  "rules of an application load balancer": [
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:SetRulePriorities",
  ],
  "certificates of HTTPS listeners besides the first": [
    "elasticloadbalancing:AddListenerCertificates",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:RemoveListenerCertificates",
  ],
  "alarms of a rollout": ["cloudwatch:DescribeAlarms"],
  "what is left of a cluster that is gone": ["ec2:DescribeVolumes"],
};

/** Written, not used, and not said to be for another case. */
export function unusedActions(used: ReadonlySet<string>): readonly string[] {
  const excused = new Set(Object.values(elsewhere).flat());
  const written = [...new Set([...writtenActions().values()].flat())];
  return written.filter((action) => !used.has(action) && !excused.has(action));
}

/** Said to be for another case, but used here, or not written any more. */
export function idleExcuses(used: ReadonlySet<string>): readonly string[] {
  const written = new Set([...writtenActions().values()].flat());
  return Object.values(elsewhere)
    .flat()
    .filter((action) => used.has(action) || !written.has(action));
}
