/** Before a member gets a larger part of the requests: has it as many pods as that part needs? Pure. */
import type { Excused } from "../observation/baseline";
import { healthyTargets, raise } from "./capacity";
import { bad, waiting, type Decided, type GateMemory } from "./gate-result";
import { groupOfMember } from "../../stacks/config/group-refs";
import type { Observation } from "../observation/observe";
import type { TargetOwners } from "../observation/target-owners";
import { counted } from "../text/sentences";

/** What all requests of a service need together. */
export type Load =
  | {
      readonly owner: "config";
      /** Targets, as the config says. */
      readonly targets: number;
    }
  | {
      readonly owner: "autoscaler" | "external";
      /**
       * Healthy targets of those that served when the rollout began, by member: they carried all requests. Where the
       * same have more now, there are more requests.
       */
      readonly before: Readonly<Record<string, number>>;
      /** Which part of all requests each of them had then, 0 to 1. */
      readonly partsBefore: Readonly<Record<string, number>>;
      /** Of those targets that must be there for a part, 0 to 100. */
      readonly percent: number;
    };

export interface LoadRules {
  /** The part of all requests that each rising member is to get, 0 to 1. */
  readonly parts: Readonly<Record<string, number>>;
  /** By the service's port; services whose targets are no pods are left out. */
  readonly loads: Readonly<Record<string, Load>>;
  /** Sick targets and too few pods are no news where it was so before. */
  readonly excused: Pick<Excused, "sick" | "had">;
  /** Milliseconds that whoever owns the number of pods has to bring what lacks. */
  readonly growMs: number;
}

/** Targets that a part of them needs; what division leaves over is no target. */
const targetsFor = (all: number, part: number): number => Math.ceil(all * part - 1e-6);

/**
 * Targets that all requests need. Those that do not rise tell it: by what they had for their part, and by what they have
 * now, where there are more requests. What who rises has beyond its part says nothing: it was perhaps made larger because
 * this asked for it, and must not ask for more the more it gets.
 */
function targetsOfAll(load: Load, rising: readonly string[], healthy: (member: string) => number): number {
  if (load.owner === "config") return load.targets;
  const members = Object.keys(load.before);
  const others = members.filter((name) => !rising.includes(name));
  const sum = (names: readonly string[], counted: (member: string) => number): number =>
    names.reduce((all, name) => all + counted(name), 0);
  const before = (names: readonly string[]): number => sum(names, (name) => load.before[name] ?? 0);
  const part = sum(others, (name) => load.partsBefore[name] ?? 0);
  const needed = part > 0 ? Math.min(before(members), before(others) / part) : before(members);
  return Math.ceil((Math.max(needed, sum(others, healthy)) * load.percent) / 100 - 1e-6);
}

const whose: Readonly<Record<Load["owner"], string>> = {
  config: "",
  autoscaler: "; how many there are is an autoscaler's",
  external: "; how many there are is theirs who deploy the workload",
};

/** Null: each has enough, or nobody can say how many that is. */
export function lacksForPart(
  observation: Observation,
  owners: TargetOwners,
  { parts, loads, excused, growMs }: LoadRules,
  memory: GateMemory,
): Decided | null {
  for (const [port, load] of Object.entries(loads)) {
    const healthy = (member: string): number =>
      healthyTargets(observation, owners, groupOfMember(observation.groupOf, port, member), member);
    const all = targetsOfAll(load, Object.keys(parts), healthy);
    for (const [member, part] of Object.entries(parts)) {
      const group = groupOfMember(observation.groupOf, port, member);
      const had = load.owner === "config" ? excused.had(member, group) : null;
      const [has, needs] = [healthy(member), Math.min(targetsFor(all, part), had ?? Number.POSITIVE_INFINITY)];
      if (has + excused.sick(member, group) >= needs) continue;
      const message =
        `${member} has ${counted(has, "healthy target")} in '${port}', and ${Number((100 * part).toFixed(1))} % of ` +
        `the requests need ${needs} (all of them ${all})${whose[load.owner]}`;
      return bad(memory, observation.at, growMs, waiting("capacity", message), remedyOf(load.owner, member, all));
    }
  }
  return null;
}

const remedyOf = (owner: Load["owner"], member: string, all: number): string =>
  owner === "config"
    ? "eks-blue-green status shows each target's state; rollout.minCapacityPercent is the floor"
    : `${raise(owner, member)} to ${all} for the time of the rollout, and run the same command again; ` +
      "rollout.minCapacityPercent is the floor";
