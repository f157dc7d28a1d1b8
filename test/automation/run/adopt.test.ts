import assert from "node:assert/strict";
import { exitCodeOfError, exitCodeOfOutcome } from "../../../automation/cli/exit-codes";
import { DriverError } from "../../../automation/errors";
import { refusedAfter } from "../../../automation/run/adopt";

describe("a load balancer that can't be handed over now", () => {
  const refusal = new DriverError("EBG-ADOPT", "the Service web/web-lb is not calm", "look at its events");

  it("before anything was done: refused (4)", () => {
    assert.throws(() => refusedAfter([], "web", refusal, "eks-blue-green adopt"), refusal);
    assert.equal(exitCodeOfError(refusal), 4);
  });
  it("after others: stopped (6), with what is done and how to go on", () => {
    const result = refusedAfter(["shop"], "web", refusal, "eks-blue-green adopt");
    assert.deepEqual(result, { outcome: "stopped", adopted: ["shop"], code: "EBG-ADOPT", message: "shop: the stack's now. 'web': the Service web/web-lb is not calm", remedy: "look at its events; then: eks-blue-green adopt" });
    assert.equal(exitCodeOfOutcome(result.outcome), 6);
  });
  it("anything else goes on up", () => {
    const other = new DriverError("EBG-FENCED", "m", "r");
    assert.throws(() => refusedAfter(["shop"], "web", other, "c"), other);
    assert.throws(() => refusedAfter(["shop"], "web", new TypeError("defect"), "c"), TypeError);
  });
});
