import assert from "node:assert/strict";
import { serviceModel } from "../../../../sandbox/aws-front/validation/models";
import { patternOf, violations } from "../../../../sandbox/aws-front/validation/shapes";

const model = (service: string) => {
  const found = serviceModel(service);
  assert.ok(found, service);
  return found;
};

describe("a request held against the service's model", () => {
  it("reports every broken constraint with AWS's words and path", () => {
    const input = { RoleName: "x".repeat(65), AssumeRolePolicyDocument: "{}", Tags: [{ Key: "a", Value: "a (b)" }] };
    assert.deepEqual(
      violations(model("iam"), "CreateRoleRequest", input).map((one) => one.replace(/x{65}/, "x…")),
      [
        "Value 'x…' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64",
        "Value 'a (b)' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression " +
          "pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
      ],
    );
  });

  it("reports required members that are missing", () => {
    const found = violations(model("eks"), "CreateClusterRequest", { name: "dev-blue" });
    assert.equal(found.length, 2);
    assert.match(found.join("\n"), /Value null at 'roleArn'.*\n.*Value null at 'resourcesVpcConfig'/);
  });

  it("takes what fits", () => {
    assert.deepEqual(
      violations(model("iam"), "CreateRoleRequest", {
        RoleName: "dev-blue-eksRole-1a2b3c4",
        AssumeRolePolicyDocument: '{"Version":"2012-10-17"}',
        Description: "Role of the control plane of dev-blue",
      }),
      [],
    );
  });

  it("compiles every pattern of every model", () => {
    const all = ["eks", "elasticloadbalancing", "iam", "ec2"].flatMap((service) =>
      Object.values(model(service).shapes).flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern])),
    );
    assert.ok(all.length > 25, `only ${all.length} patterns`);
    assert.deepEqual(
      all.filter((pattern) => patternOf(pattern) === null),
      [],
    );
  });
});
