import assert from "node:assert/strict";
import { notPlayedLines } from "../../../../automation/cli/rehearsal/rehearse";

describe("what a rehearsal says of resources that the sandbox does not play", () => {
  it("is nothing when all was played", () => assert.deepEqual(notPlayedLines({}), []));
  it("names each type with its count, and what that proves", () =>
    assert.deepEqual(notPlayedLines({ "aws:route53/record:Record": 1, "aws:sqs/queue:Queue": 2 }), [
      "not played   1 × aws:route53/record:Record, 2 × aws:sqs/queue:Queue: kept in the stacks with made-up ids, and " +
        "nothing is behind them; what they do in AWS is not proved",
    ]));
});
