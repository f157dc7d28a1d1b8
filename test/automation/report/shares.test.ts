import assert from "node:assert/strict";
import type { UpgradePlan } from "../../../automation/index";
import { atRisk } from "../../../automation/planning/at-risk";
import { stepTimes } from "../../../automation/planning/duration";
import { limitsOf, plan as planned } from "../../../automation/planning/replace";
import { standing } from "../../../automation/report/placement";
import { planLines } from "../../../automation/report/plan";
import { stepTitle } from "../../../automation/report/step-title";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { MemberPlacement, Placement } from "../../../stacks/record";
import { shiftOf } from "../../stacks/record/shares";
import { config as values } from "../world";

const config = parseEnvironmentConfig({ ...values, "eks-blue-green:traffic": "weighted" }, { environment: "dev" });
const active = (share?: number): MemberPlacement => ({
  role: "active",
  version: "1.34",
  workload: "running",
  ...(share === undefined ? {} : { share }),
});
const from: Placement = { blue: active(100), green: { role: "absent", version: null, workload: "running" } };
const steps = planned(from, { version: "1.35", members: ["blue", "green"] }, "replace", limitsOf(config));
const plan: UpgradePlan = {
  environment: "dev",
  from,
  wantedVersion: "1.35",
  strategy: "replace",
  steps,
  times: stepTimes(steps, config),
  command: "upgrade",
  advice: [],
  asksForApproval: false,
  atRisk: atRisk(from, steps, config),
  underWay: null,
};

describe("shares, for people", () => {
  it("are parts of all requests in a plan, with what a bad member can get at most", () => {
    assert.equal(
      `\n${planLines(plan, 160).join("\n")}\n`,
      `
dev: wanted Kubernetes 1.35, strategy replace
  blue   active at 1.34, 100 % of the requests
  green  absent

The upgrade would:
   1. provision green at 1.35                               22 min  EKS makes a cluster and its nodes
   2. admit green                                            7 min  targets become healthy, then the hold
   3. shift green 10 %, blue 90 %                           11 min  the load balancer's nodes follow
   4. bake 5 min 0 s (green (1.35) serves 10 %)              5 min
   5. shift green 50 %, blue 50 %                           11 min  the load balancer's nodes follow
   6. bake 5 min 0 s (green (1.35) serves 50 %)              5 min
   7. shift green 100 %, blue 0 %                           11 min  the load balancer's nodes follow
   8. bake 5 min 0 s (green (1.35) serves instead of blue)   5 min
   9. drain blue                                             6 min  the hold
  10. scale blue to zero                                     6 min  pods run their preStop
  11. bake 5 min 0 s (green (1.35) serves without blue)      5 min
  12. retire blue                                           16 min  EKS deletes the cluster

A member that turns out to be bad gets its part for at most 12 min more (a gate sees it, the weights of before are written, the load balancer's nodes follow):
   3.  green 10 %   as many as all requests of 68 s
   5.  green 50 %   as many as all requests of 6 min
   7.  green 100 %  as many as all requests of 12 min
What no check sees is not taken back by itself: eks-blue-green rollback does it, until a member is destroyed.

About 1 h 47 min on AWS. EKS promises none of its times; holds and bakes are as the config says.

Do it with: eks-blue-green upgrade --stack dev
`,
    );
  });

  it("fit on a terminal of 60 columns", () => {
    assert.ok(
      planLines(plan, 60).every((line) => line.length <= 60),
      planLines(plan, 60).join("\n"),
    );
  });

  it("are said with where a member stands", () => {
    assert.equal(standing({ ...from, green: active(300) }, "blue"), "active at 1.34, 25 % of the requests");
    assert.equal(standing({ ...from, green: active(0) }, "green"), "active at 1.34, 0 % of the requests");
    assert.equal(standing({ blue: active() }, "blue"), "active at 1.34");
    assert.equal(standing(from, "red"), "absent");
  });

  it("are shares alone in a step that does not say their sum", () => {
    assert.equal(stepTitle(shiftOf([100, 90], [0, 10])), "shift green 10, blue 90");
    assert.equal(stepTitle({ ...shiftOf([100, 90], [0, 10]), sum: 300 } as never), "shift green 3.3 %, blue 30 %");
  });
});
