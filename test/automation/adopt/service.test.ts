/** The loop around one service: patience with what does not answer. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { adoptionAt } from "./adoption";
import { Scene } from "./scene";

const throttled = (call: string): never => {
  throw new DriverError("EBG-AWS", `elasticloadbalancing:${call}: Throttling: Rate exceeded`, "run the same command again");
};

describe("handing one service over while AWS does not answer", () => {
  it("looks again, and goes on", async () => {
    const scene = new Scene(adoptionAt("untag"));
    let failures = 3;
    scene.before = (call) => {
      if (call === "tags" && failures > 0) {
        failures -= 1;
        throttled(call);
      }
      if (call === "removeTags") throw new TypeError("seen");
    };
    await assert.rejects(scene.run(), new TypeError("seen"));
    assert.equal(scene.now, 15_000);
  });

  it("stops when it lasts, where it stands, with nothing changed", async () => {
    const scene = new Scene(adoptionAt("untag"));
    scene.before = (call) => void (call === "targets" && throttled(call));
    const outcome = await scene.run();
    assert.deepEqual(outcome, { kind: "stopped", code: "EBG-DEADLINE", message: "'untag' of 'web': elasticloadbalancing:targets: Throttling: Rate exceeded", remedy: "repair it, then: eks-blue-green adopt" });
    assert.ok(scene.now > 1_800_000 && scene.now < 1_900_000, `${scene.now}`);
    assert.deepEqual(scene.writes, []);
  });
});
