/** The gate after a shift: AWS has the weights, twice, in every route; the hold; requests and targets meanwhile. */
import assert from "node:assert/strict";
import { decideShifted, type ShiftedRules } from "../../../automation/gates/shifted";
import { freshMemory, type Decision } from "../../../automation/gates/gate-result";
import { excusedBy } from "../../../automation/observation/baseline";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import { look, weightsOf, type Scene } from "./weighted-look";

const wanted = weightsOf({ blue: 90, green: 10 });
const before = weightsOf({ blue: 100, green: 0 });
const rules: ShiftedRules = {
  weights: wanted,
  what: "green 10 %, blue 90 %",
  serving: ["blue", "green"],
  peersBefore: {},
  confirmMs: 10_000,
  holdMs: 120_000,
  toleratedMs: 30_000,
};

/** Round after round; what the gate says at each. */
function rounds(scenes: readonly Scene[], change: Partial<ShiftedRules> = {}): Decision[] {
  let memory = freshMemory;
  return scenes.map((scene) => {
    const seen = look(scene);
    const decided = decideShifted(seen, learnOwners(noOwners, seen), { ...rules, ...change }, memory);
    memory = decided.memory;
    return decided.decision;
  });
}
const said = (decision: Decision | undefined): string =>
  decision?.status === "passed" ? "passed" : `${decision?.status} ${decision?.reason}`;
const last = (scenes: readonly Scene[], change: Partial<ShiftedRules> = {}): string =>
  said(rounds(scenes, change).at(-1));
const every = (seconds: number, times: number, scene: Scene = {}, from = 0): Scene[] =>
  Array.from({ length: times }, (_, index) => ({ ...scene, at: (from + index * seconds) * 1000 }));

describe("the gate of a shift", () => {
  it("passes when AWS has said the weights for the confirmation and the hold, and not a second before", () => {
    const decided = rounds(every(10, 14));
    assert.deepEqual(decided.map(said), [...Array<string>(13).fill("waiting hold"), "passed"]);
    assert.match(decided[0]?.message ?? "", /AWS has green 10 %, blue 90 %; it is asked once more/);
    assert.match(decided[5]?.message ?? "", /the load balancer may still route the old way \(80 s left\)/);
  });

  it("never passes at the first look, however long the hold is over", () => {
    assert.equal(last([{ at: 1_000_000_000 }], { holdMs: 0 }), "waiting hold");
    assert.equal(last(every(10, 2), { holdMs: 0 }), "passed");
  });

  const cases: readonly (readonly [name: string, scenes: readonly Scene[], says: string])[] = [
    ["weights of before in all routes", every(200, 3, { weights: before }), "waiting weights"],
    [
      "one of two routes half-way",
      every(200, 3, { weights: { web: wanted["web"] ?? {}, api: before["api"] ?? {} } }),
      "waiting weights",
    ],
    ["a route that is gone", every(200, 3, { weights: { web: wanted["web"] ?? {}, api: null } }), "waiting weights"],
    ["a route that AWS does not name", every(200, 3, { weights: { web: wanted["web"] ?? {} } }), "waiting weights"],
    [
      "a member's group that is not listed, though it would get nothing",
      every(200, 3, { weights: { ...wanted, web: { "web@blue": 90 } } }),
      "waiting weights",
    ],
    [
      "a colleague's group in the action",
      every(200, 3, { weights: { ...wanted, web: { ...wanted["web"], "arn:x": 1 } } }),
      "waiting weights",
    ],
    [
      "the same shares in other numbers",
      every(200, 3, { weights: weightsOf({ blue: 9, green: 1 }) }),
      "waiting weights",
    ],
    ["weights that AWS does not tell", every(200, 3, { weights: null }), "waiting unknown"],
    [
      "weights that fall back: everything begins anew",
      [...every(10, 13), { at: 130_000, weights: before }, ...every(10, 13, {}, 140)],
      "waiting hold",
    ],
    [
      "one look without an answer in between: nothing begins anew",
      [...every(10, 12), { at: 125_000, weights: null }, { at: 130_000 }],
      "passed",
    ],
    [
      "a look without targets at the end",
      [...every(10, 13), { at: 130_000, untold: ["web@green"] }],
      "waiting unknown",
    ],
  ];
  for (const [name, scenes, says] of cases) it(`${says}: ${name}`, () => assert.equal(last(scenes), says));

  it("names what each route has instead", () => {
    const [decided] = rounds([{ weights: { web: { "web@blue": 100 }, api: wanted["api"] ?? {} } }]);
    assert.match(decided?.message ?? "", /'web' has blue 100 instead of blue 90, green 10/);
    assert.doesNotMatch(decided?.message ?? "", /api/);
  });

  it("fails on requests that fail, after the time that is tolerated and not at the hold's end", () => {
    assert.equal(last(every(10, 3, { failed: 2 })), "waiting probe");
    assert.equal(last(every(10, 4, { failed: 2 })), "failed probe");
    // Also while AWS does not have the weights yet.
    assert.equal(last(every(10, 4, { failed: 2, weights: before })), "failed probe");
  });

  it("does not pass on one good round behind bad ones: they must be forgotten first", () => {
    const late = [...every(10, 12), { at: 120_000, failed: 2 }, { at: 130_000 }];
    assert.equal(last(late), "waiting hold");
    assert.equal(last([...late, { at: 140_000 }, { at: 150_000, failed: 1 }]), "failed probe");
    assert.equal(last([...late, ...every(10, 3, {}, 140)]), "passed");
    // Where there is nothing better to turn to, what passes by itself keeps nobody.
    assert.equal(last(late, { toleratedMs: Number.POSITIVE_INFINITY }), "passed");
  });

  it("fails on targets of a member that gets requests; those of one that gets none any more keep nobody", () => {
    const sick = { states: { green: ["healthy", "unhealthy", "healthy"] } } as const;
    assert.equal(last(every(10, 4, sick)), "failed peers-unhealthy");
    assert.equal(last(every(10, 14, sick), { serving: ["blue"] }), "passed");
  });

  it("waits out requests that fail on the way back as long as the load balancer may route the old way, no longer", () => {
    const back = { requestsTellLate: true };
    assert.equal(last(every(10, 13, { failed: 16 }), back), "waiting hold");
    assert.equal(last([...every(10, 13, { failed: 16 }), { at: 130_000 }], back), "passed");
    assert.equal(last(every(10, 17, { failed: 16 }), back), "failed probe");
    // Targets are judged at once all the same.
    assert.equal(
      last(every(10, 4, { states: { blue: ["unhealthy", "healthy", "healthy"] } }), back),
      "failed peers-unhealthy",
    );
  });

  it("fails as soon as an alarm rings that did not before, where alarms tell of the newcomer", () => {
    const rings: Scene = { at: 0, alarms: ["web-5xx"] };
    const judged = { alarmsUnlessDead: ["blue"] };
    assert.equal(last([rings], judged), "failed alarm");
    assert.equal(last([{ ...rings, weights: before }], judged), "failed alarm");
    assert.equal(last([rings]), "waiting hold");
    assert.equal(
      last([rings], { ...judged, excused: excusedBy([{ targets: {}, requests: {}, alarms: ["web-5xx"] }]) }),
      "waiting hold",
    );
    // CloudWatch that says nothing keeps no hold from its end: the bake behind it waits for it.
    assert.equal(last(every(10, 14), judged), "passed");
    // The old member dies: the alarm rings for that, and the targets tell it.
    const dead = { states: { blue: ["unhealthy", "unhealthy", "unhealthy"] } } as const;
    assert.equal(last([{ ...rings, ...dead }], judged), "waiting peers-unhealthy");
  });

  it("never passes without a route to look at", () =>
    assert.equal(last(every(200, 3), { weights: {} }), "waiting unknown"));

  it("does not blame the shift for what was so before", () => {
    const excused = {
      sick: () => 1,
      had: () => 3,
      dead: () => false,
      failing: () => 0.5,
      statuses: () => null,
      rang: () => false,
    };
    const scenes = every(10, 14, { failed: 8, states: { blue: ["healthy", "healthy", "unhealthy"] } });
    assert.equal(last(scenes, { excused }), "passed");
    assert.equal(last(scenes), "failed peers-unhealthy");
  });
});
