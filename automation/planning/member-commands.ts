/**
 * Planned work on one member, and the way back of what is finished: short rollouts with the same invariants and gates.
 * Pure.
 */
import {
  boundMembers,
  capacityOf,
  compareVersions,
  fullShare,
  inOrder,
  isBound,
  isServing,
  partOf,
  servingMembers,
} from "../../stacks/record";
import type { Evacuated, MemberPlacement, Placement, RolloutCommand, Step } from "../../stacks/record";
import { servingCapacity, capacityFloor, cover, coverAsFar, floorOfThese, leastSize } from "./capacity";
import { percentOf, rampDown, rampUp, shareOf } from "./shares";
import { planTeardown } from "./teardown";
import { bringIn, impossible, Steps, type Limits, stepsFrom } from "./step-builder";
import { doing } from "../text/sentences";

/**
 * The steps of a command; none when everything is so already. `dead`: members that have no healthy target in any
 * service. Nobody has to carry what they do not carry, and their share of the requests is the first that goes.
 * @throws EBG-PLAN-IMPOSSIBLE
 */
export function planCommand(
  current: Placement,
  command: RolloutCommand,
  limits: Limits,
  dead: readonly string[] = [],
): Step[] {
  switch (command.name) {
    case "admit":
      return admit(current, command.member ?? "", limits);
    case "drain":
      return drain(current, command.member ?? "", limits, dead);
    case "scale":
      return scale(current, command.member ?? "", command.percent ?? 100, limits);
    case "rollback":
      return rollback(current, limits, dead);
    case "teardown":
      return planTeardown(current, null, limits.stopsWorkloads !== false);
    case "replace":
      throw new Error("'replace' is planned like an upgrade, which knows what is wanted");
    default:
      return command.name satisfies never;
  }
}

function memberOf(current: Placement, member: string): MemberPlacement {
  const stands = current[member];
  if (stands === undefined)
    throw impossible(
      `there is no member '${member}' (there are: ${Object.keys(current).join(", ")})`,
      `add it to eks-blue-green:members and deploy the environment's stack first, or correct the name`,
    );
  return stands;
}
const newest = (current: Placement, names: readonly string[]): string | undefined =>
  names
    .map((name) => current[name]?.version ?? "")
    .sort(compareVersions)
    .at(-1);

/** A member that is absent is made first, at the newest version that serves. */
function admit(current: Placement, member: string, limits: Limits): Step[] {
  const stands = memberOf(current, member);
  const steps = stepsFrom(current, limits);
  // With nobody in traffic, what is there says the version: a lost environment is brought back by this.
  const present = Object.keys(current).filter((name) => current[name]?.role !== "absent");
  const serving = newest(current, servingMembers(current)) ?? newest(current, present);
  if (isBound(stands) && (!steps.weighted || shareOf(stands) >= fullShare)) return [];
  if (stands.evacuated !== undefined) throw evacuatedFirst(member, stands.evacuated);
  if (stands.role === "absent") {
    if (serving === undefined)
      throw impossible(
        `${member} is absent and no other member exists, so there is no version to make it at`,
        "deploy the environment first: eks-blue-green up",
      );
    steps.move("provision", member, { role: "standby", version: serving, workload: "running" });
  }
  comeIn(steps, member);
  const serves = `${member} (${steps.at(member).version ?? "?"}) serves`;
  if (!steps.weighted) steps.bake(limits.bakeSeconds, serves);
  else {
    growToShare(steps, member, capacityFloor(current, limits), limits);
    rampUp(steps, { incoming: member, outgoing: null, full: fullShare }, limits, serves);
  }
  return steps.list;
}

function comeIn(steps: Steps, member: string): void {
  if (steps.at(member).workload === "stopped")
    steps.move("scale", member, { ...steps.at(member), workload: "running" });
  if (!isBound(steps.at(member))) steps.admit(member);
}

/** One that was scaled down gets as many requests as its share says, whatever its size. */
function growToShare(steps: Steps, member: string, floor: number, limits: Limits): void {
  const after = { ...steps.placement, [member]: { ...steps.at(member), share: fullShare } };
  const size = Math.min(leastSize(after, member, floor), limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY);
  if (size > capacityOf(steps.at(member))) steps.resize(member, size);
}

/** Bindings that it still has would register behind a denial, and a plan of its stack would take them for drift. */
function evacuatedFirst(member: string, { at, why }: Evacuated): Error {
  return impossible(
    `${member} was evacuated at ${at} (${why}) and is not in order yet: its bindings are still there, and its ` +
      "controller is denied to register",
    `put it in order first: eks-blue-green drain ${member}`,
  );
}

/**
 * The others are scaled up first when they can't carry the load; beside one that is dead afterwards, as far as there is
 * room, because they carry it already. One that was evacuated is out already: its bindings go, and the denial with them.
 */
function drain(current: Placement, member: string, limits: Limits, dead: readonly string[]): Step[] {
  const stands = memberOf(current, member);
  const steps = stepsFrom(current, limits);
  if (stands.evacuated !== undefined) steps.move("drain", member, inOrder(stands));
  if (!isBound(stands)) return steps.list;
  const serves = isServing(stands);
  const others = steps.serving().filter((name) => name !== member);
  const isDead = dead.includes(member) && others.some((name) => !dead.includes(name));
  // Those that serve nobody carry nothing of what this one carries, whatever their size.
  const idle = steps.weighted ? [] : others.filter((name) => !isDead && dead.includes(name));
  const carriers = { without: [member, ...(idle.length < others.length ? idle : [])] };
  const floor =
    carriers.without.length === 1
      ? capacityFloor(current, limits)
      : floorOfThese(current, [member, ...others.filter((name) => !idle.includes(name))], limits);
  if (serves && !isDead) cover(steps, carriers, floor, limits);
  if (steps.weighted && serves) rampDown(steps, member);
  if (serves && isDead) coverAsFar(steps, carriers, floor, limits);
  if (steps.weighted && serves) {
    steps.bake(limits.bakeSeconds, `${doing(steps.serving(), "serve")} without ${member}`);
  }
  steps.drain(member);
  return steps.list;
}

function scale(current: Placement, member: string, percent: number, limits: Limits): Step[] {
  const stands = memberOf(current, member);
  if (stands.role === "absent")
    throw impossible(`${member} is absent: there is nothing to scale`, `bring it in: eks-blue-green admit ${member}`);
  if (stands.evacuated !== undefined) throw evacuatedFirst(member, stands.evacuated);
  const most = limits.maxCapacityPercent ?? Number.POSITIVE_INFINITY;
  if (percent > most && percent > capacityOf(stands))
    throw impossible(
      `${member} can't be scaled to ${percent} %: cluster.nodes.maxSize has room for ${most} %`,
      "raise eks-blue-green:cluster.nodes.maxSize and deploy it, or choose less",
    );
  const floor = capacityFloor(current, limits);
  const left = servingCapacity(current, member) + percent;
  const shrinks = isServing(stands) && percent < capacityOf(stands);
  if (shrinks && left < floor) {
    throw impossible(
      `with ${member} at ${percent} % the active members carry ${left} %, and traffic needs ${floor} %`,
      `scale another one up first, or lower eks-blue-green:rollout.minCapacityPercent; or ${bringIn(current, [member])}`,
    );
  }
  const least = leastSize(current, member, floor);
  if (shrinks && percent < least)
    throw impossible(
      `${member} gets ${percentOf(partOf(current, member) ?? 0)} of the requests by its share, for which it needs ` +
        `${least} % of its size`,
      `choose ${least} or more, or lower eks-blue-green:rollout.minCapacityPercent; or ${bringIn(current, [member])}`,
    );
  const steps = stepsFrom(current, limits);
  steps.resize(member, percent);
  return steps.list;
}

/** There, and nobody is served by it. */
const standsBy = (stands: MemberPlacement | undefined): boolean =>
  stands?.role === "standby" || (isBound(stands) && !isServing(stands));

/**
 * Newer members that are bound in weighted traffic and nobody is sent to, as a way back that was undone leaves them.
 * `serving`: the newest version of those that serve.
 */
const unusedNewer = (current: Placement, serving: string): readonly string[] =>
  boundMembers(current).filter(
    (name) => !isServing(current[name]) && compareVersions(current[name]?.version ?? "", serving) > 0,
  );

/**
 * The one newer member that has a part of weighted traffic beside older ones, as a way back that was undone leaves it;
 * null: there is none, or members are upgraded in place.
 */
function newcomerBesideOlder(current: Placement, limits: Limits): string | null {
  const serving = servingMembers(current);
  const latest = newest(current, serving);
  const newer = serving.filter((name) => current[name]?.version === latest);
  const isOne = limits.weighted !== undefined && limits.inPlace !== true && serving.length > 1 && newer.length === 1;
  return isOne ? (newer[0] ?? null) : null;
}

/**
 * After a finished `replace` whose old member still stands by: that one comes in again, and the new one goes out. Where
 * the old one has all of weighted traffic already, the new one only goes out.
 */
function rollback(current: Placement, limits: Limits, dead: readonly string[]): Step[] {
  const active = servingMembers(current);
  const serving = newest(current, active);
  const unused = serving === undefined ? [] : unusedNewer(current, serving);
  // Nobody is sent there, so that nobody has to take its place.
  if (unused.length > 0) {
    const steps = stepsFrom(current, limits);
    for (const name of unused) steps.drain(name);
    return steps.list;
  }
  const newcomer = newcomerBesideOlder(current, limits);
  if (newcomer !== null) return drain(current, newcomer, limits, dead);
  const old = Object.keys(current).filter(
    (name) =>
      standsBy(current[name]) &&
      current[name]?.evacuated === undefined &&
      compareVersions(current[name]?.version ?? "", serving ?? "") < 0,
  );
  const version = newest(current, old);
  if (serving === undefined)
    throw impossible(
      "there is nothing to go back to: nobody is in traffic",
      `${bringIn(current, [])}, then look at it: eks-blue-green status`,
    );
  if (version === undefined) {
    throw impossible(
      `there is nothing to go back to: no member of an older version than ${serving} stands ` +
        "by (one that was retired is destroyed, and one that was upgraded in place can't be lowered)",
      "repair what serves; or build a second environment at the older version and move clients to it by DNS " +
        "(docs/how-to/runbook.md)",
    );
  }
  const steps = stepsFrom(current, limits);
  const floor = capacityFloor(current, limits);
  const newer = active.filter((name) => current[name]?.version === serving);
  const returning = old.filter((name) => current[name]?.version === version).slice(0, newer.length);
  for (const name of returning) {
    steps.resize(name, Math.max(capacityOf(steps.at(name)), 100));
    comeIn(steps, name);
  }
  const again = `${doing(
    returning.map((name) => `${name} (${version})`),
    "serve",
  )} again`;
  const leaving = newer.slice(0, returning.length);
  if (steps.weighted) {
    // In one move: whoever asks for it wants the newer version to serve nobody.
    const after = Object.fromEntries(returning.map((name, index) => [name, shareOf(current[leaving[index] ?? ""])]));
    const carriers = { without: leaving, after };
    const areDead = leaving.every((name) => dead.includes(name));
    if (!areDead) cover(steps, carriers, floor, limits);
    steps.shift({ ...Object.fromEntries(leaving.map((name) => [name, 0])), ...after });
    if (areDead) coverAsFar(steps, carriers, floor, limits);
    steps.bake(limits.bakeSeconds, `${again} instead of ${leaving.join(", ")}`);
  } else steps.bake(limits.bakeSeconds, `${again} beside ${newer.join(", ")}`);
  for (const name of leaving) {
    if (!steps.weighted) (dead.includes(name) ? coverAsFar : cover)(steps, { without: [name] }, floor, limits);
    steps.drain(name);
  }
  return steps.list;
}
