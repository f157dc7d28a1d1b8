/** Instance targets behind the environment's own load balancer: a member joins, the other leaves, under load; `verify` agrees. */
import assert from "node:assert/strict";
import { deploy, drive, healthy, nodeTargets, registered, underLoad, verify } from "./instance-targets";

describe("instance targets, owner stack", function () {
  this.timeout(900_000);

  it("admitted, drained, verified", async () => {
    const stage = await deploy();
    try {
      const blue = nodeTargets(stage, "blue", "web");
      assert.deepEqual(registered(stage), healthy(blue));
      await underLoad(stage, async () => {
        await drive(stage, "admit", "green");
        assert.deepEqual(registered(stage), healthy([...blue, ...nodeTargets(stage, "green", "web")]));
        await verify(stage, ["blue", "green"]);
        const before = nodeTargets(stage, "green", "web").length;
        await drive(stage, "drain", "blue");
        // Who stays carries all of the load: it has got more nodes for that, and they are targets too.
        assert.ok(nodeTargets(stage, "green", "web").length > before);
        assert.deepEqual(registered(stage), healthy(nodeTargets(stage, "green", "web")));
        await verify(stage, ["green"]);
      });
    } finally {
      await stage.close();
    }
  });
});
