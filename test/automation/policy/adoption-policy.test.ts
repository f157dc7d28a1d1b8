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
const refused = (update: AdoptUpdate, operation: PlannedOperation): boolean => {
  try {
    assertAdoptOnly(update, "dev-blue", [operation]);
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
});
