import assert from "node:assert/strict";
import { withoutObjects } from "../../../../../automation/adapters/pulumi/state/drop-kubernetes-objects";
import type { State } from "../../../../../automation/adapters/pulumi/state/export";

describe("forgetting a dead cluster's objects", () => {
  it("takes them and every word of them out of the state, and leaves the rest", () => {
    const binding = { urn: "urn:b", type: "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", parent: "urn:c" };
    const cluster = {
      urn: "urn:a",
      type: "aws:eks/cluster:Cluster",
      dependencies: ["urn:b", "urn:r"],
      propertyDependencies: { name: ["urn:b"], version: null },
      deletedWith: "urn:b",
    };
    const provider = { urn: "urn:p", type: "pulumi:providers:kubernetes" };
    const state = {
      deployment: {
        resources: [{ urn: "urn:r", type: "aws:iam/role:Role" }, cluster, provider, binding],
        pending_operations: [
          { resource: binding, type: "deleting" },
          { resource: cluster, type: "updating" },
        ],
      },
    } as unknown as State;
    assert.equal(withoutObjects(state), 1);
    assert.deepEqual(
      state.deployment?.resources?.map((one) => one.urn),
      ["urn:r", "urn:a", "urn:p"],
    );
    assert.equal(JSON.stringify(state).includes("urn:b"), false);
    assert.equal(state.deployment?.pending_operations?.length, 1);
    assert.equal(withoutObjects(state), 0);
  });
});
