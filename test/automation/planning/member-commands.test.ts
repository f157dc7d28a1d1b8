import assert from "node:assert/strict";
import fc from "fast-check";
import { planCommand } from "../../../automation/planning/member-commands";
import { servingCapacity, capacityFloor } from "../../../automation/planning/capacity";
import { afterStep, type Limits } from "../../../automation/planning/step-builder";
import {
  isMemberMove,
  absent,
  capacityOf,
  compareVersions,
  nodePercentOf,
  sizedAt,
  type MemberPlacement,
  type Placement,
  type RolloutCommand,
  type Step,
  servingMembers,
} from "../../../stacks/record";

const names = ["blue", "green", "red"];
const version = fc.constantFrom("1.34", "1.35");
const stands: fc.Arbitrary<MemberPlacement> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(absent) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(version, fc.constantFrom("running" as const, "stopped" as const))
      .map(([at, workload]): MemberPlacement => ({ role: "standby", version: at, workload })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(version, fc.constantFrom(50, 100, 100, 200))
      .map(([at, percent]) => sizedAt({ role: "active", version: at, workload: "running" }, percent)),
  },
);
const placement = fc
  .tuple(stands, stands, stands)
  .map((all): Placement => Object.fromEntries(all.map((one, index) => [names[index] as string, one])));
const limits: fc.Arbitrary<Limits> = fc.record({
  minActive: fc.integer({ min: 1, max: 2 }),
  bakeSeconds: fc.constantFrom(0, 300),
  minCapacityPercent: fc.constantFrom(0, 50, 100),
  maxCapacityPercent: fc.constantFrom(100, 200, 400),
});
const command: fc.Arbitrary<RolloutCommand> = fc.oneof(
  fc.record({
    name: fc.constantFrom("admit" as const, "drain" as const),
    member: fc.constantFrom(...names),
    percent: fc.constant(null),
  }),
  fc.record({
    name: fc.constant("scale" as const),
    member: fc.constantFrom(...names),
    percent: fc.constantFrom(50, 100, 150, 200, 400),
  }),
  fc.constant<RolloutCommand>({ name: "rollback", member: null, percent: null }),
);
const standard: Limits = { minActive: 1, bakeSeconds: 300, minCapacityPercent: 100, maxCapacityPercent: 200 };

function planned(current: Placement, asked: RolloutCommand, rules: Limits): Step[] | null {
  try {
    return planCommand(current, asked, rules);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "EBG-PLAN-IMPOSSIBLE");
    assert.notEqual((error as { remedy?: unknown }).remedy, "");
    return null;
  }
}
const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);
const active = (at: string, percent = 100): MemberPlacement =>
  sizedAt({ role: "active", version: at, workload: "running" }, percent);
const standby = (at: string, workload: "running" | "stopped" = "running"): MemberPlacement => ({
  role: "standby",
  version: at,
  workload,
});
const short = (steps: readonly Step[]): string[] =>
  steps.map((step) =>
    step.type === "bake"
      ? "bake"
      : `${step.kind} ` +
        `${step.member}${step.kind === "scale" ? " " + `${step.to.workload === step.from.workload ? `${capacityOf(step.to)}/${nodePercentOf(step.to)}` : step.to.workload}` : step.kind === "provision" ? ` ${step.to.version}` : ""}`,
  );
const ask = (
  name: RolloutCommand["name"],
  member: string | null = null,
  percent: number | null = null,
): RolloutCommand => ({ name, member, percent });
const refusal = (
  current: Placement,
  asked: RolloutCommand,
  rules: Limits = standard,
): { message: string; remedy: string } => {
  try {
    planCommand(current, asked, rules);
  } catch (error) {
    const { code, message, remedy } = error as { code: string; message: string; remedy: string };
    assert.equal(code, "EBG-PLAN-IMPOSSIBLE");
    return { message, remedy };
  }
  throw new Error("it was planned");
};

describe("planCommand", () => {
  it(
    "whatever is asked, wherever the members stand: what is needed stays in traffic, nobody is destroyed, no " +
      "version changes",
    () => {
      let plans = 0;
      fc.assert(
        fc.property(placement, command, limits, (current, asked, rules) => {
          const steps = planned(current, asked, rules);
          if (steps === null || steps.length === 0) return;
          plans += 1;
          const floor = capacityFloor(current, rules);
          const drains = steps.filter((step) => step.type === "move" && step.kind === "drain").length;
          for (const now of through(current, steps)) {
            assert.ok(servingCapacity(now) >= floor, `${servingCapacity(now)} < ${floor}`);
            // Somebody may begin with fewer than minActive; a command must not make it worse.
            if (drains > 0)
              assert.ok(servingMembers(now).length >= Math.min(rules.minActive, servingMembers(current).length));
          }
          steps.reduce((now, step) => {
            if (step.type === "bake") return now;
            assert.ok(isMemberMove(step));
            assert.deepEqual(now[step.member], step.kind === "provision" ? absent : step.from);
            assert.ok(["provision", "admit", "drain", "scale"].includes(step.kind), step.kind);
            if (step.kind !== "provision") assert.equal(step.to.version, step.from.version);
            if (step.kind === "drain") assert.ok(servingMembers(now).length > 1, "the last one is never drained");
            if (step.kind === "admit") assert.equal(step.from.workload, "running");
            return afterStep(now, step);
          }, current);
        }),
        { numRuns: 2000 },
      );
      assert.ok(plans > 300, `only ${plans} could be planned`);
    },
  );

  it("done once, it is done: planning the same again leaves nothing", () => {
    fc.assert(
      fc.property(placement, command, limits, (current, asked, rules) => {
        const steps = planned(current, asked, rules);
        if (steps === null || asked.name === "rollback") return;
        const end = through(current, steps).at(-1) as Placement;
        assert.deepEqual(planned(end, asked, rules), []);
        if (asked.name === "admit") assert.equal(end[asked.member ?? ""]?.role, "active");
        if (asked.name === "drain") assert.notEqual(end[asked.member ?? ""]?.role, "active");
        if (asked.name === "scale") assert.equal(capacityOf(end[asked.member ?? ""]), asked.percent);
      }),
      { numRuns: 1000 },
    );
  });

  it("a rollback ends with the older ones in traffic and the newer ones standing by, as many as before", () => {
    let plans = 0;
    fc.assert(
      fc.property(placement, limits, (current, rules) => {
        const steps = planned(current, ask("rollback"), rules);
        if (steps === null) return;
        plans += 1;
        const end = through(current, steps).at(-1) as Placement;
        assert.equal(servingMembers(end).length, servingMembers(current).length);
        const came = servingMembers(end).filter((name) => current[name]?.role === "standby");
        const went = servingMembers(current).filter((name) => end[name]?.role === "standby");
        assert.ok(came.length > 0 && came.length === went.length);
        for (const name of came)
          for (const other of went) assert.ok(compareVersions(end[name]?.version ?? "", end[other]?.version ?? "") < 0);
      }),
      { numRuns: 2000 },
    );
    assert.ok(plans > 50, `only ${plans} could be planned`);
  });

  const cases: readonly {
    readonly name: string;
    readonly from: Placement;
    readonly asked: RolloutCommand;
    readonly steps: readonly string[];
    readonly rules?: Limits;
  }[] = [
    {
      name: "admit of a standby",
      from: { blue: active("1.34"), green: standby("1.35") },
      asked: ask("admit", "green"),
      steps: ["admit green", "bake"],
    },
    {
      name: "admit of one whose workload was stopped starts it first",
      from: { blue: active("1.34"), green: standby("1.35", "stopped") },
      asked: ask("admit", "green"),
      steps: ["scale green running", "admit green", "bake"],
    },
    {
      name: "admit of an absent one makes it at the newest version that serves",
      from: { blue: active("1.34"), green: active("1.35"), red: absent },
      asked: ask("admit", "red"),
      steps: ["provision red 1.35", "admit red", "bake"],
    },
    {
      name: "drain with room: the other one is scaled up",
      from: { blue: active("1.34"), green: active("1.34") },
      asked: ask("drain", "blue"),
      steps: ["scale green 200/200", "drain blue"],
    },
    {
      name: "drain where two can share the load",
      from: { blue: active("1.34"), green: active("1.34"), red: active("1.34") },
      asked: ask("drain", "red"),
      steps: ["scale blue 150/150", "scale green 150/150", "drain red"],
    },
    {
      name: "drain without a floor",
      from: { blue: active("1.34"), green: active("1.34") },
      asked: ask("drain", "blue"),
      steps: ["drain blue"],
      rules: { ...standard, minCapacityPercent: 50 },
    },
    {
      name: "scaling up is one move",
      from: { blue: active("1.34") },
      asked: ask("scale", "blue", 200),
      steps: ["scale blue 200/200"],
    },
    {
      name: "scaling down in traffic is two: pods go before the nodes under them",
      from: { blue: active("1.34", 200), green: active("1.34") },
      asked: ask("scale", "blue", 100),
      steps: ["scale blue 100/200", "scale blue 100/100"],
    },
    {
      name: "a standby is scaled in one",
      from: { blue: active("1.34"), green: sizedAt(standby("1.34"), 200) },
      asked: ask("scale", "green", 100),
      steps: ["scale green 100/100"],
    },
    {
      name: "rollback after a replace: the old one is started, admitted, baked, and the new one leaves",
      from: { blue: standby("1.34", "stopped"), green: active("1.35") },
      asked: ask("rollback"),
      steps: ["scale blue running", "admit blue", "bake", "drain green"],
    },
    {
      name: "rollback of a new one that was made larger: the old one gets that size before the new one leaves",
      from: { blue: standby("1.34"), green: active("1.35", 200) },
      asked: ask("rollback"),
      steps: ["admit blue", "bake", "scale blue 200/200", "drain green"],
    },
    {
      name: "rollback where the newer one is bound and nobody is sent there: it goes, whoever else stands by",
      from: {
        blue: { ...active("1.34"), share: 100 },
        green: { ...active("1.35"), share: 0 },
        red: standby("1.33"),
      },
      asked: ask("rollback"),
      steps: ["drain green"],
      rules: { ...standard, weighted: { steps: [10, 100], stepSeconds: 60 } },
    },
    {
      name: "rollback where the newer one has a part beside the older one: it loses it, and goes",
      from: { blue: { ...active("1.34"), share: 80 }, green: { ...active("1.35"), share: 20 } },
      asked: ask("rollback"),
      steps: ["scale blue 200/200", "shift undefined", "bake", "drain green"],
      rules: { ...standard, weighted: { steps: [100], stepSeconds: 60 } },
    },
    {
      name: "a drain of somebody who is out already",
      from: { blue: active("1.34"), green: standby("1.34") },
      asked: ask("drain", "green"),
      steps: [],
    },
  ];
  for (const { name, from, asked, steps, rules } of cases)
    it(name, () => assert.deepEqual(short(planCommand(from, asked, rules ?? standard)), steps));

  it("a drain beside a member that serves nobody: the others carry what the two have carried that serve", () => {
    const from = { blue: active("1.34", 150), green: active("1.34"), red: active("1.34") };
    assert.deepEqual(short(planCommand(from, ask("drain", "red"), standard, ["blue"])), [
      "scale green 200/200",
      "drain red",
    ]);
    assert.throws(
      () => planCommand(from, ask("drain", "red"), { ...standard, maxCapacityPercent: 150 }, ["blue"]),
      /red.* can't leave traffic: green would have to carry 200 % .* has room for 150 %/,
    );
    assert.deepEqual(short(planCommand(from, ask("drain", "red"), standard)), ["scale green 150/150", "drain red"]);
    // Where nobody serves, sizes are all that is known.
    assert.deepEqual(short(planCommand(from, ask("drain", "red"), standard, ["blue", "green", "red"])), [
      "scale green 150/150",
      "drain red",
    ]);
  });

  it("says why not, and what to do", () => {
    const two = { blue: active("1.34"), green: active("1.34") };
    assert.match(
      refusal({ blue: active("1.34"), green: standby("1.34") }, ask("drain", "blue")).message,
      /blue can't leave traffic: 0 other members active/,
    );
    assert.match(
      refusal(two, ask("drain", "blue"), { ...standard, minActive: 2 }).remedy,
      /lower eks-blue-green:rollout\.minActive/,
    );
    assert.match(
      refusal(two, ask("drain", "blue"), { ...standard, maxCapacityPercent: 150 }).message,
      /200 % .* cluster\.nodes\.maxSize has room for 150 %/,
    );
    assert.match(
      refusal(two, ask("scale", "blue", 50)).message,
      /with blue at 50 % the active members carry 150 %, and traffic needs 200 %/,
    );
    assert.match(refusal(two, ask("scale", "blue", 400)).message, /can't be scaled to 400 %/);
    assert.match(refusal({ ...two, red: absent }, ask("scale", "red", 200)).remedy, /admit red/);
    assert.match(refusal({ blue: absent, green: absent }, ask("admit", "blue")).message, /no other member exists/);
    assert.match(refusal(two, ask("drain", "grey")).message, /no member 'grey' \(there are: blue, green\)/);
    assert.match(
      refusal(two, ask("rollback")).message,
      /nothing to go back to: no member of an older version than 1\.34 stands by/,
    );
    assert.match(refusal({ blue: absent, green: active("1.35") }, ask("rollback")).message, /retired is destroyed/);
    assert.match(
      refusal({ blue: standby("1.36"), green: active("1.35") }, ask("rollback")).message,
      /nothing to go back to/,
    );
  });
});
