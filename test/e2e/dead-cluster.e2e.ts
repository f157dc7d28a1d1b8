/** Clusters that die, one after the other, in one sandbox; the last part takes the environment down. */
import assert from "node:assert/strict";
import { destroysWhatIsGoneForGood } from "./cluster-gone-for-good";
import { evacuatesTheDead } from "./evacuated-cluster";
import { Stage } from "./stage";

describe("two members that serve", function () {
  this.timeout(10 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    for (const args of [["up"], ["admit", "green"]]) {
      const run = await stage.drive(args);
      assert.equal(run.code, 0, run.stderr);
    }
  });
  after(async () => stage?.close());

  evacuatesTheDead(() => stage);
  destroysWhatIsGoneForGood(() => stage);
});
