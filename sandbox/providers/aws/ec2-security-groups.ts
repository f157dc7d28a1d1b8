/** Security groups and the two generations of their rules. */
import * as ec2 from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import type { Props } from "../rpc/values";
import { orNull, tagMap, unlessAlready, unlessGone, type AwsContext, type AwsResource } from "./descriptor";
import { tagEc2, tagSpecification } from "./ec2-network";
import { sameRules } from "./schema/security-group-rules";

const alreadyThere = ["InvalidPermission.Duplicate"];
const alreadyGone = ["InvalidPermission.NotFound", "InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound"];

/** An inline rule or an `ec2.SecurityGroupRule`, as EC2 takes it. */
function permission(rule: Props, groupId: string): ec2.IpPermission {
  const description =
    rule["description"] === undefined || rule["description"] === ""
      ? {}
      : { Description: rule["description"] as string };
  const groups = [
    ...(rule["securityGroups"] ?? []),
    ...(rule["sourceSecurityGroupId"] === undefined ? [] : [rule["sourceSecurityGroupId"]]),
    ...(rule["self"] === true ? [groupId] : []),
  ] as string[];
  const protocol = String(rule["protocol"]) === "all" ? "-1" : String(rule["protocol"]);
  return {
    IpProtocol: protocol,
    ...(protocol === "-1" ? {} : { FromPort: rule["fromPort"], ToPort: rule["toPort"] }),
    ...(rule["cidrBlocks"]?.length > 0
      ? { IpRanges: rule["cidrBlocks"].map((CidrIp: string) => ({ CidrIp, ...description })) }
      : {}),
    ...(rule["ipv6CidrBlocks"]?.length > 0
      ? { Ipv6Ranges: rule["ipv6CidrBlocks"].map((CidrIpv6: string) => ({ CidrIpv6, ...description })) }
      : {}),
    ...(rule["prefixListIds"]?.length > 0
      ? { PrefixListIds: rule["prefixListIds"].map((PrefixListId: string) => ({ PrefixListId, ...description })) }
      : {}),
    ...(groups.length > 0 ? { UserIdGroupPairs: groups.map((GroupId) => ({ GroupId, ...description })) } : {}),
  };
}

/** As a program would write it inline: one for each description. */
function inlineRules(found: ec2.IpPermission, groupId: string): Props[] {
  const sources = [
    ...(found.IpRanges ?? []).map((one) => ({ is: "cidrBlocks", value: one.CidrIp, of: one.Description })),
    ...(found.Ipv6Ranges ?? []).map((one) => ({ is: "ipv6CidrBlocks", value: one.CidrIpv6, of: one.Description })),
    ...(found.PrefixListIds ?? []).map((one) => ({
      is: "prefixListIds",
      value: one.PrefixListId,
      of: one.Description,
    })),
    ...(found.UserIdGroupPairs ?? []).map((one) => ({ is: "securityGroups", value: one.GroupId, of: one.Description })),
  ];
  return [...new Set(sources.map((one) => one.of ?? ""))].map((description) => {
    const own = sources.filter((one) => (one.of ?? "") === description);
    const of = (kind: string) => own.filter((one) => one.is === kind && one.value !== groupId).map((one) => one.value);
    return {
      protocol: found.IpProtocol,
      fromPort: found.IpProtocol === "-1" ? 0 : found.FromPort,
      toPort: found.IpProtocol === "-1" ? 0 : found.ToPort,
      cidrBlocks: of("cidrBlocks"),
      ipv6CidrBlocks: of("ipv6CidrBlocks"),
      prefixListIds: of("prefixListIds"),
      securityGroups: of("securityGroups"),
      self: own.some((one) => one.value === groupId),
      description,
    };
  });
}

type Direction = "ingress" | "egress";

function authorize(aws: AwsContext, direction: Direction, GroupId: string, IpPermissions: ec2.IpPermission[]) {
  return direction === "ingress"
    ? aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
    : aws.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
}

async function revoke(
  aws: AwsContext,
  direction: Direction,
  GroupId: string,
  IpPermissions: ec2.IpPermission[],
): Promise<void> {
  await unlessAlready(
    alreadyGone,
    direction === "ingress"
      ? aws.ec2.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
      : aws.ec2.send(new ec2.RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions })),
  );
}

const securityGroup: AwsResource = {
  token: "aws:ec2/securityGroup:SecurityGroup",
  inputs: ["name", "description", "vpcId", "ingress", "egress", "revokeRulesOnDelete", "region", "tags"],
  autoName: { property: "name", longest: 255 },
  defaults: { description: "Managed by Pulumi", revokeRulesOnDelete: false },
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.ec2.send(
      new ec2.CreateSecurityGroupCommand({
        GroupName: inputs["name"],
        Description: inputs["description"],
        VpcId: inputs["vpcId"],
        ...tagSpecification("security-group", tags),
      }),
    );
    const id = exists(made.GroupId!);
    // As the official provider does: AWS's own "allow all out" goes, and only what the program says stays.
    await revoke(aws, "egress", id, [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }]);
    for (const direction of ["ingress", "egress"] as const)
      for (const rule of inputs[direction] ?? [])
        await unlessAlready(alreadyThere, authorize(aws, direction, id, [permission(rule, id)]));
    return id;
  },
  async read(aws, id) {
    const found = (await orNull(aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [id] }))))
      ?.SecurityGroups?.[0];
    if (found === undefined) return null;
    const account = await aws.accountId();
    return {
      arn: `arn:aws:ec2:${aws.region}:${account}:security-group/${id}`,
      ownerId: found.OwnerId ?? account,
      name: found.GroupName,
      description: found.Description,
      vpcId: found.VpcId,
      ingress: (found.IpPermissions ?? []).flatMap((one) => inlineRules(one, id)),
      egress: (found.IpPermissionsEgress ?? []).flatMap((one) => inlineRules(one, id)),
      tagsAll: tagMap(found.Tags),
    };
  },
  async update(aws, id, inputs, olds, changed) {
    for (const direction of ["ingress", "egress"] as const) {
      if (!changed.has(direction)) continue;
      const wanted: Props[] = inputs[direction] ?? [];
      const before: Props[] = olds[direction] ?? [];
      for (const rule of before.filter((one) => !wanted.some((other) => sameRules([one], [other]))))
        await revoke(aws, direction, id, [permission(rule, id)]);
      for (const rule of wanted.filter((one) => !before.some((other) => sameRules([one], [other]))))
        await unlessAlready(alreadyThere, authorize(aws, direction, id, [permission(rule, id)]));
    }
  },
  tag: tagEc2,
  async delete(aws, id, outputs) {
    if (outputs["revokeRulesOnDelete"] === true) await revokeAll(aws, id);
    await unlessGone(aws.ec2.send(new ec2.DeleteSecurityGroupCommand({ GroupId: id })));
  },
};

/** Two groups that name each other can only be deleted once the rules are gone. */
async function revokeAll(aws: AwsContext, id: string): Promise<void> {
  const found = (await orNull(aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [id] }))))
    ?.SecurityGroups?.[0];
  if ((found?.IpPermissions ?? []).length > 0) await revoke(aws, "ingress", id, found!.IpPermissions!);
  if ((found?.IpPermissionsEgress ?? []).length > 0) await revoke(aws, "egress", id, found!.IpPermissionsEgress!);
}

const ruleProperties = [
  "type",
  "protocol",
  "fromPort",
  "toPort",
  "cidrBlocks",
  "ipv6CidrBlocks",
  "prefixListIds",
  "sourceSecurityGroupId",
  "self",
  "securityGroupId",
] as const;

async function rulesOf(aws: AwsContext, groupId: string): Promise<readonly ec2.SecurityGroupRule[]> {
  return (
    (
      await orNull(
        aws.ec2.send(new ec2.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [groupId] }] })),
      )
    )?.SecurityGroupRules ?? []
  );
}

/**
 * AWS tells it with the rule. moto forgets it there when the source is a group, unless it was changed later, and has it
 * with the group that carries the rule.
 */
async function descriptionOf(aws: AwsContext, rule: ec2.SecurityGroupRule): Promise<string | undefined> {
  const source = rule.ReferencedGroupInfo?.GroupId;
  if (rule.Description || source === undefined || rule.GroupId === undefined) return rule.Description || undefined;
  const group = (await orNull(aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [rule.GroupId] }))))
    ?.SecurityGroups?.[0];
  const permissions = rule.IsEgress === true ? group?.IpPermissionsEgress : group?.IpPermissions;
  const same = (one: ec2.IpPermission) =>
    one.IpProtocol === rule.IpProtocol &&
    (rule.IpProtocol === "-1" || (one.FromPort === rule.FromPort && one.ToPort === rule.ToPort));
  const pairs = (permissions ?? []).filter(same).flatMap((one) => one.UserIdGroupPairs ?? []);
  return pairs.find((one) => one.GroupId === source && one.Description)?.Description;
}

function matches(rule: ec2.SecurityGroupRule, wanted: Props): boolean {
  const protocol = String(wanted["protocol"]) === "all" ? "-1" : String(wanted["protocol"]);
  const source = wanted["sourceSecurityGroupId"] ?? (wanted["self"] === true ? wanted["securityGroupId"] : undefined);
  return (
    rule.IsEgress === (wanted["type"] === "egress") &&
    rule.IpProtocol === protocol &&
    (protocol === "-1" || (rule.FromPort === wanted["fromPort"] && rule.ToPort === wanted["toPort"])) &&
    (source !== undefined
      ? rule.ReferencedGroupInfo?.GroupId === source
      : wanted["cidrBlocks"] !== undefined
        ? wanted["cidrBlocks"].includes(rule.CidrIpv4)
        : wanted["ipv6CidrBlocks"] !== undefined
          ? wanted["ipv6CidrBlocks"].includes(rule.CidrIpv6)
          : wanted["prefixListIds"]?.includes(rule.PrefixListId) === true)
  );
}

/** EC2 has several ids for a rule with several sources; the official provider makes its own. */
export function securityGroupRuleId(inputs: Props): string {
  const identity = JSON.stringify(ruleProperties.map((property) => inputs[property] ?? null));
  return `sgrule-${parseInt(createHash("sha1").update(identity).digest("hex").slice(0, 8), 16)}`;
}

const securityGroupRule: AwsResource = {
  token: "aws:ec2/securityGroupRule:SecurityGroupRule",
  inputs: [...ruleProperties, "description", "region"],
  deleteBeforeReplace: () => true,
  defaults: { self: false },
  taggable: false,
  validate: (inputs) =>
    ["ingress", "egress"].includes(inputs["type"])
      ? []
      : [{ property: "type", reason: `expected type to be one of ["egress" "ingress"], got ${inputs["type"]}` }],
  async create(aws, inputs) {
    await unlessAlready(
      alreadyThere,
      authorize(aws, inputs["type"], inputs["securityGroupId"], [permission(inputs, inputs["securityGroupId"])]),
    );
    return securityGroupRuleId(inputs);
  },
  async read(aws, _id, inputs) {
    const found = (await rulesOf(aws, inputs["securityGroupId"])).filter((rule) => matches(rule, inputs));
    if (found.length === 0) return null;
    return {
      description: await descriptionOf(aws, found[0]!),
      securityGroupRuleId: found.length === 1 ? found[0]!.SecurityGroupRuleId : "",
    };
  },
  async update(aws, _id, inputs) {
    const IpPermissions = [permission(inputs, inputs["securityGroupId"])];
    if (inputs["type"] === "ingress")
      await aws.ec2.send(
        new ec2.UpdateSecurityGroupRuleDescriptionsIngressCommand({
          GroupId: inputs["securityGroupId"],
          IpPermissions,
        }),
      );
    else
      await aws.ec2.send(
        new ec2.UpdateSecurityGroupRuleDescriptionsEgressCommand({ GroupId: inputs["securityGroupId"], IpPermissions }),
      );
  },
  delete: (aws, _id, outputs) =>
    revoke(aws, outputs["type"], outputs["securityGroupId"], [
      permission({ ...outputs, description: undefined }, outputs["securityGroupId"]),
    ]),
};

function singleRule(direction: Direction, token: string): AwsResource {
  const asPermission = (inputs: Props) =>
    permission(
      {
        protocol: inputs["ipProtocol"],
        fromPort: inputs["fromPort"],
        toPort: inputs["toPort"],
        description: inputs["description"],
        sourceSecurityGroupId: inputs["referencedSecurityGroupId"],
        cidrBlocks: inputs["cidrIpv4"] === undefined ? [] : [inputs["cidrIpv4"]],
        ipv6CidrBlocks: inputs["cidrIpv6"] === undefined ? [] : [inputs["cidrIpv6"]],
        prefixListIds: inputs["prefixListId"] === undefined ? [] : [inputs["prefixListId"]],
      },
      inputs["securityGroupId"],
    );
  const sources = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"] as const;
  return {
    token,
    inputs: ["securityGroupId", "ipProtocol", "fromPort", "toPort", ...sources, "description", "region", "tags"],
    taggable: true,
    validate: (inputs) =>
      sources.filter((source) => inputs[source] !== undefined).length === 1
        ? []
        : [{ property: "cidrIpv4", reason: `exactly one of ${sources.join(", ")} must be given` }],
    async create(aws, inputs, tags, exists) {
      const made = await authorize(aws, direction, inputs["securityGroupId"], [asPermission(inputs)]);
      const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId;
      if (id === undefined) throw new Error("EC2 returned no rule");
      exists(id);
      await tagEc2(aws, id, tags, []);
      return id;
    },
    async read(aws, id, inputs) {
      const found = (await rulesOf(aws, inputs["securityGroupId"])).find((rule) => rule.SecurityGroupRuleId === id);
      if (found === undefined) return null;
      const ports = found.IpProtocol === "-1" ? {} : { fromPort: found.FromPort, toPort: found.ToPort };
      return {
        ...ports,
        securityGroupId: found.GroupId,
        ipProtocol: found.IpProtocol,
        cidrIpv4: found.CidrIpv4,
        cidrIpv6: found.CidrIpv6,
        prefixListId: found.PrefixListId,
        referencedSecurityGroupId: found.ReferencedGroupInfo?.GroupId,
        description: await descriptionOf(aws, found),
        securityGroupRuleId: id,
        arn: `arn:aws:ec2:${aws.region}:${await aws.accountId()}:security-group-rule/${id}`,
        tagsAll: tagMap(found.Tags),
      };
    },
    async update(aws, id, inputs) {
      await aws.ec2.send(
        new ec2.ModifySecurityGroupRulesCommand({
          GroupId: inputs["securityGroupId"],
          SecurityGroupRules: [
            {
              SecurityGroupRuleId: id,
              SecurityGroupRule: {
                IpProtocol: inputs["ipProtocol"],
                FromPort: inputs["fromPort"],
                ToPort: inputs["toPort"],
                CidrIpv4: inputs["cidrIpv4"],
                CidrIpv6: inputs["cidrIpv6"],
                PrefixListId: inputs["prefixListId"],
                ReferencedGroupId: inputs["referencedSecurityGroupId"],
                Description: inputs["description"],
              },
            },
          ],
        }),
      );
    },
    tag: tagEc2,
    async delete(aws, id, outputs) {
      const by = { GroupId: outputs["securityGroupId"] as string, SecurityGroupRuleIds: [id] };
      await unlessAlready(
        alreadyGone,
        direction === "ingress"
          ? aws.ec2.send(new ec2.RevokeSecurityGroupIngressCommand(by))
          : aws.ec2.send(new ec2.RevokeSecurityGroupEgressCommand(by)),
      );
    },
  };
}

export const securityGroupResources: readonly AwsResource[] = [
  securityGroup,
  securityGroupRule,
  singleRule("ingress", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
  singleRule("egress", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
];
