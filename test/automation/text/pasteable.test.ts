import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { pasteable, throwPasteable } from "../../../automation/text/pasteable";

describe("what leaves the driver", () => {
  it("names whole commands in its messages and remedies, however deep, and changes nothing else", () => {
    const why = "eks-blue-green status";
    const value = {
      remedy: "eks-blue-green upgrade",
      findings: [{ message: "eks-blue-green status shows it", remedy: null, code: "EBG-GATE" }],
      record: { rollout: { reason: why } },
      count: 3,
    };
    assert.deepEqual(pasteable(value, "dev"), {
      remedy: "eks-blue-green upgrade --stack dev",
      findings: [{ message: "eks-blue-green status --stack dev shows it", remedy: null, code: "EBG-GATE" }],
      record: { rollout: { reason: why } },
      count: 3,
    });
  });

  it("keeps a failure's code and cause", () => {
    const failure = new DriverError("EBG-GATE", "x", "eks-blue-green rollback");
    assert.throws(
      () => throwPasteable(failure, "dev"),
      (error: DriverError) =>
        error.code === "EBG-GATE" && error.remedy === "eks-blue-green rollback --stack dev" && error.cause === failure,
    );
    assert.throws(() => throwPasteable(new TypeError("y"), "dev"), TypeError);
  });
});
