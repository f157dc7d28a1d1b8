import assert from "node:assert/strict";
import { externalMember, wellExternal } from "../external-members";
import { sharedGroups } from "../group-refs";
import {
  decideExternal,
  externalProblem,
  imagesProblem,
  silentPeers,
} from "../../../automation/gates/external-workload";
import { freshMemory } from "../../../automation/gates/gate-result";
import { decideReady } from "../../../automation/gates/ready";
import type { MemberObservation, ObservedExternal, Observation } from "../../../automation/observation/observe";
import type { ReadyObject } from "../../../automation/ports/external-workload";

const well: ObservedExternal = {
  ...wellExternal,
  objects: [{ kind: "Deployment", name: "web", status: "current", message: "" }],
};
/** `change`: null of one that does not answer. */
const member = (name: string, change: Partial<ObservedExternal> | null = {}): MemberObservation =>
  externalMember(
    name,
    { ...well, ...change },
    {
      nodes: { ready: 2, total: 2, minors: ["1.35"] },
      controller: { available: true, version: "3.5.0", message: "" },
      ...(change === null ? { reachable: false, problem: "refused", services: {} } : {}),
    },
  );
const look = (...members: MemberObservation[]): Observation => ({
  at: 0,
  groups: { web: [] },
  groupOf: sharedGroups("web"),
  members: Object.fromEntries(members.map((one) => [one.name, one])),
  probes: {},
  alarms: null,
  problems: [],
});
const rules = { member: "green", serving: ["blue"], toleratedMs: 30_000, passesSilence: false };
const decide = (observation: Observation, serving: readonly string[] = ["blue"]) =>
  decideExternal(observation, { ...rules, serving }, freshMemory).decision;
/** What it says after each of these seconds, of the same sight. */
const after = (observation: Observation, seconds: readonly number[], passesSilence: boolean): string[] => {
  let memory = freshMemory;
  return seconds.map((at) => {
    const decided = decideExternal({ ...observation, at: at * 1000 }, { ...rules, passesSilence }, memory);
    memory = decided.memory;
    const { decision } = decided;
    return "reason" in decision ? `${decision.status} ${decision.reason}` : decision.status;
  });
};
const object = (status: ReadyObject["status"], message: string): readonly ReadyObject[] => [
  { kind: "Rollout", name: "web", status, message },
];

describe("a workload of somebody else's", () => {
  const cases: readonly (readonly [title: string, change: Partial<ObservedExternal>, says: RegExp | null])[] = [
    ["is well", {}, null],
    ["is not there", { service: null }, /^Service shop\/web is not on green$/],
    ["has a Service without a selector", { service: { selects: false, ports: [80] } }, /has no selector/],
    ["has a Service with other ports", { service: { selects: true, ports: [81] } }, /has no port 80 \(it has 81;/],
    ["has no pods", { pods: { total: 0, ready: 0 } }, /selects no pod on green/],
    ["has pods that are not ready", { pods: { total: 2, ready: 1 } }, /1 of 2 pods of Service shop\/web are ready/],
    [
      "has an object that is not there",
      { objects: object("not-found", "none") },
      /Rollout web on green is not there: none/,
    ],
    [
      "has an object that goes on",
      { objects: object("in-progress", "1 of 2") },
      /Rollout web on green is not ready: 1 of 2/,
    ],
    ["has an object that nobody reconciles", { objects: object("suspended", "it is") }, /is suspended: it is/],
    ["has an object that can't be read", { objects: object("unknown", "403") }, /can't be read: 403/],
  ];
  for (const [title, change, says] of cases)
    it(`that ${title}: ${says === null ? "nothing to say" : "named, with the member"}`, () => {
      const problem = externalProblem("green", { ...well, ...change });
      if (says === null) assert.equal(problem, null);
      else assert.match(problem ?? "", says);
      const decision = decide(look(member("blue"), member("green", change)));
      assert.equal(decision.status, says === null ? "passed" : "waiting", decision.message);
    });

  it("is compared with every member that serves, image by image", () => {
    const others = [member("blue"), member("red", { images: ["sha256:b"] })];
    assert.equal(imagesProblem("green", "web", well, others.slice(0, 1)), null);
    assert.match(
      imagesProblem("green", "web", well, others) ?? "",
      /green alone runs sha256:a; red alone runs sha256:b/,
    );
    const more = { ...well, images: ["sha256:a", "sha256:c"] };
    assert.match(imagesProblem("green", "web", more, [member("blue")]) ?? "", /green alone runs sha256:c/);
    assert.equal(imagesProblem("green", "web", { ...more, comparesImages: false }, others), null);
    assert.equal(imagesProblem("green", "web", well, [member("blue", { images: [] })]), null, "nothing to be equal to");
  });
});

describe("the gate before a member with external workloads is let in", () => {
  it("waits for equal images, and asks for none where nobody serves", () => {
    const other = member("green", { images: ["sha256:b"] });
    const decision = decide(look(member("blue"), other));
    assert.deepEqual([decision.status, "reason" in decision ? decision.reason : ""], ["waiting", "images"]);
    assert.equal(decide(look(member("blue"), other), []).status, "passed");
  });
  it("takes silence for nothing good: of the member itself, or of everybody who serves", () => {
    assert.equal(decide(look(member("blue"), member("green", null))).status, "waiting");
    assert.equal(decide(look(member("blue", null), member("green"))).status, "waiting");
    const known = look(member("blue", null), member("red"), member("green"));
    assert.equal(decide(known, ["blue", "red"]).status, "passed", "one of those that serve answers");
  });
  it("does not wait for the member's own API server for longer than for a blip", () => {
    const silent = look(member("blue"), member("green", null));
    for (const passesSilence of [false, true])
      assert.deepEqual(after(silent, [0, 29, 30], passesSilence), [
        "waiting api-server",
        "waiting api-server",
        "failed api-server",
      ]);
  });
  it("waits for those that serve and can't be asked, but not for long where that was asked for by name", () => {
    const dead = look(member("blue", null), member("green"));
    assert.deepEqual(after(dead, [0, 30, 3600], false), ["waiting unknown", "waiting unknown", "waiting unknown"]);
    assert.deepEqual(after(dead, [0, 29, 30], true), ["waiting unknown", "waiting unknown", "passed"]);
    const unwell = look(member("blue", null), member("green", { pods: { total: 2, ready: 0 } }));
    assert.deepEqual(after(unwell, [0, 3600], true), ["waiting external", "waiting external"]);
    const differs = look(member("blue"), member("green", { images: ["sha256:b"] }));
    assert.deepEqual(after(differs, [0, 3600], true), ["waiting images", "waiting images"]);
  });
  it("names who serves and can't be asked only where images are compared and nobody else tells them", () => {
    const names = (...seen: MemberObservation[]): string[] =>
      silentPeers(look(...seen), { member: "green", serving: ["blue", "red"] }).map(({ name }) => name);
    assert.deepEqual(names(member("blue", null), member("green")), ["blue"]);
    assert.deepEqual(names(member("blue", null), member("red", null), member("green")), ["blue", "red"]);
    assert.deepEqual(names(member("blue", null), member("red"), member("green")), []);
    assert.deepEqual(names(member("blue", null), member("green", { comparesImages: false })), []);
    assert.deepEqual(names(member("green")), []);
  });
  it("is apart from the gate after provision, which no update of ours could make pass", () => {
    const { decision } = decideReady(look(member("green", { service: null })), "green");
    assert.deepEqual(decision, { status: "passed", message: "green: API server, nodes and controller are ready" });
  });
});
