/**
 * Instance targets behind the environment's own load balancer, of two members that both serve: one leaves and comes
 * back, under load; `verify` agrees.
 */
import assert from "node:assert/strict";
import { deploy, drive, healthy, nodeTargets, registered, verify } from "./instance-targets";
import { underLoad } from "./traffic";

describe("instance targets, owner stack", function () {
  this.timeout(900_000);

  it("drained and admitted, verified", async () => {
    const stage = await deploy((config) => {
      config["rollout"] = { ...config["rollout"], strategy: "cycle" };
    });
    try {
      const targetsOf = (member: string): string[] => nodeTargets(stage, member, "web");
      const before = targetsOf("green");
      assert.deepEqual(registered(stage), healthy([...targetsOf("blue"), ...before]));
      await underLoad(stage, async () => {
        await verify(stage, ["blue", "green"]);
        await drive(stage, "drain", "blue");
        // Who stays carries all of the load: it has got more nodes for that, and they are targets too.
        assert.ok(targetsOf("green").length > before.length);
        assert.deepEqual(registered(stage), healthy(targetsOf("green")));
        await verify(stage, ["green"]);
        await drive(stage, "admit", "blue");
        assert.deepEqual(registered(stage), healthy([...targetsOf("blue"), ...targetsOf("green")]));
      });
    } finally {
      await stage.close();
    }
  });
});
