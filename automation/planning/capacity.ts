/**
 * How much of the environment's capacity may be missing, and who makes up for a member that is out. Pure. Capacity is
 * in percent of one member's.
 */
import { capacityOf, memberMoves, servingMembers } from "../../stacks/record";
import type { MemberMoveKind, Placement, Rollout, Step } from "../../stacks/record";
import { bringIn, impossible, type Limits, type Steps } from "./step-builder";
import { counted } from "../text/sentences";

/** What the active members other than `without` carry together. */
export const servingCapacity = (placement: Placement, without: string | null = null): number =>
  servingMembers(placement)
    .filter((name) => name !== without)
    .reduce((sum, name) => sum + capacityOf(placement[name]), 0);

/**
 * The capacity that traffic needs: what the active members have now, but no more than all running members have at 100
 * %, because those
 * that were scaled up for one that is out would count twice.
 */
export function steadyCapacity(placement: Placement): number {
  const running = Object.values(placement).filter(
    (stands) => stands.role !== "absent" && stands.workload === "running",
  ).length;
  return Math.min(servingCapacity(placement), 100 * running);
}

/** Least capacity at every point of a way that starts at `placement`. */
export const capacityFloor = (placement: Placement, limits: Pick<Limits, "minCapacityPercent">): number =>
  Math.ceil((steadyCapacity(placement) * (limits.minCapacityPercent ?? 100)) / 100);

/** What must stay in traffic at every point of a rollout that began at `start`. */
export function floorOf(
  start: Placement,
  rollout: Pick<Rollout, "strategy" | "command" | "wantedVersion">,
  limits: Pick<Limits, "minCapacityPercent">,
): number {
  if (rollout.strategy === "cycle" || rollout.command !== undefined) return capacityFloor(start, limits);
  // `replace` brings one in for each of the old ones; those of the wanted version were brought in before.
  const old = servingMembers(start).filter((name) => start[name]?.version !== rollout.wantedVersion);
  return capacityFloor(Object.fromEntries(old.map((name) => [name, start[name] as Placement[string]])), limits);
}

/**
 * Members that serve before these steps and leave for good: neither those that come back, nor a standby that only stood
 * in. One that is
 * destroyed and made anew has left: what comes back is another one, which brings pods of its own.
 */
export function leavingMembers(steps: readonly Step[]): string[] {
  const moves = memberMoves(steps);
  const of = (kind: MemberMoveKind, name: string): boolean =>
    moves.some((move) => move.kind === kind && move.member === name);
  const served = [...new Set(moves.map((move) => move.member))].filter(
    (name) => moves.find((move) => move.member === name)?.from.role === "active",
  );
  return served.filter(
    (name) =>
      of("drain", name) && (of("retire", name) || moves.findLast((move) => move.member === name)?.to.role !== "active"),
  );
}

/** Scales the other active members up until they carry `floor` without `outgoing`. @throws EBG-PLAN-IMPOSSIBLE */
export function cover(steps: Steps, outgoing: string, floor: number, limits: Limits): void {
  const lacking = lackingWithout(steps, outgoing, floor, limits);
  if (lacking !== null) throw impossible(lacking.message, lacking.remedy);
  const others = steps.serving().filter((name) => name !== outgoing);
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  const at = (name: string, level: number): number => Math.max(capacityOf(steps.at(name)), Math.min(level, most));
  // Evenly: the lowest level to which those below it have to rise.
  let level = 0;
  while (others.reduce((sum, name) => sum + at(name, level), 0) < floor) level += 1;
  for (const name of others) if (at(name, level) > capacityOf(steps.at(name))) steps.resize(name, at(name, level));
}

/** Why the others can't stand in for `outgoing`, however far they are scaled; null when they can. */
export function lackingWithout(
  steps: Steps,
  outgoing: string,
  floor: number,
  limits: Limits,
): { readonly message: string; readonly remedy: string } | null {
  const others = steps.serving().filter((name) => name !== outgoing);
  const least = Math.max(1, limits.minActive);
  if (others.length < least) {
    return {
      message:
        `${outgoing} can't leave traffic: ${counted(others.length, "other member")} ` +
        `active${others.length > 0 ? ` (${others.join(", ")})` : ""}, ${least} must be at every point`,
      remedy:
        `${bringIn(steps.placement, outgoing)}` + (least > 1 ? ", or lower eks-blue-green:rollout.minActive" : ""),
    };
  }
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  const reach = others.reduce((sum, name) => sum + Math.max(capacityOf(steps.at(name)), most), 0);
  if (reach >= floor) return null;
  return {
    message:
      `${outgoing} can't leave traffic: ${others.join(", ")} would have to carry ${floor} % of a member's ` +
      `capacity, and cluster.nodes.maxSize has room for ${reach} %`,
    remedy:
      "raise eks-blue-green:cluster.nodes.maxSize and deploy it (eks-blue-green up), or lower " +
      `eks-blue-green:rollout.minCapacityPercent; or ${bringIn(steps.placement, outgoing)}`,
  };
}

/**
 * Active members that are still larger than configured though nobody is out whose load they carry: whoever drained and
 * admitted a member has to make the others smaller again.
 */
export const largerThanNeeded = (placement: Placement): string[] =>
  Object.values(placement).some(({ role }) => role === "standby")
    ? []
    : servingMembers(placement).filter((name) => capacityOf(placement[name]) > 100);
