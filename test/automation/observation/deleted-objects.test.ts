import assert from "node:assert/strict";
import { wellExternal } from "../external-members";
import { sharedGroups } from "../group-refs";
import { decideBaked } from "../../../automation/gates/bake";
import { freshMemory } from "../../../automation/gates/gate-result";
import { lostObjects } from "../../../automation/observation/deleted-objects";
import type { MemberServiceObservation, ObservedExternal, Observation } from "../../../automation/observation/observe";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";

const binding = { namespace: "web", name: "web", targetGroupArn: "arn", multiCluster: true, deleting: false };
const whole: MemberServiceObservation = {
  declaredBinding: "web",
  bindings: [binding],
  recorded: ["10.0.0.1:8080"],
  endpoints: ["10.0.0.1:8080"],
  deployment: { wanted: 1, ready: 1, available: true },
  pods: 1,
};
const external: ObservedExternal = {
  ...wellExternal,
  objects: [
    { kind: "Deployment", name: "web", status: "in-progress", message: "" },
    { kind: "StatefulSet", name: "db", status: "not-found", message: "" },
  ],
};
const fromFiles: ObservedExternal = { ...external, fromFiles: "manifests" };
function seen(more: Partial<MemberServiceObservation>, reachable = true): Observation {
  const blue = {
    name: "blue",
    clusterName: "dev-blue",
    reachable,
    problem: "",
    nodes: null,
    controller: null,
    services: { web: { ...whole, ...more } },
  };
  return {
    at: 0,
    groups: { web: [] },
    groupOf: sharedGroups("web"),
    members: { blue },
    probes: {},
    alarms: null,
    problems: [],
  };
}

describe("what somebody deleted by hand", () => {
  const cases: readonly [string, Observation, readonly string[]][] = [
    ["nothing, when all is there", seen({}), []],
    ["a binding that the stack declares", seen({ bindings: [] }), ["TargetGroupBinding"]],
    [
      "not one that is on its way out: its controller decides about that",
      seen({ bindings: [{ ...binding, deleting: true }] }),
      [],
    ],
    ["not the binding that a controller made for the primary's Service", seen({ bindings: [], stays: true }), []],
    ["not one that was never declared", seen({ bindings: [], declaredBinding: null }), []],
    ["a Deployment", seen({ deployment: null }), ["Deployment"]],
    ["both", seen({ bindings: [], deployment: null }), ["TargetGroupBinding", "Deployment"]],
    ["what a workload from files is known by", seen({ external: fromFiles }), ["StatefulSet db"]],
    [
      "the Service of one from files",
      seen({ external: { ...fromFiles, service: null, objects: [] } }),
      ["Service shop/web"],
    ],
    ["nothing of a workload that somebody else deploys", seen({ external: { ...external, service: null } }), []],
    ["nothing can be said of a member that does not answer", seen({ bindings: [], deployment: null }, false), []],
  ];
  for (const [what, observation, kinds] of cases)
    it(what, () =>
      assert.deepEqual(
        lostObjects(observation, ["blue"], ["web"]).map(({ kind }) => kind),
        kinds,
      ),
    );

  it("somebody else's Deployment is not ours to miss", () =>
    assert.deepEqual(lostObjects(seen({ deployment: null }), ["blue"], []), []));

  it("a bake that fails for it says what helps, and not that one should look", () => {
    const observation = seen({ bindings: [] });
    const { decision } = decideBaked(
      { ...observation, at: 10_000 },
      learnOwners(noOwners, observation),
      { active: ["blue"], before: {}, bakeMs: 60_000, toleratedMs: 3000, why: "both serve", alarms: [] },
      { ...freshMemory, badSince: 0 },
    );
    assert.equal(decision.status, "failed");
    assert.deepEqual(decision.status === "failed" && [decision.reason, decision.message, decision.remedy], [
      "lost",
      "the TargetGroupBinding of 'web' on blue is gone, though its stack declares it: somebody deleted it by hand",
      "eks-blue-green up declares it again; then run the same command again",
    ]);
  });
});
