import assert from "node:assert/strict";
import { enginesOwn, type StateFile } from "../../../../../automation/adapters/pulumi/state/read";

const state = (...types: string[]) =>
  ({
    deployment: { resources: types.map((type) => ({ type, urn: `urn:pulumi:dev-blue::shop::${type}::x` })) },
  }) as unknown as StateFile;

describe("what the engine keeps for itself in a stack", () => {
  it("is the stack and the provider for other stacks' outputs, and nothing that stands for a thing in AWS", () => {
    const found = enginesOwn(
      state("pulumi:pulumi:Stack", "pulumi:providers:pulumi", "pulumi:providers:aws", "aws:ec2/vpc:Vpc"),
    );
    assert.deepEqual(
      found.map((urn) => urn.split("::")[2]),
      ["pulumi:pulumi:Stack", "pulumi:providers:pulumi"],
    );
  });

  it("is nothing where there is no stack", () => assert.deepEqual(enginesOwn(null), []));
});
