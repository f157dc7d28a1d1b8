import assert from "node:assert/strict";
import { percents } from "../../../automation/cli/commands/steps-option";
import { withSteps } from "../../../automation/commands/steps-override";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { weightedRolloutOf } from "../../../stacks/config/weighted-rollout";
import { config } from "../world";

describe("--steps", () => {
  it("takes ascending whole percents that end with 100", () => {
    assert.deepEqual(percents("100"), [100]);
    assert.deepEqual(percents("1, 10,50,100"), [1, 10, 50, 100]);
    for (const wrong of [
      "",
      "10",
      "10,50",
      "50,10,100",
      "10,10,100",
      "0,100",
      "1.5,100",
      "10,100,",
      "10,100,200",
      "-1,100",
    ])
      assert.throws(() => percents(wrong), /ascending whole percents, the last one 100/, wrong);
  });

  it("stands for the config's in one run, and is judged by the config's rules", () => {
    const weighted = { ...config, "eks-blue-green:traffic": "weighted" };
    const parsed = parseEnvironmentConfig(withSteps(weighted, [5, 100]), { environment: "dev" });
    assert.deepEqual(weightedRolloutOf(parsed).steps, [5, 100]);
    assert.equal(parsed.rollout.bakeSeconds, 300);
    assert.equal(withSteps(weighted, undefined), weighted);
    assert.throws(() => parseEnvironmentConfig(withSteps(config, [5, 100]), { environment: "dev" }), /rollout\.steps/);
  });
});
