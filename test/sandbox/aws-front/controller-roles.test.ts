import assert from "node:assert/strict";
import { denies } from "../../../sandbox/aws-front/controller-roles";

const policy = (...statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const register = "elasticloadbalancing:RegisterTargets";
const group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1";

describe("AWS front, what a controller's role denies", () => {
  const cases: readonly (readonly [string, string[], boolean])[] = [
    ["nothing without policies", [], false],
    ["nothing that is only allowed", [policy({ Effect: "Allow", Action: "*", Resource: "*" })], false],
    [
      "the action by name, against any allowance",
      [
        policy({ Effect: "Allow", Action: "*", Resource: "*" }),
        policy({ Effect: "Deny", Action: [register], Resource: "*" }),
      ],
      true,
    ],
    [
      "the action by pattern, in any case",
      [policy({ Effect: "Deny", Action: "ElasticLoadBalancing:Register*", Resource: "*" })],
      true,
    ],
    [
      "not another action",
      [policy({ Effect: "Deny", Action: "elasticloadbalancing:DeregisterTargets", Resource: "*" })],
      false,
    ],
    ["not another group", [policy({ Effect: "Deny", Action: register, Resource: `${group}0` })], false],
    ["that group", [policy({ Effect: "Deny", Action: register, Resource: [group] })], true],
    [
      "not what a condition guards, which is not looked at",
      [
        policy({
          Effect: "Deny",
          Action: register,
          Resource: "*",
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ],
      false,
    ],
  ];
  for (const [name, policies, expected] of cases)
    it(name, () => assert.equal(denies(policies, register, group), expected));

  it("takes a single statement without a list", () =>
    assert.equal(
      denies([JSON.stringify({ Statement: { Effect: "Deny", Action: register, Resource: "*" } })], register, group),
      true,
    ));
});
