/** Which way out of a failed gate: back to the members that served before, or not at all. Pure. */
import type { EnvironmentRecord, MemberPlacement, Move, Placement, Step } from "../stacks/record";
import { activeMembers, afterStep } from "./plan";
import type { Health } from "./ports";

/** Health of each member's service as observed now, whatever the record says. */
export type ObservedHealth = Readonly<Record<string, Health>>;

export type WalkBack =
  | { readonly kind: "steps"; readonly steps: readonly Step[] }
  /** Turning back would take traffic from the only side that is healthy, or needs what is destroyed: nothing is moved. */
  | { readonly kind: "stay"; readonly why: string; readonly remedy: string };

const stay = (why: string, remedy: string): WalkBack => ({ kind: "stay", why, remedy });

/**
 * Where the members stood when the rollout began, found by undoing its committed steps; or, when a member was destroyed since, right
 * after that (nobody comes back from there).
 */
export function placementBefore(record: EnvironmentRecord): Placement {
  const all = record.rollout?.steps.slice(0, record.rollout.done) ?? [];
  const done = all.slice(all.findLastIndex((step) => step.type === "move" && step.kind === "retire") + 1);
  return done.reduceRight<Placement>((placement, step) => (step.type === "move" ? { ...placement, [step.member]: step.from } : placement), record.placement);
}

/**
 * The steps back from the record (with the open intent taken as done, because part of it may be) to the members that were active
 * when the rollout began: first everything that comes in again, then everything that goes out. Members are neither provisioned nor
 * destroyed on the way back: the new one stays as a standby, so that its failure can be looked at.
 */
export function walkBack(record: EnvironmentRecord, health: ObservedHealth): WalkBack {
  if (record.rollout === null) return stay("no rollout is under way", "eks-blue-green status");
  if (record.rollout.direction === "back") return stay("the way back itself failed a check", "look at the findings, then run: eks-blue-green upgrade");
  const intent = record.intent;
  if (intent?.move.kind === "provision") return stay(`nothing was moved yet: ${intent.move.member} is not complete`, "repair what the message names and run the upgrade again; or set eks-blue-green:kubernetesVersion back to what serves, which gives the rollout up");
  if (intent?.move.kind === "retire") return stay(`${intent.move.member} is being destroyed; there is no way back from that`, "run the upgrade again to finish");
  const before = placementBefore(record);
  const now: Placement = intent === null ? record.placement : { ...record.placement, [intent.move.member]: intent.move.to };
  const goal = activeMembers(before);
  const steps = stepsBack(now, goal, intent?.move ?? null);
  const first = steps[0];
  if (intent !== null && (first?.type !== "move" || first.member !== intent.move.member)) {
    return stay(`'${intent.move.kind} ${intent.move.member}' is open and has no move back`, "repair what the message names and run the upgrade again");
  }
  return guard(now, steps, goal, health);
}

/** The member of the open intent comes first: its move back takes the intent over without a gap. */
function stepsBack(now: Placement, goal: readonly string[], open: Move | null): Step[] {
  const steps: Step[] = [];
  let placement = now;
  const move = (kind: "admit" | "drain" | "scale", member: string, change: Partial<MemberPlacement>): void => {
    const from = placement[member] as MemberPlacement;
    const step: Step = { type: "move", kind, member, from, to: { ...from, ...change } };
    steps.push(step);
    placement = afterStep(placement, step);
  };
  const bringBack = (name: string): void => {
    if (placement[name]?.workload === "stopped") move("scale", name, { workload: "running" });
    if (placement[name]?.role === "standby") move("admit", name, { role: "active" });
  };
  if (open !== null && goal.includes(open.member)) bringBack(open.member);
  if (open?.kind === "scale" && !goal.includes(open.member)) move("scale", open.member, { workload: open.from.workload });
  for (const name of goal) bringBack(name);
  for (const name of activeMembers(now)) if (!goal.includes(name)) move("drain", name, { role: "standby" });
  return steps;
}

/** A drain on the way back needs somebody healthy who stays. */
function guard(now: Placement, steps: readonly Step[], goal: readonly string[], health: ObservedHealth): WalkBack {
  const leaving = steps.filter((step) => step.type === "move" && step.kind === "drain").map((step) => (step.type === "move" ? step.member : ""));
  const serving = goal.filter((name) => now[name]?.role === "active");
  const comingBack = goal.filter((name) => now[name]?.role !== "active");
  if (leaving.length > 0 && comingBack.length === 0 && !serving.some((name) => health[name] === "healthy")) {
    const what = serving.map((name) => `${name} is ${health[name] ?? "unknown"}`).join(", ");
    const newSide = leaving.map((name) => `${name} is ${health[name] ?? "unknown"}`).join(", ");
    return stay(`turning back would leave only members that are not healthy (${what}; ${newSide}), so nothing was moved`, `repair ${serving.join(", ")}; 'eks-blue-green status' shows what is missing; then run the upgrade again`);
  }
  const dead = comingBack.filter((name) => health[name] === "unhealthy" && now[name]?.workload === "running" && leaving.length > 0 && !serving.some((one) => health[one] === "healthy"));
  if (dead.length > 0 && leaving.some((name) => health[name] === "healthy")) {
    return stay(`${dead.join(", ")} can't take the traffic back: not healthy; ${leaving.join(", ")} is healthy and keeps it`, `repair ${dead.join(", ")} or go on: eks-blue-green upgrade`);
  }
  return { kind: "steps", steps };
}
