/** Which way out of a failed gate: back to the members that served before, or not at all. Pure. */
import {
  boundMembers,
  capacityOf,
  describeMove,
  isBound,
  isMemberMove,
  isMovedBy,
  isServing,
} from "../../stacks/record";
import { isWeighted, membersOf, nodePercentOf, placementAfter, servingMembers } from "../../stacks/record";
import type { EnvironmentRecord, MemberMove, Move, Placement, Step } from "../../stacks/record";
import { getsSome } from "./emptying";
import { emptiedBy, raisedBy, shareOf } from "./shares";
import { isUpgrade, Steps } from "./step-builder";
import { turnAgain } from "./turn-again";
import { goOn, moving, placementBefore, stay, undo } from "./way-back";
import type { ObservedHealth, WalkBack, WalkBackOptions } from "./way-back";
import { doing } from "../text/sentences";

export { otherSide, takesOutAgain } from "./turn-again";
export { placementBefore } from "./way-back";
export type { ObservedHealth, Turning, WalkBack, WalkBackOptions } from "./way-back";

/**
 * The steps back from the record (with the open intent taken as done, because part of it may be) to the members that
 * were active
 * when the rollout began: first everything that comes in again, then everything that goes out, then the sizes (nobody
 * gets smaller while
 * one of those members is in traffic and does not serve: the others carry its load). Members are neither
 * provisioned nor destroyed on the way back (but one that is half made, when somebody asks for the way back), and no
 * version is lowered:
 * the new one stays as a standby, so that its failure can be looked at.
 */
export function walkBack(record: EnvironmentRecord, health: ObservedHealth, options: WalkBackOptions = {}): WalkBack {
  if (record.rollout === null) return stay("no rollout is under way", "eks-blue-green status");
  if (record.rollout.direction === "back") return turnAgain(record, record.rollout, health, options);
  const intent = record.intent;
  if (intent?.move.kind === "provision" && options.requested === true) return unmade(record, intent.move, health);
  if (intent?.move.kind === "provision")
    return stay(
      `nothing was moved yet: ${intent.move.member} is not complete`,
      `repair what the message names, then go on with: ${goOn(record)}; or give it up: eks-blue-green rollback ` +
        "destroys what is half made",
    );
  if (intent?.move.kind === "retire")
    return stay(
      `${intent.move.member} is being destroyed; there is no way back from that`,
      `repair what the message names, then finish it: ${goOn(record)}`,
    );
  const now = intent === null ? record.placement : placementAfter(record.placement, intent.move);
  if (intent?.move.kind === "upgrade")
    return stay(
      stillOut(now, intent.move),
      `repair ${intent.move.member}, then go on with: ${goOn(record)}; the others keep the size that they carry its ` +
        "load with",
    );
  const gone = goneByNow(record, health, options.dead?.dead ?? []);
  const before = withoutShares(placementBefore(record), gone);
  const goal = servingMembers(before);
  const trusted = options.requested === true && options.failing !== true;
  const suspect = suspectOf(record, { before, goal, health, trusted });
  if (suspect !== null) return outAgain(record, now, suspect, health);
  const sick = goal.filter((name) => health[name] !== "healthy");
  // Whoever comes back is asked by the gate of its admit, before sizes are touched.
  const sickInTraffic = sick.filter((name) => isBound(now[name]));
  const steps = stepsBack(now, before, intent?.move ?? null, [...sickInTraffic, ...gone]);
  const first = steps[0];
  if (intent !== null && !membersOf(intent.move).every((name) => first?.type === "move" && isMovedBy(first, name))) {
    return stay(
      `'${describeMove(intent.move)}' is open and has no move back`,
      `repair what the message names, then go on with: ${goOn(record)}`,
    );
  }
  const larger = goal.some((name) => capacityOf(now[name]) > capacityOf(before[name]));
  if (
    intent === null &&
    sickInTraffic.length > 0 &&
    (options.requested !== true || larger) &&
    steps.every((step) => step.type === "move" && step.kind === "scale")
  ) {
    return stay(
      `${sick.join(", ")}: not healthy; nobody is out of traffic, and nobody is made smaller meanwhile`,
      `repair ${sick.join(", ")} (eks-blue-green status), then go on with: ${goOn(record)}`,
    );
  }
  const way = toTheDead(record, steps, health, options.dead?.dead) ?? guard(record, now, steps, goal, health);
  const calm = options.requested === true && intent === null && health[servingMembers(now)[0] ?? ""] === "healthy";
  return way.kind === "steps" && calm ? { kind: "steps", steps: baked(way.steps, options.bakeSeconds ?? 0) } : way;
}

/** Those that came back must stay good for a time before the first of the others leaves. */
function baked(steps: readonly Step[], seconds: number): readonly Step[] {
  const drain = steps.findIndex((step) => step.type === "move" && step.kind === "drain");
  const first = steps.slice(0, Math.max(drain, 0)).flatMap((step) => (step.type === "move" ? [step] : []));
  const back = [...new Set(first.flatMap((move) => (move.kind === "admit" ? [move.member] : raisedBy(move))))];
  if (drain < 0 || back.length === 0 || seconds === 0) return steps;
  const bake: Step = { type: "bake", seconds, why: `${doing(back, "serve")} again` };
  return [...steps.slice(0, drain), bake, ...steps.slice(drain)];
}

/**
 * Asked for: one that is half made was never bound, so it is destroyed (with the approval of any `retire`); what was
 * moved before it is moved back.
 */
function unmade(record: EnvironmentRecord, { member, from, to }: MemberMove, health: ObservedHealth): WalkBack {
  const before = placementBefore(record);
  const way = guard(
    record,
    record.placement,
    stepsBack(record.placement, before, null, []),
    servingMembers(before),
    health,
  );
  return way.kind === "stay"
    ? way
    : { kind: "steps", steps: [{ type: "move", kind: "retire", member, from: to, to: from }, ...way.steps] };
}

function stillOut(now: Placement, { member, to }: MemberMove): string {
  return (
    `${member} is on its way to ${to.version ?? "?"} and can't go back: a cluster's version is never lowered. It ` +
    `stays out of traffic; ${doing(servingMembers(now), "serve")}`
  );
}

interface Suspecting {
  readonly before: Placement;
  /** Members that served when the rollout began. */
  readonly goal: readonly string[];
  readonly health: ObservedHealth;
  /** Asked for, and no request fails: nothing is broken. */
  readonly trusted: boolean;
}

/**
 * The member that came back last, upgraded in place, when it is what went wrong: its admit, a step of its share, or the
 * bake right behind them failed (asked for while requests are answered, only when its health does not speak for it, or
 * when it has not got its whole share back: nobody who asks for the way back wants it to get more), or it got sick later.
 * Before it came back the others served without it, and must still be as large.
 */
function suspectOf(
  { rollout, intent, placement }: EnvironmentRecord,
  { before, goal, health, trusted }: Suspecting,
): string | null {
  if (rollout === null || rollout.strategy !== "cycle" || !isUpgrade(rollout)) return null;
  const open = intent?.move;
  if (open !== undefined) {
    const raised = goal.find((name) => raisedBy(open).includes(name));
    if (raised !== undefined) return raised;
    return open.kind === "admit" && goal.includes(open.member) && (!trusted || health[open.member] !== "healthy")
      ? open.member
      : null;
  }
  const done = rollout.steps.slice(0, rollout.done);
  const index = done.findLastIndex((step) => step.type === "move" && step.kind === "admit");
  const admitted = done[index];
  if (admitted?.type !== "move" || admitted.kind !== "admit" || !goal.includes(admitted.member)) return null;
  const { member } = admitted;
  const half = shareOf(placement[member]) < shareOf(before[member]);
  if (trusted && !half) return null;
  const comesIn = (step: Step): boolean => step.type === "bake" || raisedBy(step).includes(member);
  const inItsBake = done.slice(index + 1).every(comesIn) && rollout.steps[rollout.done]?.type === "bake";
  if (!half && !inItsBake && health[member] === "healthy") return null;
  const without = undo(done.slice(index), placement);
  const smaller = servingMembers(without).some(
    (name) => !isServing(placement[name]) || capacityOf(placement[name]) < capacityOf(without[name]),
  );
  return smaller ? null : member;
}

function outAgain(record: EnvironmentRecord, now: Placement, suspect: string, health: ObservedHealth): WalkBack {
  const others = servingMembers(now).filter((name) => name !== suspect);
  const steps = new Steps(now);
  if (!isBound(steps.at(suspect)))
    return stay(`${suspect} is out already`, `repair what the message names, then go on with: ${goOn(record)}`);
  const open = record.intent?.move;
  if (steps.weighted) steps.shift({ [suspect]: 0 }, open?.kind === "shift" ? membersOf(open) : []);
  steps.drain(suspect);
  return guard(record, now, steps.list, others, health);
}

/**
 * Undone, or finished when it leads to where the member stood: the size before it may be one on the way down. While
 * somebody in traffic is
 * sick, it ends at the larger size; only a growth that made the member itself sick is undone.
 */
function resizeBack(steps: Steps, open: MemberMove, before: Placement, sick: readonly string[]): void {
  const size = before[open.member];
  const shrinks = capacityOf(open.to) < capacityOf(open.from);
  if (shrinks && sick.length > 0) return steps.resize(open.member, capacityOf(open.from), nodePercentOf(open.from));
  if (sick.some((name) => name !== open.member)) return steps.move("scale", open.member, open.to);
  if (capacityOf(size) === capacityOf(open.to) && nodePercentOf(size) === nodePercentOf(open.to))
    steps.move("scale", open.member, open.to);
  else steps.resize(open.member, capacityOf(open.from), nodePercentOf(open.from));
}

/**
 * The members of the open intent come first: their move back takes the intent over without a gap. `sick`: in traffic,
 * and not healthy: while there is one nobody is made smaller.
 */
function stepsBack(now: Placement, before: Placement, begun: Move | null, sick: readonly string[]): Step[] {
  const goal = boundMembers(before);
  const steps = new Steps(now, isWeighted(now) || isWeighted(before));
  const bringBack = (name: string): void => {
    if (steps.at(name).workload === "stopped") steps.move("scale", name, { ...steps.at(name), workload: "running" });
    if (steps.at(name).role === "standby") steps.admit(name);
  };
  const open = begun !== null && isMemberMove(begun) ? begun : null;
  if (begun?.kind === "shift") steps.sharesOf(before, membersOf(begun));
  else if (open?.kind === "scale" && isBound(steps.at(open.member))) resizeBack(steps, open, before, sick);
  else if (open?.kind === "scale" && (!goal.includes(open.member) || open.to.workload === "stopped"))
    steps.move("scale", open.member, open.from);
  // What a resize has not done yet an admit may not do: it is finished first, and then the member comes in.
  else if (open?.kind === "scale") steps.move("scale", open.member, open.to);
  // One that only stood in is not wanted back.
  else if (open?.kind === "drain" && !goal.includes(open.member))
    steps.move("drain", open.member, steps.at(open.member));
  // An admit of one that belongs in is finished rather than undone; its gate looks at everything again.
  else if (open?.kind === "admit" && goal.includes(open.member))
    steps.move("admit", open.member, steps.at(open.member));
  // Nobody is sent there yet, so nobody has to come in before it goes.
  else if (open?.kind === "admit" && steps.weighted) steps.drain(open.member);
  else if (open !== null && goal.includes(open.member)) bringBack(open.member);
  for (const name of goal) bringBack(name);
  // One move, whatever number of them led away from there.
  steps.sharesOf(before);
  for (const name of boundMembers(now)) if (!goal.includes(name) && isBound(steps.at(name))) steps.drain(name);
  for (const name of goal) {
    if (sick.length > 0 && capacityOf(before[name]) < capacityOf(steps.at(name))) continue;
    steps.resize(name, capacityOf(before[name]), nodePercentOf(before[name]));
  }
  return steps.list;
}

/** Those who served before and are dead, as long as somebody else who served then is well. */
function goneByNow(record: EnvironmentRecord, health: ObservedHealth, dead: readonly string[]): readonly string[] {
  const before = placementBefore(record);
  const gone = dead.filter((name) => shareOf(before[name]) > 0 && isBound(record.placement[name]));
  const isLeft = (name: string): boolean => !gone.includes(name) && health[name] === "healthy";
  return servingMembers(before).some(isLeft) ? gone : [];
}

const withoutShares = (placement: Placement, members: readonly string[]): Placement => ({
  ...placement,
  ...(Object.fromEntries(members.map((name) => [name, { ...placement[name], share: 0 }])) as Placement),
});

/**
 * Who has no healthy target gets no larger share: its part of the requests would fail, and nobody else takes that over.
 * Null: nobody of those is raised.
 */
function toTheDead(
  record: EnvironmentRecord,
  steps: readonly Step[],
  health: ObservedHealth,
  dead: readonly string[] = [],
): WalkBack | null {
  const raised = dead.filter((name) => steps.some((step) => raisedBy(step).includes(name)));
  if (raised.length === 0) return null;
  const well = boundMembers(record.placement).some((name) => health[name] === "healthy");
  const drains = raised.filter((name) => getsSome(record, name)).map((name) => `eks-blue-green drain ${name}`);
  return stay(
    `turning back would give requests to ${raised.join(", ")}, which ${raised.length === 1 ? "has" : "have"} no healthy ` +
      "target, so nothing was moved",
    well && drains.length > 0
      ? `take it out: ${drains.join("; ")}`
      : `${well ? "" : `repair ${raised.join(", ")} (eks-blue-green status), then `}go on with: ${goOn(record)}`,
  );
}

/** A drain on the way back needs somebody healthy who stays. */
function guard(
  record: EnvironmentRecord,
  now: Placement,
  steps: readonly Step[],
  goal: readonly string[],
  health: ObservedHealth,
): WalkBack {
  const leaving = [...new Set([...moving(steps, "drain"), ...emptiedBy(steps)])];
  const serving = goal.filter((name) => isBound(now[name]));
  const comingBack = goal.filter((name) => !isBound(now[name]));
  if (leaving.length > 0 && comingBack.length === 0 && !serving.some((name) => health[name] === "healthy")) {
    if (serving.length === 0)
      return stay(
        `turning back would leave nobody in traffic (nobody served before; ${leaving.join(", ")} would leave), so nothing was moved`,
        `repair ${leaving.join(", ")} ('eks-blue-green status' shows what is missing), then go on with: ${goOn(record)}`,
      );
    const what = serving.map((name) => `${name} is ${health[name] ?? "unknown"}`).join(", ");
    const newSide = leaving.map((name) => `${name} is ${health[name] ?? "unknown"}`).join(", ");
    return stay(
      `turning back would leave only members that are not healthy (${what}; ${newSide}), so nothing was moved`,
      `repair ${serving.join(", ")} ('eks-blue-green status' shows what is missing), then go on with: ${goOn(record)}`,
    );
  }
  // Whoever comes back is out of the group, so nothing can be said of its health yet: it is admitted first, and its
  // gate must pass before anybody is drained.
  return { kind: "steps", steps };
}
