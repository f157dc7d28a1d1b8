import assert from "node:assert/strict";
import { sharedGroups } from "../group-refs";
import { LearnedOwners, noOwners } from "../../../automation/observation/target-owners";
import { decideGone } from "../../../automation/gates/drained";
import type { MemberObservation, MemberServiceObservation, Observation } from "../../../automation/observation/observe";

const binding = { namespace: "web", name: "web", targetGroupArn: "arn", multiCluster: true, deleting: false };
const web: MemberServiceObservation = {
  declaredBinding: "web",
  bindings: [binding],
  recorded: [],
  endpoints: [],
  deployment: null,
  pods: 2,
};
const answers: MemberObservation = {
  name: "blue",
  clusterName: "dev-blue",
  reachable: true,
  problem: "",
  nodes: null,
  controller: null,
  services: { web },
};
const dead: MemberObservation = { ...answers, reachable: false, problem: "no answer", services: {} };
const refusing: MemberObservation = { ...dead, problem: "401 Unauthorized", refusal: "get an access entry" };

describe("whether a member may be destroyed", () => {
  const cases: readonly (readonly [
    string,
    MemberObservation,
    { readonly evacuated: boolean; readonly tearsDown: boolean },
    string,
  ])[] = [
    ["a dead one waits for its API server", dead, { evacuated: false, tearsDown: false }, "waiting"],
    ["a dead one that was evacuated may", dead, { evacuated: true, tearsDown: false }, "passed"],
    [
      "one that was evacuated and refuses us may not: it is not known to be dead",
      refusing,
      { evacuated: true, tearsDown: false },
      "waiting",
    ],
    [
      "one that was evacuated and answers again is put in order first",
      answers,
      { evacuated: true, tearsDown: false },
      "failed",
    ],
    ["but not in a teardown", answers, { evacuated: true, tearsDown: true }, "passed"],
    [
      "a teardown destroys nobody else that still has bindings",
      answers,
      { evacuated: false, tearsDown: true },
      "waiting",
    ],
    ["or that is silent", dead, { evacuated: false, tearsDown: true }, "waiting"],
  ];
  for (const [what, blue, leaving, status] of cases)
    it(what, () => {
      const observation: Observation = {
        at: 0,
        groups: { web: [] },
        groupOf: sharedGroups("web"),
        members: { blue },
        probes: {},
        alarms: null,
        problems: [],
      };
      assert.equal(decideGone(observation, noOwners, "blue", leaving).decision.status, status);
    });

  const stopped = (deployment: MemberServiceObservation["deployment"]): string => {
    const services = { web: { ...web, bindings: [], deployment } };
    const observation: Observation = {
      at: 0,
      groups: { web: [] },
      groupOf: sharedGroups("web"),
      members: { blue: { ...answers, services } },
      probes: {},
      alarms: null,
      problems: [],
    };
    const { decision } = decideGone(observation, noOwners, "blue");
    assert.equal(decision.status, "waiting");
    return decision.message;
  };
  const set = { wanted: 2, ready: 2, available: true };

  it("pods that only take their time are counted", () => {
    assert.equal(stopped({ wanted: 0, ready: 2, available: true }), "2 pods of web still run on blue");
  });

  it("whoever starts a stopped workload again is named", () => {
    assert.equal(
      stopped({ ...set, replicasBy: { manager: "argocd-controller", at: "2026-11-30T12:03:00Z" } }),
      "2 pods of web still run on blue; 'argocd-controller' set web's Deployment to 2 replicas at 2026-11-30T12:03:00Z",
    );
    assert.equal(stopped(set), "2 pods of web still run on blue; web's Deployment is set to 2 replicas");
  });

  it("KEDA's way to be stopped is named", () => {
    assert.match(
      stopped({ ...set, replicasBy: { manager: "keda", at: null } }),
      /autoscaling\.keda\.sh\/paused: "true"$/,
    );
  });

  it("nobody while a target of its own is registered", () => {
    const observation: Observation = {
      at: 0,
      groupOf: sharedGroups("web"),
      groups: { web: [{ id: "10.0.0.1:80", state: "healthy", reason: null, description: null }] },
      members: { blue: dead },
      probes: {},
      alarms: null,
      problems: [],
    };
    assert.equal(
      decideGone(observation, new LearnedOwners().with([["web|10.0.0.1:80", "blue"]]), "blue", {
        evacuated: true,
        tearsDown: true,
      }).decision.status,
      "failed",
    );
  });
});
