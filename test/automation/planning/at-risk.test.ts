import assert from "node:assert/strict";
import { atRisk } from "../../../automation/planning/at-risk";
import { usualSeconds } from "../../../automation/planning/duration";
import { plan } from "../../../automation/planning/replace";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { absent, type MemberPlacement, type Placement } from "../../../stacks/record";
import { config as values } from "../world";

const config = parseEnvironmentConfig(
  {
    ...values,
    "eks-blue-green:traffic": "weighted",
    "eks-blue-green:rollout": JSON.stringify({ weightHoldSeconds: 200 }),
  },
  { environment: "dev" },
);
const active = (share?: number): MemberPlacement => ({
  role: "active",
  version: "1.34",
  workload: "running",
  ...(share === undefined ? {} : { share }),
});
const wanted = { version: "1.35", members: ["blue", "green", "red"] };
const limits = { minActive: 1, bakeSeconds: 300 };
const weighted = { ...limits, weighted: { steps: [10, 50, 100], stepSeconds: 60 } };

describe("what a bad member can get", () => {
  it("is its part of all requests, until the weights of before are everywhere", () => {
    const from: Placement = { blue: active(100), green: absent, red: active(100) };
    const only = { ...from, red: { ...active(100), version: "1.35" } };
    const steps = plan(only, wanted, "replace", weighted);
    const risk = atRisk(only, steps, config);
    assert.deepEqual(
      risk.map(({ member, part }) => [member, part]),
      [
        ["green", 0.05],
        ["green", 0.25],
        ["green", 0.5],
      ],
    );
    for (const { step, seconds } of risk) {
      assert.equal(steps[step]?.type === "move" && steps[step].kind, "shift");
      assert.equal(seconds, 30 + usualSeconds.move + usualSeconds.readWeights + 200);
    }
  });

  it("is not said where traffic follows the targets", () => {
    const from: Placement = { blue: active(), green: absent };
    assert.deepEqual(atRisk(from, plan(from, wanted, "replace", limits), config), []);
  });
});
