/** Which way out of a failed gate: back to the members that served before, or not at all. Pure. */
import {
  capacityOf,
  membersOf,
  nodePercentOf,
  placementAfter,
  placementUndone,
  servingMembers,
  boundMembers,
} from "../../stacks/record";
import { describeMove, isMemberMove, isMovedBy, memberMoves } from "../../stacks/record";
import type { EnvironmentRecord, MemberMove, Move, Placement, Rollout, Step } from "../../stacks/record";
import { Steps } from "./step-builder";
import type { Health } from "../ports";
import { describeAsked } from "../text/command-line";
import { doing } from "../text/sentences";

/** Health of each member's service as observed now, whatever the record says. */
export type ObservedHealth = Readonly<Record<string, Health>>;

export type WalkBack =
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  /**
   * Turning back would take traffic from the only side that is healthy, or needs what is destroyed: nothing is moved.
   */
  | { readonly kind: "stay"; readonly why: string; readonly remedy: string };

const stay = (why: string, remedy: string): WalkBack => ({ kind: "stay", why, remedy });

/**
 * Where the members stood when the rollout began, found by undoing its committed steps; or, when a member was destroyed
 * since, right
 * after that (nobody comes back from there).
 */
export function placementBefore(record: EnvironmentRecord): Placement {
  const all = record.rollout?.steps.slice(0, record.rollout.done) ?? [];
  const done = all.slice(all.findLastIndex((step) => step.type === "move" && step.kind === "retire") + 1);
  return undo(done, record.placement);
}

const undo = (steps: readonly Step[], from: Placement): Placement =>
  steps.reduceRight<Placement>(
    (placement, step) => (step.type === "move" ? placementUndone(placement, step) : placement),
    from,
  );

export interface WalkBackOptions {
  /** Somebody asked for it; nothing is broken. Default false: a gate failed. */
  readonly requested?: boolean;
  /** Seconds in which those that come back must stay good before others leave, where nothing is broken. Default: none. */
  readonly bakeSeconds?: number;
  /** Only of a way back that failed a check: what is known of the members that leave. */
  readonly turning?: Turning;
}

/** What a way back that failed a check may turn to. */
export interface Turning {
  /** Members that leave on it and served well when it began. */
  readonly refuge: readonly string[];
  /** More requests fail, or members got sick, since somebody left. */
  readonly worse: boolean;
  /** No request succeeds: whoever comes in again makes nothing worse. */
  readonly nothingAnswers: boolean;
}

/** What goes on with the rollout of the record. */
const goOn = ({ rollout }: EnvironmentRecord): string => `eks-blue-green ${describeAsked(rollout?.command ?? null)}`;

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
  if (record.rollout.direction === "back") return turnAgain(record, record.rollout, health, options.turning);
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
  const before = placementBefore(record);
  const goal = servingMembers(before);
  const suspect = suspectOf(record, goal, health, options.requested === true);
  if (suspect !== null) return outAgain(record, now, suspect, health);
  const sick = goal.filter((name) => health[name] !== "healthy");
  // Whoever comes back is asked by the gate of its admit, before sizes are touched.
  const sickInTraffic = sick.filter((name) => now[name]?.role === "active");
  const steps = stepsBack(now, before, intent?.move ?? null, sickInTraffic);
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
  const way = guard(record, now, steps, goal, health);
  const calm = options.requested === true && intent === null && health[servingMembers(now)[0] ?? ""] === "healthy";
  return way.kind === "steps" && calm ? { kind: "steps", steps: baked(way.steps, options.bakeSeconds ?? 0) } : way;
}

/** Those that came back must stay good for a time before the first of the others leaves. */
function baked(steps: readonly Step[], seconds: number): readonly Step[] {
  const drain = steps.findIndex((step) => step.type === "move" && step.kind === "drain");
  const back = steps
    .slice(0, Math.max(drain, 0))
    .flatMap((step) => (step.type === "move" && step.kind === "admit" ? [step.member] : []));
  if (drain < 0 || back.length === 0 || seconds === 0) return steps;
  const bake: Step = { type: "bake", seconds, why: `${doing(back, "serve")} again` };
  return [...steps.slice(0, drain), bake, ...steps.slice(drain)];
}

const moving = (steps: readonly Step[], kind: MemberMove["kind"]): string[] =>
  memberMoves(steps).flatMap((move) => (move.kind === kind ? [move.member] : []));

/**
 * Whether a way back that turned again takes out who had come back, so that those that were to leave stay alone: part
 * of the requests failed while both were in traffic, and it had to be tried whose they were.
 */
export const takesOutAgain = ({ direction, again, steps }: Pick<Rollout, "direction" | "again" | "steps">): boolean =>
  direction === "back" && again === true && moving(steps, "drain").length > 0 && moving(steps, "admit").length === 0;

/**
 * Whoever was taken out again was not the cause: without it nothing answers. It comes in as the way back wanted, and
 * the others go. Null: nothing of the kind.
 */
export function otherSide(record: EnvironmentRecord, turning: Turning): readonly Step[] | null {
  const { rollout, intent, placement } = record;
  const open = intent?.move;
  if (rollout === null || open?.kind !== "drain" || !takesOutAgain(rollout) || !turning.nothingAnswers) return null;
  if (!turning.worse || open.to.workload === "stopped") return null;
  const steps = new Steps({ ...placement, [open.member]: open.to });
  steps.move("admit", open.member, { ...open.to, role: "active" });
  if (rollout.strategy === "replace")
    for (const name of servingMembers(placement))
      if (name !== open.member) steps.move("drain", name, { ...steps.at(name), role: "standby" });
  return steps.list;
}

/**
 * The way back leads to a side that is worse: what is open of it is undone, and the members that leave on it stay, or
 * come in again. Once only: when that fails as well nobody can say which side is good.
 */
function turnAgain(record: EnvironmentRecord, rollout: Rollout, health: ObservedHealth, turning?: Turning): WalkBack {
  const failed = stay(
    "the way back itself failed a check",
    `look at the findings (eks-blue-green status), repair what they name, then go on with: ${goOn(record)}`,
  );
  if (turning === undefined || rollout.again === true) return failed;
  const open = record.intent?.move ?? null;
  const now = open === null ? record.placement : placementAfter(record.placement, open);
  const steps = new Steps(now);
  const standby = (name: string): void => steps.move("drain", name, { ...steps.at(name), role: "standby" });
  const staying = moving(rollout.steps, "drain");
  const cameBack = moving(rollout.steps.slice(0, rollout.done), "admit").filter((name) => now[name]?.role === "active");
  const serves = (name: string): boolean => now[name]?.role === "active" && health[name] === "healthy";
  if (open?.kind === "drain") {
    if (!turning.nothingAnswers && !(turning.worse && turning.refuge.includes(open.member))) return failed;
    if (steps.at(open.member).workload === "stopped") return failed;
    steps.move("admit", open.member, { ...steps.at(open.member), role: "active" });
    const others = servingMembers(now).filter((name) => name !== open.member);
    // In a cycle the others carry the load together.
    for (const name of rollout.strategy === "replace" ? others : cameBack) standby(name);
    return { kind: "steps", steps: steps.list };
  }
  // Nobody has left yet: whoever was to leave must still serve.
  if (!staying.some(serves) || moving(rollout.steps.slice(0, rollout.done), "drain").length > 0) return failed;
  if (open?.kind === "admit") standby(open.member);
  else if (open?.kind === "scale" && steps.at(open.member).role !== "active")
    steps.move("scale", open.member, open.from);
  else if (open !== null || !turning.worse) return failed;
  for (const name of cameBack) if (steps.at(name).role === "active") standby(name);
  return { kind: "steps", steps: steps.list };
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

/**
 * The member that came back last, upgraded in place, when it is what went wrong: its admit or the bake right behind it
 * failed (asked for,
 * only when its health does not speak for it), or it got sick later. Before it came back the others served without it,
 * and must still be as large.
 */
function suspectOf(
  { rollout, intent, placement }: EnvironmentRecord,
  goal: readonly string[],
  health: ObservedHealth,
  requested: boolean,
): string | null {
  if (rollout === null || rollout.strategy !== "cycle" || rollout.command !== undefined) return null;
  const open = intent?.move;
  if (open !== undefined)
    return open.kind === "admit" && goal.includes(open.member) && (!requested || health[open.member] !== "healthy")
      ? open.member
      : null;
  const index = rollout.steps
    .slice(0, rollout.done)
    .findLastIndex((step) => step.type === "move" && step.kind === "admit");
  const admitted = rollout.steps[index];
  if (requested || admitted?.type !== "move" || admitted.kind !== "admit" || !goal.includes(admitted.member))
    return null;
  const inItsBake = rollout.done === index + 1 && rollout.steps[rollout.done]?.type === "bake";
  if (!inItsBake && health[admitted.member] === "healthy") return null;
  const without = undo(rollout.steps.slice(index, rollout.done), placement);
  const smaller = servingMembers(without).some(
    (name) => placement[name]?.role !== "active" || capacityOf(placement[name]) < capacityOf(without[name]),
  );
  return smaller ? null : admitted.member;
}

function outAgain(record: EnvironmentRecord, now: Placement, suspect: string, health: ObservedHealth): WalkBack {
  const others = servingMembers(now).filter((name) => name !== suspect);
  const steps = new Steps(now);
  if (steps.at(suspect).role !== "active")
    return stay(`${suspect} is out already`, `repair what the message names, then go on with: ${goOn(record)}`);
  steps.move("drain", suspect, { ...steps.at(suspect), role: "standby" });
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
 * and not healthy.
 */
function stepsBack(now: Placement, before: Placement, begun: Move | null, sick: readonly string[]): Step[] {
  const goal = boundMembers(before);
  const steps = new Steps(now);
  const bringBack = (name: string): void => {
    if (steps.at(name).workload === "stopped") steps.move("scale", name, { ...steps.at(name), workload: "running" });
    if (steps.at(name).role === "standby") steps.move("admit", name, { ...steps.at(name), role: "active" });
  };
  const open = begun !== null && isMemberMove(begun) ? begun : null;
  if (begun?.kind === "shift") steps.sharesOf(before, membersOf(begun));
  else if (open?.kind === "scale" && steps.at(open.member).role === "active") resizeBack(steps, open, before, sick);
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
  else if (open !== null && goal.includes(open.member)) bringBack(open.member);
  for (const name of goal) bringBack(name);
  // One move, whatever number of them led away from there.
  steps.sharesOf(before);
  for (const name of boundMembers(now))
    if (!goal.includes(name)) steps.move("drain", name, { ...steps.at(name), role: "standby" });
  for (const name of goal) {
    if (sick.length > 0 && capacityOf(before[name]) < capacityOf(steps.at(name))) continue;
    steps.resize(name, capacityOf(before[name]), nodePercentOf(before[name]));
  }
  return steps.list;
}

/** A drain on the way back needs somebody healthy who stays. */
function guard(
  record: EnvironmentRecord,
  now: Placement,
  steps: readonly Step[],
  goal: readonly string[],
  health: ObservedHealth,
): WalkBack {
  const leaving = moving(steps, "drain");
  const serving = goal.filter((name) => now[name]?.role === "active");
  const comingBack = goal.filter((name) => now[name]?.role !== "active");
  if (leaving.length > 0 && comingBack.length === 0 && !serving.some((name) => health[name] === "healthy")) {
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
