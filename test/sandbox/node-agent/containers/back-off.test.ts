import assert from "node:assert/strict";
import { afterEnd, freshBackOff } from "../../../../sandbox/node-agent/containers/back-off";
import { retryDelayMs } from "../../../../sandbox/kubernetes/retry";

describe("restart back-off", () => {
  it("is nothing at first, then doubles from 10 s to 5 min", () => {
    let backOff = freshBackOff;
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const next = afterEnd(backOff, 1);
      backOff = next.backOff;
      waits.push(next.waitSeconds);
    }
    assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
  });
  it("is forgotten after ten minutes of running", () => {
    assert.deepEqual(afterEnd({ ends: 6 }, 600), { backOff: { ends: 1 }, waitSeconds: 0 });
    assert.equal(afterEnd({ ends: 6 }, 599).waitSeconds, 300);
  });
  it("between calls of the API grows and stays within 5 s", () => {
    assert.equal(
      retryDelayMs(0, () => 1),
      100,
    );
    assert.equal(
      retryDelayMs(3, () => 0),
      400,
    );
    assert.equal(
      retryDelayMs(50, () => 1),
      5_000,
    );
  });
});
