import assert from "node:assert/strict";
import type { UpgradePlan } from "../../../automation/index";
import { planLines } from "../../../automation/report/plan";
import { config as wanted } from "../world";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { plan as steps } from "../../../automation/planning/replace";
import { stepTimes } from "../../../automation/planning/duration";

const placement = {
  blue: { role: "active", version: "1.34", workload: "running" },
  green: { role: "absent", version: null, workload: "running" },
} as const;
const config = parseEnvironmentConfig(wanted, { environment: "dev" });
const list = steps(placement, { version: "1.35", members: ["blue", "green"] }, "replace", {
  minActive: 1,
  bakeSeconds: 600,
});
const plan: UpgradePlan = {
  environment: "dev",
  from: placement,
  wantedVersion: "1.35",
  strategy: "replace",
  steps: list,
  times: stepTimes(list, config),
  command: "upgrade",
  advice: [],
  asksForApproval: true,
  underWay: null,
};
const text = (lines: readonly string[]): string => `\n${lines.join("\n")}\n`;

describe("the plan", () => {
  it("says how long each step takes, what takes the time, and how long it is in all", () => {
    assert.equal(
      text(planLines(plan, 160)),
      `
dev: wanted Kubernetes 1.35, strategy replace
  blue   active at 1.34
  green  absent

The upgrade would:
   1. provision green at 1.35                             22 min  EKS makes a cluster and its nodes
   2. admit green                                          7 min  targets become healthy, then the hold
   3. bake 10 min 0 s (green (1.35) serves beside blue)   10 min
   4. drain blue                                           6 min  the hold
   5. scale blue to zero                                   6 min  pods run their preStop
   6. bake 10 min 0 s (green (1.35) serves without blue)  10 min
   7. retire blue                                         16 min  EKS deletes the cluster

About 1 h 15 min on AWS. EKS promises none of its times; holds and bakes are as the config says. It stops before a member is destroyed, until that is approved.

Do it with: eks-blue-green upgrade --stack dev
`,
    );
  });
  it("says what it waits for of other people before a member is let in", () => {
    const [line = ""] = planLines({ ...plan, waitsForExternal: ["web", "api"] }, Infinity).filter((one) =>
      one.startsWith("About"),
    );
    assert.match(line, /Before a member is let in it waits until somebody else has deployed web, api there\. It stops/);
  });
  it("leaves out what takes the time where there is no room for it: 70 columns", () => {
    const lines = planLines(plan, 70);
    assert.equal(lines[5], "   1. provision green at 1.35                             22 min");
    assert.ok(lines.every((line) => line.length <= 70));
  });
  it("has the time behind the step on a terminal of 60 columns", () => {
    assert.equal(
      text(planLines(plan, 60).slice(4)),
      `
The upgrade would:
   1. provision green at 1.35: 22 min
   2. admit green: 7 min
   3. bake 10 min 0 s (green (1.35) serves beside blue):
      10 min
   4. drain blue: 6 min
   5. scale blue to zero: 6 min
   6. bake 10 min 0 s (green (1.35) serves without blue):
      10 min
   7. retire blue: 16 min

About 1 h 15 min on AWS. EKS promises none of its times;
holds and bakes are as the config says. It stops before a
member is destroyed, until that is approved.

Do it with: eks-blue-green upgrade --stack dev
`,
    );
  });
  it("names the command that is under way, and what is left of it", () => {
    const underWay = {
      id: "r1",
      command: { name: "drain", member: "blue", percent: null },
      strategy: "replace",
      wantedVersion: "1.34",
      steps: list,
      done: 3,
      direction: "forward",
      reason: null,
      startedAt: "",
    } as const;
    const lines = planLines({ ...plan, steps: list.slice(3), command: "drain blue", underWay });
    assert.ok(lines.includes("Under way (3 of 7 steps done); left to do:"), lines.join("\n"));
    assert.equal(lines.at(-1), "Go on with: eks-blue-green drain blue --stack dev");
  });
  it("says that it goes faster in a sandbox, and gives AWS's time all the same", () => {
    const sandbox = { dir: "/s", awsEndpoint: "http://127.0.0.1:1" } as const;
    const lines = planLines({ ...plan, surroundings: { timeScale: 60, sandbox, connectTo: null } });
    assert.match(lines.join("\n"), /About 1 h 15 min on AWS\..* Here it goes up to 60 times as fast\./);
  });
  it("names what is left to put in order when nothing is to do", () => {
    const finding = {
      code: "EBG-PREFLIGHT",
      severity: "recommended",
      message: "blue (150 %)",
      remedy: "scale it",
    } as const;
    const lines = planLines({ ...plan, steps: [], times: [], advice: [finding] });
    assert.deepEqual(lines.slice(-3), ["Nothing to do.", "blue (150 %)", "  → scale it"]);
  });
});

describe("the plan of members that were made with other settings", () => {
  it("says which, and what differs", () => {
    const difference = { path: "cluster.nodes.instanceTypes", made: ["m6i.large"], wanted: ["m7i.large"] };
    assert.equal(
      planLines({ ...plan, outdated: { blue: [difference] } })[3],
      'blue was made with other settings than the config has now: cluster.nodes.instanceTypes ["m6i.large"], wanted ["m7i.large"]',
    );
  });
});
