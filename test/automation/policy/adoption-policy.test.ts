import assert from "node:assert/strict";
import { assertAdoptOnly, type AdoptUpdate } from "../../../automation/policy/adoption-policy";
import type { PlannedOperation } from "../../../automation/ports";

const policyOf = (over: Partial<PlannedOperation>): PlannedOperation =>
  ({
    operation: "update",
    type: "aws:iam/rolePolicy:RolePolicy",
    urn: "urn:pulumi:dev-blue::p::aws:iam/rolePolicy:RolePolicy::blue",
    custom: true,
    paths: ["policy"],
    ...over,
  }) as PlannedOperation;
const binding = (operation: string, paths: readonly string[], name = "blue-web"): PlannedOperation => ({
  operation,
  type: "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding",
  urn: `urn:pulumi:dev-blue::p::kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding::${name}`,
  custom: true,
  paths,
});
const refused = (update: AdoptUpdate, ...operations: readonly PlannedOperation[]): boolean => {
  try {
    assertAdoptOnly(update, "dev-blue", operations);
    return false;
  } catch (error) {
    assert.match(String(error), /EBG-PLAN-REFUSED|take over/);
    return true;
  }
};

describe("the updates of a hand-over", () => {
  it("cut the former primary's permissions in the last one, and not before", () => {
    assert.equal(refused("annotations", policyOf({})), false);
    assert.equal(refused("primary", policyOf({})), true);
    assert.equal(refused("environment", policyOf({})), true);
  });
  it("do nothing else to its role", () => {
    assert.equal(refused("annotations", policyOf({ paths: ["role"] })), true);
    assert.equal(refused("annotations", policyOf({ operation: "replace" })), true);
    assert.equal(refused("annotations", policyOf({ operation: "delete" })), true);
    assert.equal(refused("annotations", policyOf({ type: "aws:iam/role:Role" })), true);
  });
  it("write the spec of a binding that they import, as the kubernetes provider plans it, and of no other one", () => {
    assert.equal(refused("primary", binding("import", [])), false);
    assert.equal(refused("primary", binding("import", []), binding("update", ["spec"])), false);
    assert.equal(refused("primary", binding("import", []), binding("update", ["spec.networking"])), false);
    assert.equal(refused("primary", binding("update", ["spec"])), true);
    assert.equal(refused("primary", binding("import", []), binding("update", ["spec"], "blue-api")), true);
    assert.equal(refused("primary", binding("import", []), binding("update", ["metadata.labels"])), true);
    assert.equal(refused("primary", binding("import", []), binding("update", [])), true);
    assert.equal(refused("environment", binding("import", []), binding("update", ["spec"])), true);
  });
  it("change those fields of the Service that make a load balancer of it, and no other one", () => {
    const service = (...paths: readonly string[]): PlannedOperation => ({
      operation: "update",
      type: "kubernetes:core/v1:Service",
      urn: "urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::blue-web-lb",
      custom: true,
      paths,
    });
    const key = 'metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-type"]';
    const given = ["spec.type", "spec.loadBalancerClass", "spec.selector.app", "spec.loadBalancerSourceRanges[0]", key];
    assert.equal(refused("primary", service(...given)), false);
    for (const path of ["spec.ports[0].port", "spec.clusterIP", "metadata.labels.app", "metadata.name"])
      assert.equal(refused("primary", service("spec.type", path)), true, path);
  });
});
