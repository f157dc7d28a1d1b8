import assert from "node:assert/strict";
import { decideBaked } from "../../../automation/gates/bake";
import { freshMemory } from "../../../automation/gates/gate-result";
import { noOwners } from "../../../automation/observation/target-owners";
import type { Observation } from "../../../automation/observation/observe";

describe("a bake with alarms", () => {
  const rules = { active: [], before: {}, bakeMs: 60_000, toleratedMs: 3000, why: "both serve", alarms: ["web-5xx"] };
  const seen = (alarms: Observation["alarms"]): Observation => ({
    at: 100_000,
    groups: {},
    groupOf: {},
    members: {},
    probes: {},
    alarms,
    problems: alarms === null ? ["Throttling: Rate exceeded"] : [],
  });
  const decide = (alarms: Observation["alarms"]): ReturnType<typeof decideBaked> =>
    decideBaked(seen(alarms), noOwners, rules, { ...freshMemory, goodSince: 1_000 });

  it("passes when they were seen and don't ring, also when they have no data", () => {
    for (const state of ["ok", "insufficient-data"] as const)
      assert.equal(decide({ "web-5xx": state }).decision.status, "passed", state);
  });
  it("fails when one rings", () => assert.equal(decide({ "web-5xx": "alarm" }).decision.status, "failed"));
  it("waits, and keeps what it has seen so far, while nobody can say: CloudWatch is silent, or the alarm is gone", () => {
    for (const alarms of [null, { "web-5xx": "missing" }] as const) {
      const { decision, memory } = decide(alarms);
      assert.deepEqual(
        [decision.status, decision.status === "waiting" && decision.reason, memory.goodSince],
        ["waiting", "unknown", 1_000],
      );
      assert.match(
        decision.message,
        alarms === null ? /did not tell the state of web-5xx: Throttling/ : /web-5xx: there is no such alarm/,
      );
    }
  });
});
