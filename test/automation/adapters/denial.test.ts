import assert from "node:assert/strict";
import { failure } from "../../../automation/adapters/aws/call";
import { denialIn, policiesWith } from "../../../automation/adapters/denial";
import { failureOf } from "../../../automation/adapters/pulumi/engine/failures";

const who = "arn:aws:sts::111122223333:assumed-role/ci/build-7";
const cluster = "arn:aws:eks:us-east-1:111122223333:cluster/dev-blue";
const said = (action: string, resource: string, why = `because no identity-based policy allows the ${action} action`) =>
  `User: ${who} is not authorized to perform: ${action}${resource === "" ? "" : ` on resource: ${resource}`} ${why}`;
const urn = "urn:pulumi:dev-blue::p::aws:iam/role:Role::blue";
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

describe("a denial of AWS", () => {
  it("is read from its words: who, what, on what, and whether a policy forbids it", () => {
    assert.deepEqual(denialIn(said("eks:DescribeCluster", cluster)), {
      who,
      action: "eks:DescribeCluster",
      resource: cluster,
      explicit: false,
    });
    assert.equal(denialIn(said("ec2:DescribeVpcs", ""))?.resource, null);
    assert.equal(
      denialIn(said("iam:PassRole", cluster, "with an explicit deny in a service control policy"))?.explicit,
      true,
    );
    assert.equal(denialIn("Rate exceeded"), null);
  });

  it("is one of a user or a role alone: any other text may say such words of anybody", () => {
    for (const other of [
      "$(id)",
      "me",
      "arn:aws:s3:::bucket",
      "arn:aws:iam::1:user/x",
      "x-arn:aws:iam::111122223333:x",
    ])
      assert.equal(denialIn(said("iam:PassRole", cluster).replace(who, other)), null, other);
    const china = "arn:aws-cn:iam::111122223333:user/me";
    assert.equal(denialIn(said("iam:PassRole", cluster).replace(who, china))?.who, china);
  });

  it("belongs to the policies of the package that have the action", () => {
    assert.deepEqual(policiesWith("eks:ListAddons"), ["deploy-members.json", "look.json"]);
    assert.deepEqual(policiesWith("iam:ListRoles"), ["destroy.json"]);
    assert.deepEqual(policiesWith("elasticloadbalancing:RegisterTargets"), []);
  });

  // A call of every policy that the driver's commands have.
  const calls: readonly (readonly [string, string, string, string])[] = [
    ["status", "eks:DescribeCluster", cluster, "policies/deploy-members.json and policies/look.json"],
    ["a gate", "elasticloadbalancing:DescribeTargetHealth", "", "policies/look.json"],
    ["evacuate", "ec2:DescribeVolumes", "", "policies/destroy.json and policies/move.json"],
    ["adopt", "ec2:DeleteTags", "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1", "policies/adopt.json"],
    ["teardown", "iam:ListRoles", "arn:aws:iam::111122223333:role/", "policies/destroy.json"],
  ];
  for (const [command, action, resource, where] of calls)
    it(`in ${command} names the missing action, on what, for whom, and where it is written`, () => {
      const error = failure(action, named("AccessDeniedException", said(action, resource)));
      assert.equal(error.code, "EBG-CREDENTIALS");
      assert.ok(error.message.startsWith(`AWS refuses ${action}: `), error.message);
      assert.ok(
        error.remedy.includes(`allow ${action}${resource === "" ? "" : ` on ${resource}`} to ${who}`),
        error.remedy,
      );
      assert.ok(error.remedy.includes(where), error.remedy);
    });

  it("without a word of what was denied names the call that was made", () => {
    const error = failure("ec2:DescribeInstances", named("UnauthorizedOperation", "You are not authorized."));
    assert.match(error.remedy, /^allow ec2:DescribeInstances to the identity .*policies\/look\.json/);
  });

  it("is shown without what EC2 encodes", () => {
    const message = `${said("ec2:DescribeVpcs", "")}. Encoded authorization failure message: aBcDeF`;
    assert.doesNotMatch(failure("ec2:DescribeVpcs", named("UnauthorizedOperation", message)).message, /Encoded|aBcDeF/);
  });

  it("by a policy is not mended by another policy", () => {
    const denied = named(
      "AccessDenied",
      said("iam:GetRole", cluster, "with an explicit deny in an identity-based policy"),
    );
    assert.match(failure("iam:GetRole", denied).remedy, /^a policy denies iam:GetRole on /);
  });

  it("in what the engine says is named as well", () => {
    const role = "arn:aws:iam::111122223333:role/blue-1";
    for (const text of [
      `creating IAM Role: api error AccessDenied: ${said("iam:CreateRole", role)}`,
      `creating VPC: api error UnauthorizedOperation: You are not authorized. ${said("iam:CreateRole", role)}`,
    ])
      assert.match(
        failureOf("dev-blue", "update", new Error("failed"), [{ text, urn }]).remedy,
        /^allow iam:CreateRole on \S+role\/blue-1 to \S+ \(policies\/deploy-members\.json/,
      );
  });

  it("that a controller's webhook tells of is not the driver's", () => {
    const text = `admission webhook "x" denied the request: ${said("elasticloadbalancing:DescribeTargetGroups", "")}`;
    assert.doesNotMatch(failureOf("dev-blue", "update", new Error("failed"), [{ text, urn }]).remedy, /^allow/);
  });
});
