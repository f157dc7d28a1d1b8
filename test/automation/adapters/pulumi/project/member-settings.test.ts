import assert from "node:assert/strict";
import { keysOf } from "../../../../../automation/adapters/pulumi/project/member-settings";
import { ownerInState } from "../../../../../automation/adapters/pulumi/state/read";

describe("whose a member's stack is, without outputs", () => {
  it("is in its settings file", () => {
    const text = "encryptionsalt: v1:x\nconfig:\n  eks-blue-green:environment: dev\n  eks-blue-green:member: blue\n";
    assert.deepEqual(keysOf(text, "eks-blue-green"), { environment: "dev", member: "blue" });
    assert.deepEqual(keysOf("config:\n  eks-blue-green:member: blue\n", "eks-blue-green"), { member: "blue" });
    for (const nothing of ["", "config:\n", "config: [", "encryptionsalt: v1:x\n"])
      assert.deepEqual(keysOf(nothing, "eks-blue-green"), {}, nothing);
  });

  it("is in the name of the provider that its program declares first", () => {
    const state = (name: string) => ({
      deployment: {
        resources: [
          { type: "pulumi:pulumi:Stack", urn: "urn:pulumi:dev-eu-blue::p::pulumi:pulumi:Stack::p-dev-eu-blue" },
          { type: "pulumi:providers:aws", urn: `urn:pulumi:dev-eu-blue::p::pulumi:providers:aws::${name}` },
        ],
      },
    });
    assert.deepEqual(ownerInState(state("eu-blue-aws"), "dev-eu-blue"), { environment: "dev", member: "eu-blue" });
    assert.deepEqual(ownerInState(state("blue-aws"), "dev-eu-blue"), { environment: "dev-eu", member: "blue" });
    assert.equal(ownerInState(state("default_7_48_0"), "dev-eu-blue"), null);
    assert.equal(ownerInState({}, "dev-eu-blue"), null);
  });
});
