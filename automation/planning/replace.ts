/**
 * From where the members stand to what is wanted: an ordered list of steps. Pure; the property tests hold its
 * invariants.
 */
import { boundMembers, capacityOf, compareVersions, fullShare, isBound, isServing } from "../../stacks/record";
import { servingMembers, sizedAt } from "../../stacks/record";
import type { MemberPlacement, Placement, Step, StrategyName } from "../../stacks/record";
import { cover, floorOfThese } from "./capacity";
import { cycle } from "./cycle";
import { rampUp, shareOf, takenOver } from "./shares";
import { impossible, isWanted, Steps, type Limits, type Wanted, stepsFrom } from "./step-builder";
import { counted } from "../text/sentences";

export { afterStep, limitsOf } from "./step-builder";
export type { Limits, Wanted } from "./step-builder";

/**
 * The steps that lead from `current` to `wanted`; none when nothing is to be done.
 * @throws EBG-PLAN-IMPOSSIBLE with what stands in the way
 */
export function plan(current: Placement, wanted: Wanted, strategy: StrategyName, limits: Limits): Step[] {
  check(current, wanted, limits);
  switch (strategy) {
    case "replace":
      return replace(current, wanted, limits);
    case "cycle":
      return cycle(current, wanted, limits);
    default:
      return strategy satisfies never;
  }
}

function check(current: Placement, wanted: Wanted, limits: Limits): void {
  const active = servingMembers(current);
  if (active.length === 0) {
    const standby = Object.keys(current).find(
      (name) => current[name]?.role !== "absent" && current[name]?.evacuated === undefined,
    );
    throw impossible(
      "no member is active, so there is no traffic to move",
      standby === undefined
        ? "deploy the environment first: eks-blue-green up"
        : `bring one in first: eks-blue-green admit ${standby}`,
    );
  }
  if (active.length < limits.minActive) {
    throw impossible(
      `${counted(active.length, "member")} active, but rollout.minActive asks for ${limits.minActive} at every point`,
      `lower eks-blue-green:rollout.minActive to ${active.length}`,
    );
  }
  const newer = active.filter((name) => compareVersions(current[name]?.version ?? wanted.version, wanted.version) > 0);
  if (newer.length > 0) {
    throw impossible(
      `${newer.join(", ")} serve(s) Kubernetes ${newer.map((name) => current[name]?.version).join(", ")}, newer ` +
        `than the wanted ${wanted.version}; versions only go up`,
      `set eks-blue-green:kubernetesVersion to ${newer
        .map((name) => current[name]?.version ?? "")
        .sort(compareVersions)
        .at(-1)} or later`,
    );
  }
}

/**
 * For every member that serves another version, or was made with other settings, one of the wanted version comes in
 * before it goes out. Standbys that are as wanted are used first; other standbys are retired to make room when no name
 * is free, and at the end otherwise.
 */
function replace(current: Placement, wanted: Wanted, limits: Limits): Step[] {
  const steps = stepsFrom(current, limits);
  const other = boundMembers(current).filter((name) => !isWanted(steps, name, wanted));
  const floor = floorOfThese(current, other, limits);
  // An earlier rollout took all of its share: it stands by, and is still bound.
  for (const name of other) if (!isServing(current[name])) steps.drain(name);
  // A rollout was on its way with them.
  const begun = boundMembers(current).filter((name) => !other.includes(name) && shareOf(current[name]) < fullShare);
  for (const outgoing of other.filter((name) => isServing(current[name]))) {
    const incoming = bringIn(steps, wanted, limits, { outgoing, begun });
    if (steps.at(incoming).workload === "stopped")
      steps.move("scale", incoming, { ...steps.at(incoming), workload: "running" });
    const comes = steps.weighted ? !isFull(steps.at(incoming)) : !isBound(steps.at(incoming));
    if (comes && capacityOf(steps.at(incoming)) < capacityOf(steps.at(outgoing)))
      steps.resize(incoming, capacityOf(steps.at(outgoing)));
    if (!isBound(steps.at(incoming))) steps.admit(incoming);
    handOver(steps, { incoming, outgoing }, floor, limits);
    steps.drain(outgoing);
    stop(steps, outgoing, limits);
    steps.bake(limits.bakeSeconds, `${incoming} (${wanted.version}) serves without ${outgoing}`);
    steps.move("retire", outgoing, { role: "absent", version: null, workload: "running" });
  }
  retireLeftovers(steps, wanted, limits);
  return steps.list;
}

interface Pair {
  readonly incoming: string;
  readonly outgoing: string;
}

/** Both serve for a time, or, where traffic is weighted, requests go over step by step. */
function handOver(steps: Steps, { incoming, outgoing }: Pair, floor: number, limits: Limits): void {
  const version = steps.at(incoming).version;
  if (!steps.weighted) {
    cover(steps, { without: [outgoing] }, floor, limits);
    steps.bake(limits.bakeSeconds, `${incoming} (${version}) serves beside ${outgoing}`);
    return;
  }
  const full = takenOver(steps.at(incoming), steps.at(outgoing));
  cover(steps, { without: [outgoing], after: { [incoming]: full } }, floor, limits);
  rampUp(steps, { incoming, outgoing, full }, limits, `${incoming} (${version}) serves instead of ${outgoing}`);
}

const isFull = (stands: MemberPlacement): boolean => isServing(stands) && shareOf(stands) >= fullShare;

/**
 * A standby of the wanted version: one that is there, or a new one under a free name. When no name is free but a member
 * of the wanted
 * version is active beside the outgoing one (an earlier rollout got that far), that one takes over.
 */
function bringIn(
  steps: Steps,
  wanted: Wanted,
  limits: Limits,
  { outgoing, begun }: { readonly outgoing: string; readonly begun: string[] },
): string {
  // Each of them takes the place of one member.
  const next = begun.findIndex((name) => !isServing(steps.at(name)) || steps.serving().length > limits.minActive);
  if (next >= 0) return begun.splice(next, 1)[0] ?? outgoing;
  const names = [...new Set([...wanted.members, ...Object.keys(steps.placement)])];
  const ready = names.filter(
    (name) =>
      steps.at(name).role === "standby" && isWanted(steps, name, wanted) && steps.at(name).evacuated === undefined,
  );
  // One whose pods already run comes in sooner.
  const standby = ready.find((name) => steps.at(name).workload === "running") ?? ready[0];
  if (standby !== undefined) return standby;
  let free = wanted.members.find((name) => steps.at(name).role === "absent");
  if (free === undefined) {
    const stale = wanted.members.find((name) => steps.at(name).role === "standby");
    const all = steps.serving();
    const serving = all.find((name) => isWanted(steps, name, wanted));
    if (stale === undefined && serving !== undefined && all.length > limits.minActive) return serving;
    if (stale === undefined) {
      throw impossible(
        `no name is free for a member of ${wanted.version} to replace ${outgoing}: ${wanted.members.join(", ")} ` +
          "are all active",
        "add a member's name to eks-blue-green:members, deploy the environment's stack, and run the upgrade again",
      );
    }
    retire(steps, stale, limits);
    free = stale;
  }
  const size = capacityOf(steps.at(outgoing));
  steps.move("provision", free, sizedAt({ role: "standby", version: wanted.version, workload: "running" }, size));
  return free;
}

function stop(steps: Steps, member: string, limits: Limits): void {
  if (limits.stopsWorkloads !== false) steps.move("scale", member, { ...steps.at(member), workload: "stopped" });
}

/** A workload of ours is always stopped gracefully before its member is destroyed. */
function retire(steps: Steps, member: string, limits: Limits): void {
  // Nobody answers there who could stop anything; it had its last flow when it was evacuated.
  if (steps.at(member).workload === "running" && steps.at(member).evacuated === undefined) stop(steps, member, limits);
  steps.move("retire", member, { role: "absent", version: null, workload: "running" });
}

function retireLeftovers(steps: Steps, wanted: Wanted, limits: Limits): void {
  const leftovers = Object.keys(steps.placement).filter((name) => {
    const stands = steps.at(name);
    return (
      stands.role === "standby" &&
      (!isWanted(steps, name, wanted) ||
        stands.workload === "stopped" ||
        stands.evacuated !== undefined ||
        !wanted.members.includes(name))
    );
  });
  if (leftovers.length === 0) return;
  // After a rollout that was interrupted behind the drain, the members that stay have not proven themselves yet.
  if (!steps.list.some((step) => step.type === "bake"))
    steps.bake(limits.bakeSeconds, "the members that stay prove themselves before anything is destroyed");
  for (const name of leftovers) retire(steps, name, limits);
}
