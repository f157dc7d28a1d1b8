/** Deciders over an environment in which each member has target groups of its own. */
import assert from "node:assert/strict";
import { ownGroups, sharedGroups } from "../group-refs";
import { candidatesOf, prove } from "../../../automation/evacuation/eligibility";
import { decideAdmitted } from "../../../automation/gates/admitted";
import { decideBaked } from "../../../automation/gates/bake";
import { decideEnough } from "../../../automation/gates/capacity";
import { decideDrained, decideGone, leftovers } from "../../../automation/gates/drained";
import { freshMemory } from "../../../automation/gates/gate-result";
import { peerProblems } from "../../../automation/gates/peers";
import { baselineOf } from "../../../automation/observation/baseline";
import type { MemberObservation, Observation } from "../../../automation/observation/observe";
import {
  countsByMember,
  healthOf,
  learnOwners,
  noOwners,
  snapshot,
  strangers,
} from "../../../automation/observation/target-owners";
import { driftFindings } from "../../../automation/preflight/manual-changes";
import { findingsOf } from "../../../automation/preflight/preflight";
import type { Target } from "../../../automation/ports";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { EnvironmentRecord } from "../../../stacks/record";
import { devValues } from "../../stacks/mock-engine";

const members = ["blue", "green"];
const services = ["web", "api"];
const groupOf = ownGroups(services, members);

const idsOf = (member: string): string[] => [1, 2].map((n) => `10.0.${members.indexOf(member) + 1}.${n}:8080`);
const target = (id: string, state: Target["state"] = "healthy"): Target => ({
  id,
  state,
  reason: null,
  description: null,
});

const seenOf = (name: string, bound = true): MemberObservation => ({
  name,
  clusterName: `dev-${name}`,
  reachable: true,
  problem: "",
  nodes: null,
  controller: { available: true, version: "3.5.0", message: "2 of 2 pods ready" },
  services: Object.fromEntries(
    services.map((service) => [
      `${service}@${name}`,
      {
        declaredBinding: bound ? service : null,
        bindings: bound
          ? [{ namespace: service, name: service, targetGroupArn: service, multiCluster: false, deleting: false }]
          : [],
        recorded: bound ? idsOf(name) : null,
        endpoints: idsOf(name),
        deployment: { wanted: 3, ready: 2, updated: 2, settled: true },
        pods: 2,
      },
    ]),
  ) as unknown as MemberObservation["services"],
});
const silent = (name: string): MemberObservation => ({
  ...seenOf(name),
  reachable: false,
  problem: "refused",
  controller: null,
  services: {},
});

function look(change: Partial<Observation> = {}): Observation {
  const groups = Object.values(groupOf).map(({ key, member }) => [key, idsOf(member ?? "").map((id) => target(id))]);
  return {
    at: 1_000_000,
    groups: Object.fromEntries(groups) as Observation["groups"],
    groupOf,
    members: Object.fromEntries(members.map((name) => [name, seenOf(name)])),
    probes: Object.fromEntries(services.map((service) => [service, { sent: 16, failed: 0, firstFailure: null }])),
    alarms: null,
    problems: [],
    ...change,
  };
}
const withStates = (member: string, state: Target["state"]): Observation => {
  const all = look();
  const own = services.map((service) => [`${service}@${member}`, idsOf(member).map((id) => target(id, state))]);
  return { ...all, groups: { ...all.groups, ...(Object.fromEntries(own) as Observation["groups"]) } };
};
const without = (member: string): Observation => {
  const all = look({ members: { ...look().members, [member]: seenOf(member, false) } });
  return { ...all, groups: { ...all.groups, ...Object.fromEntries(services.map((one) => [`${one}@${member}`, []])) } };
};
const active = { role: "active", version: "1.35", workload: "running" } as const;
const record: EnvironmentRecord = {
  schemaVersion: 1,
  revision: 1,
  placement: { blue: active, green: active },
  rollout: null,
  intent: null,
};
const rules = { holdMs: 0, toleratedMs: 3000, peersBefore: {} };

describe("a member with target groups of its own", () => {
  it("is healthy by these alone; as if the groups were everybody's, both members lack the other's targets", () => {
    const all = look();
    const owners = learnOwners(noOwners, all);
    assert.deepEqual(
      members.map((name) => healthOf(owners, all, name)),
      ["healthy", "healthy"],
    );
    const shared = { ...all, groupOf: sharedGroups(...Object.keys(all.groups)) };
    assert.equal(healthOf(learnOwners(noOwners, shared), shared, "blue"), "unhealthy");
  });

  it("is unhealthy where the other serves and it does not, and unknown when nobody can say", () => {
    const sick = withStates("green", "unhealthy");
    assert.equal(healthOf(learnOwners(noOwners, sick), sick, "green"), "unhealthy");
    assert.equal(healthOf(learnOwners(noOwners, sick), sick, "blue"), "healthy");
    const untold = { ...sick, groups: { ...sick.groups, "web@blue": null } };
    assert.equal(healthOf(learnOwners(noOwners, untold), untold, "blue"), "unknown", "its own group");
    assert.equal(healthOf(learnOwners(noOwners, untold), untold, "green"), "unknown", "whether anybody serves 'web'");
  });

  it("makes no finding before a rollout, and one for a port that no member serves", () => {
    assert.deepEqual(findingsOf(look(), record), []);
    const half = withStates("green", "unhealthy");
    assert.deepEqual(findingsOf(half, record), [], "blue serves both ports");
    const nobody = { ...half, groups: { ...half.groups, "web@blue": [] } };
    assert.match(findingsOf(nobody, record)[0]?.message ?? "", /^'web' has no healthy target/);
    const config = parseEnvironmentConfig(devValues, { environment: "dev" });
    const surroundings = { environment: "dev", config, steps: [], deployed: members };
    assert.deepEqual(driftFindings(look(), record, surroundings), []);
  });

  it("passes the gate of its admit, and none while a target of its own is not healthy", () => {
    const decide = (seen: Observation, member: string, peers: string[]) =>
      decideAdmitted(seen, learnOwners(noOwners, seen), { ...rules, member, peers }, freshMemory).decision;
    assert.equal(decide(look(), "green", ["blue"]).status, "passed");
    assert.equal(decide(withStates("green", "initial"), "green", ["blue"]).status, "waiting");
    const [first = "", second = ""] = idsOf("blue");
    const half = { ...look().groups, "api@blue": [target(first), target(second, "unhealthy")] };
    assert.equal(decide(look({ groups: half }), "green", ["blue"]).status, "waiting", "blue is its peer");
  });

  it("stays good through a bake", () => {
    const seen = look();
    const baked = decideBaked(
      seen,
      learnOwners(noOwners, seen),
      { active: members, before: {}, bakeMs: 0, toleratedMs: 3000, why: "both serve", alarms: [] },
      freshMemory,
    );
    assert.equal(baked.decision.status, "passed");
    assert.deepEqual(peerProblems(seen, learnOwners(noOwners, seen), members, {}), []);
  });

  it("drains without a trace in the other's groups, also while the other can't be asked", () => {
    const before = snapshot(learnOwners(noOwners, look()), look(), "blue");
    assert.deepEqual(before, { "web@blue": idsOf("blue"), "api@blue": idsOf("blue") });
    const gone = without("blue");
    const owners = learnOwners(noOwners, gone);
    const drained = decideDrained(
      gone,
      owners,
      { ...rules, member: "blue", peers: ["green"], before, drainMs: 0 },
      freshMemory,
    );
    assert.equal(drained.decision.status, "passed");
    assert.equal(decideGone(look(), owners, "blue").decision.status, "failed", "it is registered");
    const left = leftovers(look({ members: { blue: seenOf("blue", false), green: silent("green") } }), {
      member: "blue",
      before,
    });
    assert.deepEqual([left.free, left.claimed], [before, []], "green can have none of them");
  });

  it("leaves only while those that stay have enough in their own groups of the same port", () => {
    const decide = (seen: Observation) =>
      decideEnough(
        seen,
        learnOwners(noOwners, seen),
        {
          member: "blue",
          stayers: ["green"],
          minActive: 1,
          required: { web: 2, api: { percent: 100, leaving: ["blue"], before: {} } },
          keeps: {},
          toleratedMs: 3000,
        },
        freshMemory,
      ).decision;
    assert.equal(decide(look()).status, "passed");
    const [first = "", second = ""] = idsOf("green");
    const half = { ...look().groups, "api@green": [target(first), target(second, "unhealthy")] };
    const few = decide(look({ groups: half }));
    assert.deepEqual([few.status, few.status === "waiting" && few.reason], ["waiting", "capacity"]);
    assert.match(few.message, /without blue 1 healthy targets stay in 'api', 2 must/);
  });

  it("counts for a baseline by its own groups", () =>
    assert.deepEqual(baselineOf(look(), learnOwners(noOwners, look()), members).targets["blue"], {
      "web@blue": { registered: 2, healthy: 2 },
      "api@blue": { registered: 2, healthy: 2 },
    }));
});

describe("the owner of a target in a member's own group", () => {
  it("is that member, whatever the clusters' lists say, and whether or not it answers", () => {
    const forged = seenOf("green");
    const web = { ...forged.services["web@green"], recorded: idsOf("blue"), endpoints: idsOf("blue") };
    const seen = look({
      members: {
        blue: silent("blue"),
        green: { ...forged, services: { ...forged.services, "web@blue": web } } as MemberObservation,
      },
    });
    const owners = learnOwners(noOwners, seen);
    assert.deepEqual(snapshot(owners, seen, "blue")["web@blue"], idsOf("blue"));
    assert.deepEqual(strangers(owners, seen), []);
  });

  it("is known of a target that nobody lists: there are no strangers", () => {
    const all = look();
    const seen = { ...all, groups: { ...all.groups, "web@blue": [target("10.9.9.9:8080")] } };
    const owners = learnOwners(noOwners, seen);
    assert.deepEqual([strangers(owners, seen), countsByMember(owners, seen)["unknown"]], [[], undefined]);
    const shared = { ...seen, groupOf: sharedGroups(...Object.keys(seen.groups)) };
    assert.deepEqual(strangers(learnOwners(noOwners, shared), shared), ["web@blue: 10.9.9.9:8080"]);
  });

  it("needs no proof by EC2 when the member is evacuated, unless EC2 names another cluster", () => {
    const candidates = candidatesOf(look({ members: { blue: silent("blue"), green: seenOf("green") } }), "blue");
    assert.deepEqual(prove(candidates, {}, "dev-blue").targets, snapshotOfBlue);
    const [first = ""] = idsOf("blue");
    const foreign = { [first]: { clusters: ["dev-green"], via: "eni-1" } };
    assert.deepEqual(prove(candidates, foreign, "dev-blue").targets["web@blue"], idsOf("blue").slice(1));
  });
  const snapshotOfBlue = { "web@blue": idsOf("blue"), "api@blue": idsOf("blue") };
});
