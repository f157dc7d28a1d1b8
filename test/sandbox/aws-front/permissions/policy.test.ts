import assert from "node:assert/strict";
import type { Context } from "../../../../sandbox/aws-front/permissions/conditions";
import {
  asksForResourceTags,
  evaluate,
  parsePolicy,
  type Verdict,
} from "../../../../sandbox/aws-front/permissions/policy";

const register = "elasticloadbalancing:RegisterTargets";
const group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1";
const policy = (...statements: object[]) =>
  parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }));
const allow = (more: object = {}): object => ({ Effect: "Allow", Action: register, Resource: "*", ...more });
const deny = (more: object = {}): object => ({ ...allow(more), Effect: "Deny" });
const verdict = (statements: object[], context: Context = {}): Verdict =>
  evaluate([[policy(...statements)]], { action: register, resource: group, context });

const role = (text: string): object[] => [allow({ Resource: `arn:aws:*:*:*:targetgroup/${text}/*` })];

describe("a policy's evaluation", () => {
  const cases: readonly (readonly [string, object[], Verdict])[] = [
    ["does not allow what no statement names", [], "not allowed"],
    ["allows an action by its name", [allow()], "allowed"],
    ["allows it by a pattern, in any case", [allow({ Action: "ElasticLoadBalancing:Reg*" })], "allowed"],
    ["allows it by everything", [allow({ Action: "*" })], "allowed"],
    ["does not allow another action", [allow({ Action: "elasticloadbalancing:Register" })], "not allowed"],
    ["takes a pattern's dot and brackets as they are", [allow({ Action: "elasticloadbalancing.R*" })], "not allowed"],
    ["knows one character's wildcard", [allow({ Action: "elasticloadbalancing:RegisterTarget?" })], "allowed"],
    ["allows what NotAction leaves", [allow({ Action: undefined, NotAction: "iam:*" })], "allowed"],
    ["does not allow what NotAction names", [allow({ Action: undefined, NotAction: [register] })], "not allowed"],
    ["allows one resource", [allow({ Resource: [group] })], "allowed"],
    ["does not allow another one", [allow({ Resource: `${group}0` })], "not allowed"],
    [
      "allows resources by a pattern",
      [allow({ Resource: "arn:aws:elasticloadbalancing:*:*:targetgroup/w*" })],
      "allowed",
    ],
    ["leaves out what NotResource names", [allow({ Resource: undefined, NotResource: group })], "not allowed"],
    ["lets a denial win", [allow({ Action: "*" }), deny()], "denied"],
    ["lets a denial of another resource be", [allow(), deny({ Resource: `${group}0` })], "allowed"],
  ];
  for (const [title, statements, expected] of cases) it(title, () => assert.equal(verdict(statements), expected));

  it("takes a single statement without a list", () =>
    assert.equal(
      evaluate([[parsePolicy(JSON.stringify({ Statement: allow() }))]], {
        action: register,
        resource: group,
        context: {},
      }),
      "allowed",
    ));

  it("needs every layer to allow: policies, boundary, session", () => {
    const question = { action: register, resource: group, context: {} };
    const [yes, other, no] = [policy(allow()), policy(allow({ Action: "iam:*" })), policy(deny())];
    assert.equal(evaluate([[other, yes], [yes]], question), "allowed");
    assert.equal(evaluate([[yes], [other]], question), "not allowed");
    assert.equal(evaluate([[yes], [yes, no]], question), "denied");
  });

  it("puts the request's values in for variables, and matches nothing when there is none", () => {
    const own = [allow({ Resource: "arn:aws:*:*:*:targetgroup/${aws:PrincipalTag/group}/*" })];
    assert.equal(verdict(own, { "aws:principaltag/group": ["web"] }), "allowed");
    assert.equal(verdict(own, { "aws:principaltag/group": ["api"] }), "not allowed");
    assert.equal(verdict(own), "not allowed");
  });

  it("takes what stands for a sign as that sign, not as a wildcard", () => {
    const on = (resource: string, pattern: string) =>
      evaluate([[policy(allow({ Resource: `arn:x:${pattern}` }))]], {
        action: register,
        resource: `arn:x:${resource}`,
        context: {},
      });
    assert.equal(on("a*b", "a${*}b"), "allowed");
    assert.equal(on("aXb", "a${*}b"), "not allowed");
    assert.equal(on("a?b", "a${?}b"), "allowed");
    assert.equal(on("aXb", "a${?}b"), "not allowed");
    assert.equal(on("a$b", "a${$}b"), "allowed");
    const equal = [allow({ Condition: { StringEquals: { "aws:RequestTag/a": "x${*}" } } })];
    assert.equal(verdict(equal, { "aws:requesttag/a": ["x*"] }), "allowed");
    assert.equal(verdict(equal, { "aws:requesttag/a": ["xy"] }), "not allowed");
    const alike = [allow({ Condition: { StringLike: { "aws:RequestTag/a": "x${*}*" } } })];
    assert.equal(verdict(alike, { "aws:requesttag/a": ["x*y"] }), "allowed");
    assert.equal(verdict(alike, { "aws:requesttag/a": ["xyy"] }), "not allowed");
  });

  it("takes signs in the request's values as they are", () => {
    assert.equal(verdict(role("${aws:PrincipalTag/group}"), { "aws:principaltag/group": ["*"] }), "not allowed");
    assert.equal(verdict(role("${aws:PrincipalTag/group}"), { "aws:principaltag/group": ["w?b"] }), "not allowed");
  });

  it("takes a variable's default where the request has no value", () => {
    assert.equal(verdict(role("${aws:PrincipalTag/group, 'web'}")), "allowed");
    assert.equal(verdict(role("${aws:PrincipalTag/group,'api'}")), "not allowed");
    assert.equal(verdict(role("${aws:PrincipalTag/group, 'api'}"), { "aws:principaltag/group": ["web"] }), "allowed");
    assert.equal(verdict(role("${aws:PrincipalTag/group, '*'}")), "not allowed");
  });

  it("knows variables in documents of the newer version alone", () => {
    const text = JSON.stringify({ Statement: role("${aws:PrincipalTag/group}") });
    const question = { action: register, resource: group, context: { "aws:principaltag/group": ["web"] } };
    assert.equal(evaluate([[parsePolicy(text)]], question), "not allowed");
    const literally = { ...question, resource: group.replace("/web/", "/${aws:PrincipalTag/group}/") };
    assert.equal(evaluate([[parsePolicy(text)]], literally), "allowed");
  });

  it("refuses a document that is not JSON", () =>
    assert.throws(() => parsePolicy("{"), { name: "AwsError", code: "MalformedPolicyDocument" }));

  it("looks tags of resources up only where a statement about the action asks for them", () => {
    const tagged = policy(allow({ Condition: { StringEquals: { "aws:ResourceTag/team": "a" } } }));
    assert.equal(asksForResourceTags([[tagged]], register), true);
    assert.equal(asksForResourceTags([[tagged]], "ec2:DeleteVpc"), false);
    assert.equal(asksForResourceTags([[policy(allow())]], register), false);
  });
});

describe("a statement's conditions", () => {
  const key = "aws:TagKeys";
  const cases: readonly (readonly [string, string | string[], readonly string[] | undefined, boolean])[] = [
    ["StringEquals", "a", ["a"], true],
    ["StringEquals", ["b", "a"], ["a"], true],
    ["StringEquals", "a", ["A"], false],
    ["StringEquals", "a", undefined, false],
    ["StringEqualsIfExists", "a", undefined, true],
    ["StringEqualsIfExists", "a", ["b"], false],
    ["StringNotEquals", ["a", "b"], ["c"], true],
    ["StringNotEquals", ["a", "b"], ["b"], false],
    ["StringNotEquals", "a", undefined, true],
    ["StringEqualsIgnoreCase", "a", ["A"], true],
    ["StringLike", "k8s-*", ["k8s-web"], true],
    ["StringLike", "k8s-*", ["web"], false],
    ["StringNotLike", "k8s-*", ["web"], true],
    ["ArnLike", "arn:aws:iam::*:role/dev-*", ["arn:aws:iam::123456789012:role/dev-blue"], true],
    ["ArnLike", "arn:aws:*:role/dev-*", ["arn:aws:iam::123456789012:role/dev-blue"], false],
    ["ArnNotLike", "arn:aws:iam::*:role/dev-*", ["arn:aws:iam::123456789012:role/prod"], true],
    ["Bool", "true", ["true"], true],
    ["Bool", "false", ["true"], false],
    ["Null", "true", undefined, true],
    ["Null", "true", ["a"], false],
    ["Null", "false", ["a"], true],
    ["NumericLessThan", "5", ["4"], true],
    ["NumericGreaterThanEquals", "5", ["4"], false],
    ["DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-02-01T00:00:00Z"], true],
    ["IpAddress", "10.0.0.0/8", ["10.1.2.3"], true],
    ["NotIpAddress", "10.0.0.0/8", ["10.1.2.3"], false],
    ["ForAllValues:StringLike", ["k8s/*", "elb/*"], ["k8s/a", "elb/b"], true],
    ["ForAllValues:StringLike", ["k8s/*", "elb/*"], ["k8s/a", "Name"], false],
    ["ForAllValues:StringEquals", "a", undefined, true],
    ["ForAnyValue:StringEquals", "a", ["b", "a"], true],
    ["ForAnyValue:StringEquals", "a", ["b"], false],
    ["ForAnyValue:StringEquals", "a", undefined, false],
    ["ForAnyValue:StringEqualsIfExists", "a", undefined, true],
    ["ForAnyValue:StringEqualsIfExists", "a", ["b"], false],
    ["ForAnyValue:StringNotEquals", "a", undefined, false],
    ["ForAllValues:StringEqualsIfExists", "a", ["b"], false],
    ["StringNotEqualsIfExists", "a", ["a"], false],
    ["StringNotEqualsIfExists", "a", undefined, true],
  ];
  for (const [operator, wanted, given, expected] of cases)
    it(`${operator} ${String(wanted)} is ${expected} of ${String(given)}`, () => {
      const context: Context = given === undefined ? {} : { "aws:tagkeys": given };
      const found = verdict([allow({ Condition: { [operator]: { [key]: wanted } } })], context);
      assert.equal(found, expected ? "allowed" : "not allowed");
    });

  it("all have to hold", () => {
    const both = [
      allow({
        Condition: {
          StringEquals: { "aws:RequestTag/a": "1", "aws:RequestTag/b": "2" },
          Null: { "aws:RequestTag/c": "true" },
        },
      }),
    ];
    const given = (values: Readonly<Record<string, string>>): Context =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`aws:requesttag/${name}`, [value]]));
    assert.equal(verdict(both, given({ a: "1", b: "2" })), "allowed");
    assert.equal(verdict(both, given({ a: "1", b: "3" })), "not allowed");
    assert.equal(verdict(both, given({ a: "1", b: "2", c: "x" })), "not allowed");
  });

  it("are an error with a key that the sandbox does not tell of requests: a denial would pass", () => {
    const source = { Condition: { StringNotEquals: { "aws:SourceVpce": "vpce-1" } } };
    assert.throws(() => verdict([allow(), deny(source)]), /condition key aws:SourceVpce/);
    assert.throws(() => verdict([allow(source)]), /condition key aws:SourceVpce/);
    assert.throws(() => verdict(role("${aws:userid, 'x'}")), /condition key aws:userid/);
    assert.equal(verdict([allow(), deny({ ...source, Action: "ec2:*" })]), "allowed", "of another action");
  });

  it("with an operator that is not known are an error, and never passed over", () =>
    assert.throws(() => verdict([allow({ Condition: { StringAlmost: { "aws:TagKeys": "1" } } })]), /StringAlmost/));
});
