import assert from "node:assert/strict";
import fc from "fast-check";
import { sharedGroups } from "../group-refs";
import { decideEnough, type CapacityRules } from "../../../automation/gates/capacity";
import { freshMemory, type GateMemory } from "../../../automation/gates/gate-result";
import type { MemberObservation, Observation } from "../../../automation/observation/observe";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import type { Target } from "../../../automation/ports";

const toleratedMs = 3000;
interface Seen {
  readonly states: readonly string[];
  readonly endpoints?: number;
  readonly reachable?: boolean;
}
const idOf = (member: string, index: number): string => `10.${member.length}.0.${index}:8080`;

function world(
  members: Readonly<Record<string, Seen>>,
  told = true,
): { look: Observation; owners: ReturnType<typeof learnOwners> } {
  const targets: Target[] = Object.entries(members).flatMap(([name, { states }]) =>
    states.map((state, index) => ({ id: idOf(name, index), state, reason: null, description: null }) as Target),
  );
  const observed = (name: string, { states, endpoints, reachable }: Seen, everybody: boolean): MemberObservation => ({
    name,
    clusterName: `dev-${name}`,
    reachable: everybody || reachable !== false,
    problem: reachable === false ? "refused" : "",
    nodes: null,
    controller: null,
    services:
      !everybody && reachable === false
        ? {}
        : {
            web: {
              declaredBinding: "web",
              bindings: [],
              recorded: states.map((_, index) => idOf(name, index)),
              endpoints: states
                .slice(0, everybody ? states.length : (endpoints ?? states.length))
                .map((_, index) => idOf(name, index)),
              deployment: null,
              pods: 0,
            },
          },
  });
  const at = (everybody: boolean): Observation => ({
    at: 0,
    groups: { web: targets },
    groupOf: sharedGroups("web"),
    members: Object.fromEntries(Object.entries(members).map(([name, seen]) => [name, observed(name, seen, everybody)])),
    probes: {},
    alarms: null,
    problems: [],
  });
  const look = at(false);
  return { look: told ? look : { ...look, groups: { web: null } }, owners: learnOwners(noOwners, at(true)) };
}
const healthy = (count: number): Seen => ({ states: Array<string>(count).fill("healthy") });
const leaving: CapacityRules = {
  member: "blue",
  stayers: ["green"],
  minActive: 1,
  required: { web: 6 },
  keeps: {},
  toleratedMs,
};
function decide(
  members: Readonly<Record<string, Seen>>,
  rules: Partial<CapacityRules> = {},
  memory: GateMemory = freshMemory,
  at = 0,
  told = true,
) {
  const { look, owners } = world(members, told);
  return decideEnough({ ...look, at }, owners, { ...leaving, ...rules }, memory);
}

describe("the gate of capacity before a member leaves traffic", () => {
  it("passes exactly when the healthy targets of those that stay reach what is required", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("healthy", "healthy", "healthy", "initial", "unhealthy", "draining"), {
          maxLength: 12,
        }),
        fc.array(fc.constantFrom("healthy", "healthy", "unhealthy"), { maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        (green, red, least) => {
          const { decision } = decide(
            { blue: healthy(3), green: { states: green }, red: { states: red } },
            { stayers: ["green", "red"], required: { web: least } },
          );
          const good = [...green, ...red].filter((state) => state === "healthy").length;
          const serves = (states: readonly string[]): boolean => {
            const registered = states.filter((state) => state !== "draining");
            const fit = registered.filter((state) => state === "healthy").length;
            return fit > 0 && fit * 2 >= registered.length;
          };
          assert.equal(decision.status === "passed", good >= least && (serves(green) || serves(red)), decision.message);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("the one that leaves does not count, nor does a target whose pod is gone", () => {
    assert.match(
      decide({ blue: healthy(6), green: healthy(3) }).decision.message,
      /without blue 3 healthy targets stay in 'web', 6 must/,
    );
    assert.match(
      decide({ blue: healthy(3), green: { ...healthy(6), endpoints: 4 } }).decision.message,
      /4 healthy targets stay/,
    );
  });

  it("of a member that can't be asked AWS's word counts", () =>
    assert.equal(decide({ blue: healthy(3), green: { ...healthy(6), reachable: false } }).decision.status, "passed"));

  it("asks for minActive healthy members, however large one is", () => {
    const { decision } = decide(
      { blue: healthy(3), green: healthy(12), red: { states: ["unhealthy"] } },
      { stayers: ["green", "red"], minActive: 2 },
    );
    assert.match(decision.message, /1 other member active and healthy, 2 must be \(green: healthy, red: unhealthy\)/);
    assert.match(decide({ blue: healthy(3) }, { stayers: [] }).decision.message, /0 other members.*none is active/);
  });

  it("made smaller, the member counts with what it keeps, and as one of minActive", () => {
    assert.equal(
      decide({ blue: healthy(6), green: healthy(3) }, { keeps: { web: 3 }, minActive: 2 }).decision.status,
      "passed",
    );
    assert.equal(decide({ blue: healthy(6), green: healthy(3) }, { keeps: { web: 2 } }).decision.status, "waiting");
    assert.equal(decide({ blue: healthy(6) }, { stayers: [], keeps: { web: 6 } }).decision.status, "passed");
  });

  it("where nobody can say how many, all of the others' targets must be healthy", () => {
    assert.equal(
      decide({ blue: healthy(3), green: healthy(1) }, { required: { web: null } }).decision.status,
      "passed",
    );
    assert.match(
      decide({ blue: healthy(3), green: { states: ["healthy", "initial"] } }, { required: { web: null } }).decision
        .message,
      /1 of 2 targets of green are not healthy/,
    );
  });

  it("where an autoscaler owns the number, those that stay must have as many as those that leave have or had", () => {
    const like = (percent: number, leaving = ["blue"], before = {}): Partial<CapacityRules> => ({
      required: { web: { percent, leaving, before } },
      growMs: 60_000,
    });
    assert.equal(decide({ blue: healthy(40), green: healthy(40) }, like(100)).decision.status, "passed");
    assert.match(
      decide({ blue: healthy(40), green: healthy(1) }, like(100)).decision.message,
      /without blue 1 healthy targets stay in 'web', 40 must: .*green is an autoscaler's \(its minReplicas/,
    );
    assert.equal(decide({ blue: healthy(40), green: healthy(20) }, like(50)).decision.status, "passed");
    assert.match(decide({ blue: healthy(40), green: healthy(19) }, like(50)).decision.message, /20 must/);
    // Resumed: half of its targets have left; and another member left before.
    assert.match(
      decide({ blue: healthy(20), green: healthy(30) }, like(100, ["blue"], { blue: 40 })).decision.message,
      /40 must/,
    );
    assert.match(
      decide({ blue: healthy(40), green: healthy(40) }, like(100, ["blue"], { red: 10 })).decision.message,
      /50 must/,
    );
  });

  it("an autoscaler gets its time to add pods, with the remedy when it does not; sick targets get none of it", () => {
    const rules: Partial<CapacityRules> = {
      required: { web: { percent: 100, leaving: ["blue"], before: {} } },
      growMs: 60_000,
    };
    const growing = { blue: healthy(3), green: { states: ["healthy", "initial"] } };
    const short = decide(growing, rules);
    assert.equal(decide(growing, rules, short.memory, 59_999).decision.status, "waiting");
    const late = decide(growing, rules, short.memory, 60_000).decision;
    assert.equal(late.status, "failed");
    if (late.status === "failed")
      assert.match(
        late.remedy,
        /raise minReplicas of the HorizontalPodAutoscaler on green .*rollout\.minCapacityPercent/,
      );
    assert.equal(
      decide(
        { blue: healthy(3), green: { states: ["healthy", "healthy", "unhealthy"] } },
        rules,
        short.memory,
        toleratedMs,
      ).decision.status,
      "failed",
    );
  });

  it("what AWS does not tell is waited for and never held against anybody; what is seen to lack fails after a while", () => {
    const silent = decide({ blue: healthy(3), green: healthy(6) }, {}, freshMemory, 0, false);
    assert.equal(silent.decision.status, "waiting");
    assert.equal(
      decide({ blue: healthy(3), green: healthy(6) }, {}, silent.memory, 60_000, false).decision.status,
      "waiting",
    );
    const short = decide({ blue: healthy(3), green: healthy(3) });
    assert.equal(short.decision.status, "waiting");
    assert.equal(
      decide({ blue: healthy(3), green: healthy(3) }, {}, short.memory, toleratedMs - 1).decision.status,
      "waiting",
    );
    const late = decide({ blue: healthy(3), green: healthy(3) }, {}, short.memory, toleratedMs).decision;
    assert.equal(late.status, "failed");
    if (late.status === "failed") assert.match(late.remedy, /rollout\.minCapacityPercent/);
  });
});
