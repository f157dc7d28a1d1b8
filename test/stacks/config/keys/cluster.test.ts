import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { config } from "../../../automation/world";

const of = (deletionProtection: unknown): boolean | undefined =>
  parseEnvironmentConfig(
    {
      ...config,
      "eks-blue-green:cluster": JSON.stringify({
        ...(JSON.parse(config["eks-blue-green:cluster"]) as object),
        deletionProtection,
      }),
    },
    { environment: "dev" },
  ).cluster.deletionProtection;

describe("cluster.deletionProtection", () => {
  it("is what is given, and nothing when it is not: living clusters keep what they have", () =>
    assert.deepEqual([of(true), of(false), of(undefined)], [true, false, undefined]));

  it("is refused as anything else, with what it may be", () =>
    assert.throws(() => of("on"), /cluster\.deletionProtection.*true or false/s));
});
