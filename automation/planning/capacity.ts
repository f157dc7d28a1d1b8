/**
 * How much of the environment's capacity may be missing, and who makes up for a member that is out. Pure. Capacity is
 * in percent of one member's.
 */
import { capacityOf, memberMoves, servingMembers, isServing, partOf, type Shares } from "../../stacks/record";
import type { MemberMoveKind, Placement, Rollout, Step } from "../../stacks/record";
import { isUpgrade, bringIn, impossible, type Limits, type Steps } from "./step-builder";
import { shareOf } from "./shares";
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

/** The floor of a way that begins at `start`, of what these members have. */
export const floorOfThese = (
  start: Placement,
  names: readonly string[],
  limits: Pick<Limits, "minCapacityPercent">,
): number =>
  capacityFloor(
    Object.fromEntries(
      servingMembers(start).flatMap((name) => (names.includes(name) ? [[name, start[name]]] : [])),
    ) as Placement,
    limits,
  );

/** What must stay in traffic at every point of a rollout that began at `start`. */
export function floorOf(
  start: Placement,
  rollout: Pick<Rollout, "strategy" | "command" | "wantedVersion"> & Partial<Pick<Rollout, "steps" | "direction">>,
  limits: Pick<Limits, "minCapacityPercent">,
): number {
  if (rollout.strategy === "cycle" || !isUpgrade(rollout)) return capacityFloor(start, limits);
  return floorOfThese(start, replacedBy(start, rollout), limits);
}

/** `replace` brings one in for each of the old ones; those that are as wanted were brought in before. */
function replacedBy(
  start: Placement,
  {
    wantedVersion,
    steps = [],
    direction,
  }: Pick<Rollout, "wantedVersion"> & Partial<Pick<Rollout, "steps" | "direction">>,
): string[] {
  const serving = servingMembers(start);
  const byVersion = serving.filter((name) => start[name]?.version !== wantedVersion);
  // Members of one version, of which some were made with other settings: the steps say which.
  const drained = memberMoves(steps).flatMap(({ kind, member }) => (kind === "drain" ? [member] : []));
  const leaving = serving.filter((name) => drained.includes(name));
  if (direction === "back") return byVersion.length > 0 ? byVersion : serving.filter((name) => !leaving.includes(name));
  return leaving.length > 0 ? leaving : byVersion;
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

/** Who is to carry traffic: the members that serve without these, and those that are about to. */
export interface Carriers {
  readonly without: readonly string[];
  /** Shares that members are about to get. Default: none. */
  readonly after?: Shares;
}

const carriersOf = (steps: Steps, { without, after = {} }: Carriers): string[] =>
  [...new Set([...steps.serving(), ...Object.keys(after)])].filter((name) => !without.includes(name));

/** The size that each of them needs to carry `floor` together, whatever there is room for. */
function needed(steps: Steps, carriers: Carriers, floor: number, limits: Limits): Record<string, number> {
  const names = carriersOf(steps, carriers);
  if (steps.weighted) return neededByShare(steps, names, carriers.after ?? {}, floor);
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  const at = (name: string, level: number): number => Math.max(capacityOf(steps.at(name)), Math.min(level, most));
  // Evenly: the lowest level to which those below it have to rise.
  let level = 0;
  while (names.reduce((sum, name) => sum + at(name, level), 0) < floor) level += 1;
  return Object.fromEntries(names.map((name) => [name, at(name, level)]));
}

/** Requests follow the shares, whatever size a member has: each must be as large as its part. */
function neededByShare(steps: Steps, names: readonly string[], after: Shares, floor: number): Record<string, number> {
  const share = (name: string): number => after[name] ?? shareOf(steps.at(name));
  const sum = names.reduce((all, name) => all + share(name), 0);
  return Object.fromEntries(names.map((name) => [name, Math.ceil((floor * share(name)) / sum)]));
}

/** Scales those that stay, or come, up until they carry `floor` without the others. @throws EBG-PLAN-IMPOSSIBLE */
export function cover(steps: Steps, carriers: Carriers, floor: number, limits: Limits): void {
  const lacking = lackingWithout(steps, carriers, floor, limits);
  if (lacking !== null) throw impossible(lacking.message, lacking.remedy);
  for (const [name, level] of Object.entries(needed(steps, carriers, floor, limits)))
    if (level > capacityOf(steps.at(name))) steps.resize(name, level);
}

/** The same as far as there is room: whoever they do without carries nothing any more. */
export function coverAsFar(steps: Steps, carriers: Carriers, floor: number, limits: Limits): void {
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  const reach = carriersOf(steps, carriers).reduce((sum, name) => sum + Math.max(capacityOf(steps.at(name)), most), 0);
  for (const [name, level] of Object.entries(needed(steps, carriers, Math.min(floor, reach), limits))) {
    const size = Math.min(level, most);
    if (size > capacityOf(steps.at(name))) steps.resize(name, size);
  }
}

/** Why those can't carry it, however far they are scaled; null when they can. */
export function lackingWithout(
  steps: Steps,
  carriers: Carriers,
  floor: number,
  limits: Limits,
): { readonly message: string; readonly remedy: string } | null {
  const others = carriersOf(steps, carriers);
  const outgoing = carriers.without.join(", ");
  const least = Math.max(1, limits.minActive);
  const another = bringIn(steps.placement, carriers.without);
  if (others.length < least) {
    return {
      message:
        `${outgoing} can't leave traffic: ${counted(others.length, "other member")} ` +
        `active${others.length > 0 ? ` (${others.join(", ")})` : ""}, ${least} must be at every point`,
      remedy: `${another}` + (least > 1 ? ", or lower eks-blue-green:rollout.minActive" : ""),
    };
  }
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  const room = (name: string): number => Math.max(capacityOf(steps.at(name)), most);
  const reach = others.reduce((sum, name) => sum + room(name), 0);
  const remedy =
    "raise eks-blue-green:cluster.nodes.maxSize and deploy it (eks-blue-green up), or lower " +
    `eks-blue-green:rollout.minCapacityPercent; or ${another}`;
  if (reach < floor)
    return {
      message:
        `${outgoing} can't leave traffic: ${others.join(", ")} would have to carry ${floor} % of a member's ` +
        `capacity, and cluster.nodes.maxSize has room for ${reach} %`,
      remedy,
    };
  if (!steps.weighted) return null;
  const small = Object.entries(needed(steps, carriers, floor, limits)).find(([name, level]) => level > room(name));
  if (small === undefined) return null;
  return {
    message:
      `${outgoing} can't leave traffic: by its share ${small[0]} would have to carry ${small[1]} % of a member's ` +
      `capacity, and cluster.nodes.maxSize has room for ${room(small[0])} %`,
    remedy,
  };
}

/** The size below which a member that serves can't get: what its share brings it. 0 where traffic follows the targets. */
export function leastSize(placement: Placement, member: string, floor: number): number {
  const part = partOf(placement, member);
  return part === null ? 0 : Math.ceil(floor * part);
}

/**
 * Active members that are still larger than configured though nobody is out whose load they carry: whoever drained and
 * admitted a member has to make the others smaller again.
 */
export const largerThanNeeded = (placement: Placement): string[] =>
  Object.values(placement).some((stands) => stands.role !== "absent" && !isServing(stands))
    ? []
    : servingMembers(placement).filter((name) => capacityOf(placement[name]) > 100);
