/**
 * EC2's rules that stand only in its documentation, by parameter on the wire. Source of each: EC2 API Reference, the
 * member's own text, checked 2026-11-30. `test/sandbox/aws-front/validation/ec2-documentation.test.ts` reads that text
 * again and fails when a rule is in it that is neither here nor waived there by name.
 */
export interface Ec2Refusal {
  readonly code: string;
  readonly message: string;
}

interface Rule {
  readonly name: string;
  readonly operations: RegExp;
  /** The parameter's name, with numbers of list members as `N`. */
  readonly parameter: RegExp;
  readonly check: (value: string, parameter: string) => Ec2Refusal | null;
}

const characters = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
const inCharacters = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]*$/;
/** Descriptions of references to groups can't have `&`. */
const inCharactersOfPairs = /^[a-zA-Z0-9. _\-:/()#,@[\]+=;{}!$*]*$/;

const invalid = (message: string, code = "InvalidParameterValue"): Ec2Refusal => ({ code, message });
const invalidValue = (value: string, parameter: string, more = ""): Ec2Refusal =>
  invalid(`Value (${value}) for parameter ${parameter} is invalid. ${more}`.trim());

function between(low: number, high: number): Rule["check"] {
  return (value, parameter) =>
    /^-?\d+$/.test(value) && Number(value) >= low && Number(value) <= high
      ? null
      : invalidValue(value, parameter, `Expected a number from ${low} to ${high}.`);
}

function id(prefix: string, code: string): Rule["check"] {
  return (value) =>
    new RegExp(`^${prefix}-[0-9a-f]{8}([0-9a-f]{9})?$`).test(value)
      ? null
      : invalid(`Invalid id: "${value}" (expecting "${prefix}-...")`, code);
}

function cidr(value: string): { readonly address: number; readonly prefix: number } | null {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(value) ?? [];
  const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = parts.map(Number);
  if ([a, b, c, d].some((one) => one > 255) || prefix > 32) return null;
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix };
}

/** EC2 keeps a block without host bits: `100.68.0.18/18` becomes `100.68.0.0/18`. */
export function canonicalCidr(value: string): string {
  const parsed = cidr(value);
  if (parsed === null) return value;
  const size = 2 ** (32 - parsed.prefix);
  const network = Math.floor(parsed.address / size) * size;
  const octets = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${octets.join(".")}/${parsed.prefix}`;
}

/** Blocks that no VPC may have. Source: VPC User Guide, "VPC CIDR blocks". */
const forbiddenForVpcs = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"].map((block) => cidr(block));

function block(code: string, forbidden: boolean): Rule["check"] {
  return (value) => {
    const parsed = cidr(value);
    if (parsed === null)
      return invalid(`Value (${value}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
    const inside = (outer: { address: number; prefix: number } | null): boolean =>
      outer !== null &&
      Math.floor(parsed.address / 2 ** (32 - outer.prefix)) === Math.floor(outer.address / 2 ** (32 - outer.prefix));
    if (parsed.prefix < 16 || parsed.prefix > 28 || (forbidden && forbiddenForVpcs.some(inside)))
      return invalid(`The CIDR '${value}' is invalid.`, code);
    return null;
  };
}

const ruleBlock: Rule["check"] = (value) => (cidr(value) === null ? invalid(`CIDR block ${value} is malformed`) : null);

const ruleDescription =
  (allowed: RegExp): Rule["check"] =>
  (value) =>
    value.length <= 255 && allowed.test(value)
      ? null
      : invalid(
          `Invalid rule description. Valid descriptions are strings less than 256 characters from the following ` +
            `set: ${characters}`,
        );

const protocols = new Set(["tcp", "udp", "icmp", "icmpv6", "-1", "all"]);

export const rules: readonly Rule[] = [
  {
    name: "rule descriptions",
    operations: /^(Authorize|Revoke|Update|Modify)SecurityGroup/,
    parameter: /(IpRanges|Ipv6Ranges|PrefixListIds)\.N\.Description$|SecurityGroupRule\.Description$/,
    check: ruleDescription(inCharacters),
  },
  {
    name: "rule descriptions of group pairs",
    operations: /^(Authorize|Revoke|Update)SecurityGroup/,
    parameter: /(Groups|UserIdGroupPairs)\.N\.Description$/,
    check: ruleDescription(inCharactersOfPairs),
  },
  {
    name: "group names",
    operations: /^CreateSecurityGroup$/,
    parameter: /^GroupName$/,
    check: (value) =>
      value.startsWith("sg-")
        ? invalid("Group names may not be in the format sg-*.")
        : value.length <= 255 && inCharacters.test(value)
          ? null
          : invalidValue(value, "GroupName", `Expected up to 255 characters of: ${characters}`),
  },
  {
    name: "group descriptions",
    operations: /^CreateSecurityGroup$/,
    parameter: /^GroupDescription$/,
    check: (value) =>
      value.length <= 255 && inCharacters.test(value)
        ? null
        : invalid(
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the " +
              `following set: ${characters}`,
          ),
  },
  {
    name: "protocols",
    operations: /^(Authorize|Revoke)SecurityGroup/,
    parameter: /IpPermissions\.N\.IpProtocol$|^IpProtocol$/,
    check: (value) =>
      protocols.has(value) || (/^\d+$/.test(value) && Number(value) <= 255)
        ? null
        : invalid(`Invalid value '${value}' for IP protocol. Unknown protocol.`),
  },
  {
    name: "ports",
    operations: /^(Authorize|Revoke)SecurityGroup/,
    parameter: /(^|\.)(FromPort|ToPort)$/,
    check: (value) =>
      /^-?\d+$/.test(value) && Number(value) >= -1 && Number(value) <= 65535
        ? null
        : invalid(`Invalid value '${value}' for portRange. Must specify both from and to ports with TCP/UDP.`),
  },
  {
    name: "blocks of rules",
    operations: /^(Authorize|Revoke)SecurityGroup/,
    parameter: /IpRanges\.N\.CidrIp$|^CidrIp$/,
    check: ruleBlock,
  },
  {
    name: "blocks of VPCs",
    operations: /^(CreateVpc|AssociateVpcCidrBlock)$/,
    parameter: /^CidrBlock$/,
    check: block("InvalidVpc.Range", true),
  },
  {
    name: "blocks of subnets",
    operations: /^CreateSubnet$/,
    parameter: /^CidrBlock$/,
    check: block("InvalidSubnet.Range", false),
  },
  {
    name: "keys of tags",
    operations: /./,
    parameter: /^(TagSpecification\.N\.)?Tag\.N\.Key$/,
    check: (value) => {
      if (/^aws:/i.test(value)) return invalid(`Tag keys starting with 'aws:' are reserved for internal use`);
      return value.length >= 1 && value.length <= 127
        ? null
        : invalid(`Tag key exceeds the maximum length of 127 characters`);
    },
  },
  {
    name: "values of tags",
    operations: /./,
    parameter: /^(TagSpecification\.N\.)?Tag\.N\.Value$/,
    check: (value) => (value.length <= 256 ? null : invalid(`Tag value exceeds the maximum length of 256 characters`)),
  },
  {
    name: "pages",
    operations: /^Describe(?!LaunchTemplate)/,
    parameter: /^MaxResults$/,
    check: between(5, 1000),
  },
  {
    name: "pages of launch templates",
    operations: /^DescribeLaunchTemplate/,
    parameter: /^MaxResults$/,
    check: between(1, 200),
  },
  {
    name: "names of launch templates",
    operations: /^(Create|Delete)LaunchTemplate$/,
    parameter: /^LaunchTemplateName$/,
    check: (value) =>
      /^[a-zA-Z0-9().\-/_]{3,128}$/.test(value)
        ? null
        : invalid(
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the " +
              "following characters: - ( ) . / _",
            "InvalidLaunchTemplateName.MalformedException",
          ),
  },
  {
    name: "ids of VPCs",
    operations: /./,
    parameter: /^VpcId(\.N)?$/,
    check: id("vpc", "InvalidVpcID.Malformed"),
  },
  {
    name: "ids of subnets",
    operations: /./,
    parameter: /^SubnetId(\.N)?$/,
    check: id("subnet", "InvalidSubnetID.Malformed"),
  },
  {
    name: "ids of groups",
    operations: /SecurityGroup/,
    parameter: /^GroupId(\.N)?$|Groups\.N\.GroupId$|UserIdGroupPairs\.N\.GroupId$/,
    check: id("sg", "InvalidGroupId.Malformed"),
  },
  {
    name: "ids of internet gateways",
    operations: /./,
    parameter: /^InternetGatewayId(\.N)?$/,
    check: id("igw", "InvalidInternetGatewayId.Malformed"),
  },
];

const tagsPerResource = 50;
const filterValues = 200;

const generic = (parameter: string): string => parameter.replace(/\.\d+(?=\.|$)/g, ".N");

/** The first rule of EC2 that the request breaks; null when there is none. Pure. */
export function ec2Violation(operation: string, form: URLSearchParams): Ec2Refusal | null {
  for (const [parameter, value] of form) {
    const name = generic(parameter);
    for (const rule of rules) {
      if (!rule.operations.test(operation) || !rule.parameter.test(name)) continue;
      const refused = rule.check(value, parameter);
      if (refused !== null) return refused;
    }
  }
  return tooManyTags(form) ?? tooManyFilterValues(form) ?? portsBackwards(form);
}

function tooManyTags(form: URLSearchParams): Ec2Refusal | null {
  const counts = new Map<string, number>();
  for (const parameter of form.keys()) {
    const [, owner] = /^((?:TagSpecification\.\d+\.)?)Tag\.\d+\.Key$/.exec(parameter) ?? [];
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values()) > tagsPerResource
    ? invalid("The maximum number of Tags for a resource has been reached.", "TagLimitExceeded")
    : null;
}

function tooManyFilterValues(form: URLSearchParams): Ec2Refusal | null {
  const values = [...form.keys()].filter((parameter) => /^Filter\.\d+\.Value\.\d+$/.test(parameter)).length;
  return values > filterValues
    ? invalid(
        `The maximum number of filter values specified on a single call is ${filterValues}`,
        "FilterLimitExceeded",
      )
    : null;
}

function portsBackwards(form: URLSearchParams): Ec2Refusal | null {
  for (const [parameter, from] of form) {
    const [, owner] = /^(.*)FromPort$/.exec(parameter) ?? [];
    if (owner === undefined) continue;
    const to = form.get(`${owner}ToPort`);
    const protocol = form.get(`${owner}IpProtocol`) ?? "tcp";
    if (to !== null && /^(tcp|udp|6|17)$/.test(protocol) && Number(from) > Number(to))
      return invalid(`Invalid TCP/UDP port range (${from}:${to})`);
  }
  return null;
}
