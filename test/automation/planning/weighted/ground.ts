/** Placements with shares, ways through them, and what must hold on every way. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { capacityFloor } from "../../../../automation/planning/capacity";
import { afterStep, type Limits } from "../../../../automation/planning/replace";
import {
  absent,
  beginMove,
  capacityOf,
  changesOf,
  commitBake,
  commitMove,
  isBound,
  partOf,
  servingMembers,
  startRollout,
  turnBack,
  type EnvironmentRecord,
  type MemberPlacement,
  type Placement,
  type Rollout,
  type Step,
} from "../../../../stacks/record";

export const names = ["blue", "green", "red", "grey"];
export const limits: Limits = {
  minActive: 1,
  bakeSeconds: 300,
  weighted: { steps: [10, 50, 100], stepSeconds: 120 },
};

export const version = fc.constantFrom("1.33", "1.34", "1.35");
export const stepsOf = fc.constantFrom([100], [10, 50, 100], [1, 10, 50, 100], [1, 2, 3, 99, 100]);

/** `half`: also members whose shares an earlier rollout left half-way. */
const standing = (half: boolean): fc.Arbitrary<MemberPlacement> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(absent) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(version, fc.constantFrom("running" as const, "stopped" as const))
        .map(([at, workload]): MemberPlacement => ({ role: "standby", version: at, workload })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(version, half ? fc.constantFrom(0, 1, 10, 50, 90, 100) : fc.constant(100))
        .map(([at, share]): MemberPlacement => ({ role: "active", version: at, workload: "running", share })),
    },
  );

/** Two to four of the names are in use; the others are free. */
export const placementOf = (half: boolean): fc.Arbitrary<Placement> =>
  fc
    .tuple(fc.integer({ min: 2, max: 4 }), ...names.map(() => standing(half)))
    .map(([count, ...all]): Placement =>
      Object.fromEntries(names.map((name, index) => [name, index < count ? (all[index] ?? absent) : absent])),
    );

export const active = (share: number, at = "1.34"): MemberPlacement => ({
  role: "active",
  version: at,
  workload: "running",
  share,
});

/** What a planner answers; null when it refuses for a reason that the driver names. */
export function tried(plan: () => Step[]): Step[] | null {
  try {
    return plan();
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "EBG-PLAN-IMPOSSIBLE", String(error));
    return null;
  }
}

export const through = (current: Placement, steps: readonly Step[]): Placement[] =>
  steps.reduce<Placement[]>((all, step) => [...all, afterStep(all.at(-1) as Placement, step)], [current]);

/** Steps as a reader says them. */
export const told = (steps: readonly Step[]): string[] =>
  steps.map((step) => {
    if (step.type === "bake") return `bake ${step.seconds}`;
    if (step.kind !== "shift") return `${step.kind} ${step.member}`;
    return `shift ${Object.entries(step.changes)
      .map(([name, { to }]) => `${name} ${to.share}`)
      .join(", ")}`;
  });

function sound(now: Placement, step: Step, endsService: boolean): void {
  if (step.type === "bake") return assert.ok(step.seconds > 0);
  for (const [name, { from, to }] of Object.entries(changesOf(step))) {
    assert.deepEqual(now[name], from, `${step.kind} ${name} starts where it stands`);
    assert.equal(to.share !== undefined, isBound(to), `${step.kind} ${name}: bound members have shares, no others`);
  }
  if (step.kind === "admit") assert.equal(step.to.share, 0, "nobody is sent to a member that only came in");
  if (step.kind === "drain" && isBound(step.from) && !endsService)
    assert.equal(step.from.share, 0, "drained without a share");
  if (step.kind !== "shift") return;
  for (const { from, to } of Object.values(step.changes)) {
    assert.deepEqual({ ...to, share: 0 }, { ...from, share: 0 }, "a shift changes shares alone");
    assert.ok(Number.isInteger(to.share) && (to.share ?? -1) >= 0 && (to.share ?? 1000) <= 999, String(to.share));
  }
}

/** Holds on every way: see each message. `floor`: capacity that must serve; each member as large as its part of it. */
export function checkWay(
  current: Placement,
  steps: readonly Step[],
  { endsService = false, minActive = 1, floor = 0 }: { endsService?: boolean; minActive?: number; floor?: number } = {},
): Placement {
  const least = Math.min(minActive, servingMembers(current).length);
  let served = servingMembers(current).length > 0;
  return steps.reduce((now, step) => {
    sound(now, step, endsService);
    const after = afterStep(now, step);
    const serving = servingMembers(after);
    if (!endsService) {
      assert.ok(serving.length >= least, `${serving.length} serve after ${JSON.stringify(step)}`);
      assert.ok(!served || serving.length > 0, "the sum of the shares is never 0");
    }
    for (const name of serving) assert.equal(after[name]?.workload, "running", `${name} serves and runs`);
    if (!endsService && floor > 0)
      for (const name of serving)
        assert.ok(
          capacityOf(after[name]) >= Math.floor(floor * (partOf(after, name) ?? 0)),
          `${name} carries its part after ${JSON.stringify(step)}`,
        );
    served ||= serving.length > 0;
    return after;
  }, current);
}

export const floorFor = (current: Placement): number => capacityFloor(current, limits);

type Asked = Pick<Rollout, "strategy" | "wantedVersion"> & Partial<Pick<Rollout, "command">>;
const signed = { startedAt: "t", by: "b" };

const begin = (record: EnvironmentRecord, step: number): EnvironmentRecord =>
  beginMove(record, { step, ...signed, targetsBefore: {} });

/** The record after `count` steps, with the next move begun or not, made by the record's own transitions. */
export function prefix(
  current: Placement,
  steps: readonly Step[],
  asked: Asked,
  { count, open }: { readonly count: number; readonly open: boolean },
): EnvironmentRecord {
  const first: EnvironmentRecord = { schemaVersion: 2, revision: 1, placement: current, rollout: null, intent: null };
  let record = startRollout(first, { id: "r", ...asked, steps, startedAt: "t" });
  for (let index = 0; index < Math.min(count, steps.length); index += 1)
    record = steps[index]?.type === "bake" ? commitBake(record) : commitMove(begin(record, index));
  return open && steps[count]?.type === "move" ? begin(record, count) : record;
}

/** The record takes the way back, and goes it: where that ends. */
export function goBack(record: EnvironmentRecord, steps: readonly Step[]): Placement {
  let now = turnBack(record, { reason: "r", steps, ...signed });
  steps.forEach((step, index) => {
    if (step.type === "bake") now = commitBake(now);
    else now = commitMove(now.intent === null ? begin(now, index) : now);
  });
  return now.placement;
}
