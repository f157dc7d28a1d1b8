import assert from "node:assert/strict";
import { configValues } from "../../../../../automation/adapters/pulumi/project/config-values";

describe("the environment's config, as pulumi prints it", () => {
  it("becomes what the engine passes: texts, and JSON of what has structure; others' secrets are theirs", () => {
    const printed = {
      "aws:region": { value: "us-east-1", secret: false },
      "aws:token": { value: "t", secret: true },
      "eks-blue-green:members": { value: '["blue","green"]', objectValue: ["blue", "green"], secret: false },
      "eks-blue-green:rollout": { objectValue: { minActive: 1 }, secret: false },
    };
    assert.deepEqual(configValues(JSON.stringify(printed), "dev"), {
      "aws:region": "us-east-1",
      "aws:token": "t",
      "eks-blue-green:members": '["blue","green"]',
      "eks-blue-green:rollout": '{"minActive":1}',
    });
  });
  it("is refused when a value of ours is secret, and the secret is not in the message", () => {
    const printed = {
      "eks-blue-green:services": { value: '[{"environment":{"PASSWORD":"hunter2"}}]', objectValue: [], secret: true },
    };
    assert.throws(
      () => configValues(JSON.stringify(printed), "dev"),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "EBG-CONFIG");
        assert.match(error.message, /services: "\[secret\]": can't hold secret values.*environmentFrom/);
        assert.ok(!error.message.includes("hunter2"));
        return true;
      },
    );
  });
});
