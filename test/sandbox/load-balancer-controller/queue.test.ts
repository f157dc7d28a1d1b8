import assert from "node:assert/strict";
import { retryMs, WorkQueue } from "../../../sandbox/load-balancer-controller/queue";
import { until } from "../node-agent/harness";

describe("WorkQueue", () => {
  it("doubles its pauses from 5 ms to 1000 s, scaled", () => {
    assert.equal(retryMs(0, 1), 5);
    assert.equal(retryMs(7, 1), 640);
    assert.equal(retryMs(500, 1), 1_000_000);
    assert.equal(retryMs(500, 100), 10_000);
    assert.equal(retryMs(0, 100), 5);
  });

  it("works on a key once at a time, and again when it was added meanwhile", async () => {
    let [running, most, done] = [0, 0, 0];
    const queue = new WorkQueue(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        done++;
        return {};
      },
      1,
      () => assert.fail("no error expected"),
    );
    queue.add("a");
    queue.add("a");
    queue.add("a");
    await until("two passes", () => done === 2);
    queue.close();
    assert.equal(most, 1);
  });
});
