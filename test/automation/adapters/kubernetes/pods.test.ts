import assert from "node:assert/strict";
import { hasEnded, isLive, labelSelector } from "../../../../automation/adapters/kubernetes/pods";

describe("pods of a list", () => {
  const pod = (phase: string, deletionTimestamp?: string) => ({
    metadata: deletionTimestamp === undefined ? {} : { deletionTimestamp },
    status: { phase },
  });

  it("are asked for by all labels, whatever is in them", () => {
    assert.equal(labelSelector({ app: "web", "example.com/tier": "a b" }), "app%3Dweb%2Cexample.com%2Ftier%3Da%20b");
  });
  it("may serve while they run and are not on their way out", () => {
    assert.deepEqual([pod("Running"), pod("Pending"), { metadata: {} }].map(isLive), [true, true, true]);
    assert.deepEqual([pod("Succeeded"), pod("Failed"), pod("Running", "now")].map(isLive), [false, false, false]);
  });
  it("have ended only when nothing of them runs: not while they are on their way out", () => {
    assert.deepEqual([pod("Succeeded"), pod("Failed"), pod("Running", "now")].map(hasEnded), [true, true, false]);
  });
});
