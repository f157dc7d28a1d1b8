import assert from "node:assert/strict";
import { clusterOfStack } from "../../../../../automation/adapters/pulumi/project/member-cluster";

describe("the cluster of a stack", () => {
  const existing = { green: { existing: { clusterName: "Shop_1" } }, odd: { existing: { clusterName: "../x" } } };
  const config = { "eks-blue-green:memberClusters": JSON.stringify(existing) };

  it("is the member's of that name, or the existing one that the config names", () => {
    assert.equal(clusterOfStack(config, "dev", "dev-blue"), "dev-blue");
    assert.equal(clusterOfStack(config, "dev", "dev-green"), "Shop_1");
    assert.equal(clusterOfStack({}, "dev", "dev-green"), "dev-green");
  });
  it("is none for an environment's own stack, another environment's, and a name that EKS would not take", () => {
    for (const stack of ["dev", "prod-blue", "dev-odd"])
      assert.equal(clusterOfStack(config, "dev", stack), null, stack);
  });
  it("does not hang on a config that can't be read", () => {
    for (const text of ["{", "null", "[]", "7"])
      assert.equal(clusterOfStack({ "eks-blue-green:memberClusters": text }, "dev", "dev-blue"), "dev-blue", text);
  });
});
