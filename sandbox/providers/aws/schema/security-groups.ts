/** Security groups and both generations of their rules. Facts; read 2026-11-30. */
import {
  blockSet,
  byDefault,
  computed,
  kept,
  list,
  optional,
  region,
  replaces,
  required,
  set,
  tags,
  type Attribute,
  type ResourceFacts,
} from "./facts";
import { sameRules } from "./security-group-rules";

const ruleBlock: Readonly<Record<string, Attribute>> = {
  cidrBlocks: list(optional),
  description: optional,
  fromPort: required,
  ipv6CidrBlocks: list(optional),
  prefixListIds: list(optional),
  protocol: required,
  securityGroups: set(optional),
  self: byDefault(false),
  toPort: required,
};
const inlineRules: Attribute = { ...blockSet(computed, ruleBlock), same: sameRules };

const securityGroup: ResourceFacts = {
  source: "internal/service/ec2/vpc_security_group.go",
  read: "01606926a0c0ab9174aec440f976a48b0baee722",
  attributes: {
    // Pulumi's own default; Terraform's names Terraform.
    description: replaces(byDefault("Managed by Pulumi")),
    egress: inlineRules,
    ingress: inlineRules,
    name: replaces(computed),
    namePrefix: replaces(computed),
    revokeRulesOnDelete: kept(byDefault(false)),
    vpcId: replaces(computed),
    ...region,
    ...tags,
  },
};

const securityGroupRule: ResourceFacts = {
  source: "internal/service/ec2/vpc_security_group_rule.go",
  read: null,
  attributes: {
    // The provider finds the rule by these: another one is there, or none.
    cidrBlocks: kept(replaces(list(optional))),
    fromPort: kept(replaces(required)),
    ipv6CidrBlocks: kept(replaces(list(optional))),
    prefixListIds: kept(replaces(list(optional))),
    protocol: kept(replaces(required)),
    securityGroupId: kept(replaces(required)),
    self: kept(replaces(byDefault(false))),
    sourceSecurityGroupId: kept(replaces(computed)),
    toPort: kept(replaces(required)),
    type: kept(replaces(required)),
    description: optional,
    ...region,
  },
};

const sources = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

/** One rule, one source; both directions are written by the same code. */
const singleRule = (source: string): ResourceFacts => ({
  source,
  read: "00a322094b4b9ade8a81b244345dbcf4b52ee8d6",
  framework: true,
  attributes: {
    cidrIpv4: optional,
    cidrIpv6: optional,
    description: optional,
    fromPort: optional,
    ipProtocol: required,
    prefixListId: optional,
    referencedSecurityGroupId: optional,
    securityGroupId: replaces(required),
    toPort: optional,
    ...region,
    ...tags,
  },
  // A rule can't change what kind of source it has.
  replacedBy: (wanted, told) =>
    sources.some((one) => (wanted[one] === undefined) !== (told[one] === undefined)) ? sources : [],
});

export const securityGroupFacts: Readonly<Record<string, ResourceFacts>> = {
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:ec2/securityGroupRule:SecurityGroupRule": securityGroupRule,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": singleRule(
    "internal/service/ec2/vpc_security_group_ingress_rule.go",
  ),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": singleRule(
    "internal/service/ec2/vpc_security_group_egress_rule.go",
  ),
};
