/** The gate before a shift: whoever gets more can take it. */
import assert from "node:assert/strict";
import { freshMemory } from "../../../automation/gates/gate-result";
import { decideShiftReady, type ShiftReadyRules } from "../../../automation/gates/shift-ready";
import { lacksForPart, type LoadRules } from "../../../automation/gates/shift-load";
import { nothingExcused } from "../../../automation/observation/baseline";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import { look, type Scene } from "./weighted-look";

const rules: ShiftReadyRules = { rising: ["green"], serving: ["blue"], peersBefore: {}, toleratedMs: 30_000 };

/** What it says at last, when it sees the same for `seconds`. */
function says(scene: Scene, change: Partial<ShiftReadyRules> = {}, seconds = 0): string {
  let memory = freshMemory;
  for (let at = 0; ; at += 10) {
    const seen = look({ ...scene, at: at * 1000 });
    const decided = decideShiftReady(seen, learnOwners(noOwners, seen), { ...rules, ...change }, memory);
    memory = decided.memory;
    const { decision } = decided;
    if (at >= seconds) return decision.status === "passed" ? "passed" : `${decision.status} ${decision.reason}`;
  }
}

/** So many healthy targets carried all requests when it began; green is to get this part. */
const loadOf = (before: number, part: number, excused: Partial<LoadRules["excused"]> = {}): LoadRules => ({
  parts: { green: part },
  loads: Object.fromEntries(
    ["web", "api"].map(
      (port) =>
        [port, { owner: "autoscaler", percent: 100, before: { blue: before }, partsBefore: { blue: 1 } }] as const,
    ),
  ),
  excused: { ...nothingExcused, ...excused },
  growMs: 60_000,
});
const fixed = (targets: number): LoadRules["loads"] => ({ web: { owner: "config", targets } });

const lenient = { lenient: true };
const cases: readonly (readonly [string, Scene, string, Partial<ShiftReadyRules>?])[] = [
  ["all of its targets are healthy", {}, "passed"],
  ["one is not healthy", { states: { green: ["healthy", "unhealthy", "healthy"] } }, "waiting unhealthy"],
  ["one is new", { states: { green: ["healthy", "initial", "healthy"] } }, "waiting initial"],
  ["one goes", { states: { green: ["healthy", "draining", "healthy"] } }, "waiting unhealthy"],
  [
    "nobody checks its group: no rule lists it",
    { states: { green: ["unused", "unused", "unused"] } },
    "waiting unhealthy",
  ],
  ["one of its endpoints is not registered", { states: { green: ["healthy", "healthy"] } }, "waiting not-registered"],
  ["none is registered", { states: { green: [] } }, "waiting not-registered"],
  ["AWS does not tell one of its groups", { untold: ["api@green"] }, "waiting unknown"],
  ["its cluster is silent, and AWS says that all is well", { silent: ["green"] }, "passed"],
  [
    "its cluster is silent and one target is sick",
    { silent: ["green"], states: { green: ["unhealthy"] } },
    "waiting unhealthy",
  ],
  [
    "its cluster is silent and nothing is registered",
    { silent: ["green"], states: { green: [] } },
    "waiting not-registered",
  ],
  ["requests fail", { failed: 1 }, "waiting probe"],
  ["whoever serves lost targets", { states: { blue: ["healthy"] } }, "waiting drift"],
  ["nobody rises, and those that serve are well", {}, "passed", { rising: [] }],
  ["nobody rises, and requests fail", { failed: 1 }, "waiting probe", { rising: [] }],
  ["way back: requests fail", { failed: 16 }, "passed", lenient],
  ["way back: who still serves is sick", { states: { blue: ["unhealthy"] } }, "passed", lenient],
  ["way back: half of its targets are healthy", { states: { green: ["healthy", "unhealthy"] } }, "passed", lenient],
  [
    "way back: less than half are",
    { states: { green: ["healthy", "unhealthy", "unhealthy"] } },
    "waiting unhealthy",
    lenient,
  ],
  ["half of the requests need as many as it has", {}, "passed", { load: loadOf(6, 0.5) }],
  ["half of the requests need more", {}, "waiting capacity", { load: loadOf(7, 0.5) }],
  ["what division leaves over is no pod", {}, "passed", { load: loadOf(10, 0.1 + 0.2) }],
  ["it was sick before: nobody makes up for that", {}, "passed", { load: loadOf(8, 0.5, { sick: () => 1 }) }],
  ["it had no more before", {}, "passed", { load: { ...loadOf(8, 1, { had: () => 3 }), loads: fixed(8) } }],
  ["the config says more", {}, "waiting capacity", { load: { ...loadOf(0, 0.5), loads: fixed(7) } }],
  ["those that carried it have more now", {}, "waiting capacity", { load: loadOf(2, 1.1) }],
  ["way back: none is", { states: { green: ["unhealthy"] } }, "waiting unhealthy", lenient],
  ["way back: none is there", { states: { green: [] } }, "waiting not-registered", lenient],
];

describe("the gate before a shift", () => {
  for (const [name, scene, wanted, change] of cases)
    it(`${wanted}: ${name}`, () => assert.equal(says(scene, change), wanted));

  it("asks no more of who rises the more it has: what it says is enough, is enough", () => {
    const healthy = (count: number) => Array<"healthy">(count).fill("healthy");
    // Blue has one for its half. Green has as many, or was made larger since, and is to carry all.
    for (const [count, enough] of [
      [1, false],
      [2, true],
      [3, true],
    ] as const) {
      const [before, partsBefore] = [
        { blue: 1, green: count },
        { blue: 0.5, green: 0.5 },
      ];
      const loads: LoadRules["loads"] = { web: { owner: "autoscaler", percent: 100, before, partsBefore } };
      const seen = look({ states: { blue: healthy(1), green: healthy(count) } });
      const lacks = lacksForPart(seen, learnOwners(noOwners, seen), { ...loadOf(0, 1), loads }, freshMemory);
      assert.equal(lacks === null, enough, `${count} targets`);
    }
  });

  it("fails when whoever serves is bad for long, and waits for a newcomer as long as the gate's timeout", () => {
    assert.equal(says({ failed: 1 }, {}, 30), "failed probe");
    assert.equal(says({ states: { blue: ["unhealthy"] } }, {}, 30), "failed peers-missing");
    assert.equal(says({ states: { green: ["initial"] } }, {}, 600), "waiting initial");
  });

  it("lets what was sick in the newcomer's cluster before be so", () => {
    const excused = {
      sick: (member: string) => (member === "green" ? 1 : 0),
      had: () => 3,
      dead: () => false,
      failing: () => 0,
      statuses: () => null,
      rang: () => false,
    };
    const scene: Scene = { states: { green: ["healthy", "unhealthy", "healthy"] } };
    assert.equal(says(scene, { excused }), "passed");
    assert.equal(says({ ...scene, silent: ["green"] }, { excused }), "passed");
  });
});
