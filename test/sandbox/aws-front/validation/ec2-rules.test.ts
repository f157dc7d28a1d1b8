import assert from "node:assert/strict";
import { canonicalCidr, ec2Violation } from "../../../../sandbox/aws-front/validation/ec2-rules";

const refusal = (operation: string, params: Readonly<Record<string, string>>) =>
  ec2Violation(operation, new URLSearchParams({ Action: operation, Version: "2016-11-15", ...params }))?.code ?? null;

const tags = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      [`Tag.${index + 1}.Key`, `k${index}`],
      [`Tag.${index + 1}.Value`, "v"],
    ]).flat(),
  ) as Record<string, string>;

const cases: readonly [title: string, operation: string, params: Record<string, string>, code: string | null][] = [
  [
    "an apostrophe in a rule's description is refused",
    "AuthorizeSecurityGroupIngress",
    { "IpPermissions.1.IpRanges.1.Description": "Pods' port 80" },
    "InvalidParameterValue",
  ],
  [
    "a description of 256 characters is refused",
    "AuthorizeSecurityGroupEgress",
    { "IpPermissions.1.IpRanges.1.Description": "x".repeat(256) },
    "InvalidParameterValue",
  ],
  [
    "an ampersand is taken in a block's description",
    "AuthorizeSecurityGroupIngress",
    { "IpPermissions.1.IpRanges.1.Description": "a & b" },
    null,
  ],
  [
    "an ampersand is refused in the description of a group pair",
    "AuthorizeSecurityGroupIngress",
    { "IpPermissions.1.Groups.1.Description": "a & b" },
    "InvalidParameterValue",
  ],
  ["a group's name can't begin with sg-", "CreateSecurityGroup", { GroupName: "sg-web" }, "InvalidParameterValue"],
  ["a group's description is ASCII", "CreateSecurityGroup", { GroupDescription: "Für Web" }, "InvalidParameterValue"],
  ["a port above 65535 is refused", "AuthorizeSecurityGroupIngress", { FromPort: "70000" }, "InvalidParameterValue"],
  [
    "ports from high to low are refused",
    "AuthorizeSecurityGroupIngress",
    {
      "IpPermissions.1.IpProtocol": "tcp",
      "IpPermissions.1.FromPort": "90",
      "IpPermissions.1.ToPort": "80",
    },
    "InvalidParameterValue",
  ],
  ["an unknown protocol is refused", "AuthorizeSecurityGroupIngress", { IpProtocol: "http" }, "InvalidParameterValue"],
  ["a VPC of /8 is refused", "CreateVpc", { CidrBlock: "10.0.0.0/8" }, "InvalidVpc.Range"],
  ["a VPC on loopback is refused", "CreateVpc", { CidrBlock: "127.0.0.0/16" }, "InvalidVpc.Range"],
  ["a VPC of /16 is taken", "CreateVpc", { CidrBlock: "10.42.0.0/16" }, null],
  ["a subnet of /29 is refused", "CreateSubnet", { CidrBlock: "10.42.0.0/29" }, "InvalidSubnet.Range"],
  ["a tag key of AWS's own is refused", "CreateTags", { "Tag.1.Key": "aws:x" }, "InvalidParameterValue"],
  [
    "a tag's value of 257 characters is refused",
    "CreateTags",
    { "Tag.1.Value": "x".repeat(257) },
    "InvalidParameterValue",
  ],
  ["51 tags are refused", "CreateTags", tags(51), "TagLimitExceeded"],
  ["50 tags are taken", "CreateTags", tags(50), null],
  ["a malformed id is refused", "DescribeVpcs", { "VpcId.1": "vpc-xyz" }, "InvalidVpcID.Malformed"],
  ["a page of four is refused", "DescribeSubnets", { MaxResults: "4" }, "InvalidParameterValue"],
  [
    "201 values of a filter are refused",
    "DescribeInstances",
    Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`Filter.1.Value.${index + 1}`, `i-${index}`])),
    "FilterLimitExceeded",
  ],
];

describe("EC2's rules that only its documentation has", () => {
  for (const [title, operation, params, code] of cases) {
    it(title, () => assert.equal(refusal(operation, params), code));
  }

  it("a block with host bits is kept without them", () => {
    assert.equal(canonicalCidr("100.68.0.18/18"), "100.68.0.0/18");
    assert.equal(canonicalCidr("10.0.1.5/16"), "10.0.0.0/16");
    assert.equal(canonicalCidr("203.0.113.7/32"), "203.0.113.7/32");
  });
});
