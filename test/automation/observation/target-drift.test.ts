import assert from "node:assert/strict";
import { sharedGroups } from "../group-refs";
import type { Target } from "../../../automation/ports";
import { bad, freshMemory, goodFor, waiting } from "../../../automation/gates/gate-result";
import { decideRepairs, driftOf, type DriftMemory } from "../../../automation/observation/target-drift";
import type { MemberObservation, MemberServiceObservation, Observation } from "../../../automation/observation/observe";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import { peerProblems, servingProblem, worstOf } from "../../../automation/gates/peers";

const ids = ["10.42.1.1:8080", "10.42.1.2:8080", "10.42.1.3:8080"];
const target = (id: string, state: Target["state"] = "healthy"): Target => ({
  id,
  state,
  reason: null,
  description: null,
});
const binding = { namespace: "web", name: "web", targetGroupArn: "arn", multiCluster: true, deleting: false };
const service = (changed: Partial<MemberServiceObservation> = {}): MemberServiceObservation => ({
  declaredBinding: "web",
  bindings: [binding],
  recorded: ids,
  endpoints: ids,
  deployment: null,
  pods: 3,
  ...changed,
});
const seen = (
  targets: readonly Target[] | null,
  changed: Partial<MemberServiceObservation> = {},
  probeFails = 0,
): Observation => {
  const blue: MemberObservation = {
    name: "blue",
    clusterName: "dev-blue",
    reachable: true,
    problem: "",
    nodes: null,
    controller: null,
    services: { web: service(changed) },
  };
  return {
    at: 0,
    groups: { web: targets },
    groupOf: sharedGroups("web"),
    members: { blue },
    probes: { web: { sent: 4, failed: probeFails, firstFailure: probeFails > 0 ? "status 500" : null } },
    alarms: null,
    problems: [],
  };
};
const two = [target(ids[0]!), target(ids[1]!)];

describe("drift: targets taken out behind the controller's back", () => {
  it("is an endpoint that the controller has written down and ELBv2 does not have, or has on its way out", () => {
    const expected = [
      {
        member: "blue",
        service: "web",
        bindings: [{ namespace: "web", name: "web" }],
        targets: [ids[2]],
        unlisted: [],
      },
    ];
    assert.deepEqual(driftOf(seen(two), ["blue"]), expected);
    assert.deepEqual(driftOf(seen([...two, target(ids[2]!, "draining")]), ["blue"]), expected);
    assert.deepEqual(
      driftOf(seen([...two, { ...target(ids[2]!, "unused"), reason: "Target.NotRegistered" }]), ["blue"]),
      expected,
    );
  });

  it("is also a list of the controller's that somebody deleted, or that lacks an endpoint", () => {
    const all = ids.map((id) => target(id));
    assert.deepEqual(driftOf(seen(all, { recorded: null }), ["blue"])[0]?.unlisted, ids);
    assert.deepEqual(driftOf(seen(all, { recorded: null }), ["blue"])[0]?.targets, []);
    assert.deepEqual(driftOf(seen(two, { recorded: ids.slice(0, 2) }), ["blue"])[0]?.unlisted, [ids[2]]);
  });

  const none: readonly [string, Observation, readonly string[]][] = [
    ["nothing is missing", seen([...two, target(ids[2]!, "initial")]), ["blue"]],
    ["the pod is gone too", seen(two, { endpoints: ids.slice(0, 2) }), ["blue"]],
    ["AWS did not answer", seen(null), ["blue"]],
    ["the member is not in traffic", seen(two), []],
    // Looking again, its controller would let everybody's targets go.
    ["the binding lacks the flag", seen(two, { bindings: [{ ...binding, multiCluster: false }] }), ["blue"]],
    ["the binding is being deleted", seen(two, { bindings: [{ ...binding, deleting: true }] }), ["blue"]],
    [
      "the member can't be asked",
      { ...seen(two), members: { blue: { ...seen(two).members["blue"]!, reachable: false, services: {} } } },
      ["blue"],
    ],
  ];
  for (const [what, observation, serving] of none)
    it(`is none when ${what}`, () => assert.deepEqual(driftOf(observation, serving), []));

  it("is repaired once it has lasted, then again and again, and forgotten when it is over", () => {
    const rules = { graceMs: 15_000, againMs: 60_000 };
    const drift = driftOf(seen(two), ["blue"]);
    let memory: DriftMemory = {};
    const asked: number[] = [];
    for (let now = 0; now <= 150_000; now += 5_000) {
      const decided = decideRepairs(drift, memory, now, rules);
      memory = decided.memory;
      if (decided.repairs.length > 0) asked.push(now);
    }
    assert.deepEqual(asked, [15_000, 75_000, 135_000]);
    assert.deepEqual(decideRepairs([], memory, 155_000, rules), { repairs: [], memory: {} });
    assert.deepEqual(decideRepairs(drift, {}, 160_000, rules).repairs, []);
  });

  it("of a peer is a reason of its own as long as one of its targets is healthy, and hides nothing that is worse", () => {
    const all = (observation: Observation, ...rest: [ReturnType<typeof learnOwners>, string[]]) =>
      servingProblem(observation, ...rest, { before: {}, toleratedMs: 30_000 });
    const back = (observation: Observation, ...rest: [ReturnType<typeof learnOwners>, string[]]) =>
      servingProblem(observation, ...rest, { before: {}, toleratedMs: Number.POSITIVE_INFINITY });
    const plain = (observation: Observation, ...rest: [ReturnType<typeof learnOwners>, string[]]) =>
      worstOf(peerProblems(observation, ...rest, {}));
    const problem = (observation: Observation, look = plain) => {
      const found = look(observation, learnOwners(noOwners, observation), ["blue"]);
      return found?.status === "waiting" ? found.reason : found;
    };
    assert.equal(problem(seen(two)), "drift");
    assert.equal(problem(seen([])), "peers-missing");
    assert.equal(problem(seen([target(ids[0]!, "unhealthy"), target(ids[1]!)])), "peers-unhealthy");
    assert.equal(problem(seen(two, { recorded: ids.slice(0, 2) })), "peers-missing");
    assert.equal(problem(seen([...two, target(ids[2]!, "initial")])), null);
    assert.equal(problem(seen(two), all), "drift");
    assert.equal(problem(seen(two, {}, 4), all), "probe");
    // On the way back the others serve, and whoever leaves may be worse.
    assert.equal(problem(seen(two), back), null);
    assert.equal(problem(seen(two, {}, 4), back), "probe");
    assert.equal(problem(seen([]), back), "peers-missing");
  });

  it("is tolerated for as long as a repair may take, and nothing else is meanwhile", () => {
    const drift = waiting("drift", "one is missing");
    const sick = waiting("peers-unhealthy", "one is sick");
    let memory = bad(freshMemory, 0, 30_000, drift, "", 420_000).memory;
    assert.equal(bad(memory, 400_000, 30_000, drift, "", 420_000).decision.status, "waiting");
    assert.equal(bad(memory, 420_000, 30_000, drift, "", 420_000).decision.status, "failed");
    // Sick since the 400th second, whatever else is missing in between.
    memory = bad(memory, 400_000, 30_000, sick, "", 420_000).memory;
    memory = bad(memory, 410_000, 30_000, drift, "", 420_000).memory;
    assert.equal(bad(memory, 429_000, 30_000, sick, "", 420_000).decision.status, "waiting");
    assert.equal(bad(memory, 430_000, 30_000, sick, "", 420_000).decision.status, "failed");
    // Once it is repaired, the next one has its whole time again, and what is good is counted anew.
    const good = goodFor(memory, 440_000, 1_000, "hold", "", "");
    assert.equal(good.memory.driftSince, undefined);
    assert.equal(good.memory.goodSince, 440_000);
    assert.equal(bad(good.memory, 900_000, 30_000, drift, "", 420_000).memory.driftSince, 900_000);
  });
});
