/** What planners are made of: steps that are collected together with the placement that they lead to. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import { trafficOf } from "../../stacks/config/listeners";
import { stopsWorkloads } from "../../stacks/config/target-groups";
import { weightedRolloutOf } from "../../stacks/config/weighted-rollout";
import {
  capacityOf,
  nodePercentOf,
  sizedAt,
  boundMembers,
  isServing,
  servingMembers,
  isWeighted,
} from "../../stacks/record";
import { placementAfter, type Change, type MemberMoveKind, type MemberPlacement } from "../../stacks/record";
import type { Placement, Rollout, Step } from "../../stacks/record";
import { DriverError } from "../errors";

export interface Wanted {
  /** Kubernetes minor, `1.35`. */
  readonly version: string;
  /** Names of the members that the config allows, in its order. */
  readonly members: readonly string[];
  /**
   * Members that are there and were made with other settings than the config has now, of those that only a new member
   * can have (outdated.ts): they are replaced like members of another version. Default: none.
   */
  readonly outdated?: readonly string[];
}

/** An upgrade, or one that makes members anew: not planned work on one member. */
export const isUpgrade = ({ command }: Partial<Pick<Rollout, "command">>): boolean =>
  command === undefined || command.name === "replace";

/** Whether the member is as it is wanted; one that these steps make is. */
export function isWanted(steps: Steps, name: string, { version, outdated = [] }: Wanted): boolean {
  const made = steps.list.some((step) => step.type === "move" && step.kind === "provision" && step.member === name);
  return steps.at(name).version === version && (made || !outdated.includes(name));
}

export interface Limits {
  /** How many members must be active at every point; at least 1. */
  readonly minActive: number;
  /** Unscaled. */
  readonly bakeSeconds: number;
  /** Least capacity in traffic, in percent of the steady capacity, 0 to 100. Default 100. */
  readonly minCapacityPercent?: number;
  /** The most that one member can be scaled to: what `cluster.nodes.maxSize` has room for. Default: no limit. */
  readonly maxCapacityPercent?: number;
  /**
   * Whether a member's workload is stopped before the member goes. Default true; false where all of it is somebody
   * else's, who would start it again.
   */
  readonly stopsWorkloads?: boolean;
  /** Members are upgraded in place, so that several versions serve side by side for long. Default false. */
  readonly inPlace?: boolean;
  /** How a member that comes in gets its share. Absent: traffic is shared, and follows the targets. */
  readonly weighted?: WeightedSteps;
}

export interface WeightedSteps {
  /** Percents of what moves, ascending; the last is 100. */
  readonly steps: readonly number[];
  /** How long each step but the last is looked at, unscaled. */
  readonly stepSeconds: number;
}

type Limiting = Pick<EnvironmentConfig, "rollout" | "cluster" | "services" | "traffic" | "loadBalancer">;

export function limitsOf(config: Limiting): Limits {
  const { desiredSize, maxSize } = config.cluster.nodes;
  const { minActive, bakeSeconds, minCapacityPercent } = config.rollout;
  const { steps, stepSeconds } = weightedRolloutOf(config);
  return {
    minActive,
    bakeSeconds,
    minCapacityPercent,
    maxCapacityPercent: Math.floor((100 * maxSize) / desiredSize),
    ...(config.rollout.strategy === "cycle" ? { inPlace: true } : {}),
    ...(stopsWorkloads(config) ? {} : { stopsWorkloads: false }),
    ...(trafficOf(config) === "weighted" ? { weighted: { steps, stepSeconds } } : {}),
  };
}

export const impossible = (message: string, remedy: string): DriverError =>
  new DriverError("EBG-PLAN-IMPOSSIBLE", message, remedy);

/** How another member comes in; what is named is there, so that it can be typed. */
export function bringIn(placement: Placement, without: readonly string[]): string {
  const others = Object.keys(placement).filter((name) => !without.includes(name) && !isServing(placement[name]));
  const ready = others.find((name) => placement[name]?.evacuated === undefined);
  if (ready !== undefined) return `bring another one in: eks-blue-green admit ${ready}`;
  const out = others[0];
  return out === undefined
    ? "bring another one in: add a member's name to eks-blue-green:members, then eks-blue-green up, and admit it"
    : `bring another one in, once its cluster is back: eks-blue-green drain ${out}, then eks-blue-green admit ${out}`;
}

/**
 * For steps from where the members stand. @throws EBG-PLAN-IMPOSSIBLE when the config divides traffic in another way than
 * the members have it: their target groups are others
 */
export function stepsFrom(placement: Placement, limits: Limits): Steps {
  const weighted = limits.weighted !== undefined;
  const otherwise = boundMembers(placement).filter((name) => (placement[name]?.share !== undefined) !== weighted);
  if (otherwise.length > 0)
    throw impossible(
      `eks-blue-green:traffic is ${weighted ? "weighted" : "shared"}, and by the record ${otherwise.join(", ")} ` +
        `${weighted ? "has no share" : "has a share"}: an environment keeps the kind of traffic that it was deployed with`,
      `set eks-blue-green:traffic back to ${weighted ? "shared" : "weighted"}`,
    );
  return new Steps(placement, weighted);
}

/** Where the members stand after a step. */
export function afterStep(placement: Placement, step: Step): Placement {
  return step.type === "move" ? placementAfter(placement, step) : placement;
}

/** Each move starts where the last one ended. */
export class Steps {
  readonly list: Step[] = [];
  /** `weighted`: also where nobody is in traffic, whose shares would say it. */
  constructor(
    public placement: Placement,
    readonly weighted: boolean = isWeighted(placement),
  ) {}

  move(kind: MemberMoveKind, member: string, to: MemberPlacement): void {
    const step: Step = { type: "move", kind, member, from: this.at(member), to };
    this.list.push(step);
    this.placement = afterStep(this.placement, step);
  }
  /** Into traffic. Where it is weighted nobody is sent there yet: its targets get healthy first. */
  admit(member: string): void {
    const stands = this.at(member);
    this.move("admit", member, { ...stands, role: "active", ...(this.weighted ? { share: 0 } : {}) });
  }
  /** Out of traffic; the share, which was taken away before, goes as well. */
  drain(member: string): void {
    const { share: _, ...stands } = this.at(member);
    this.move("drain", member, { ...stands, role: "standby" });
  }
  /**
   * Shares of bound members, in one move: a half of it would be another share. `also`: members that it has to name
   * though nothing changes for them, because an open shift does. Nothing where nobody would serve.
   */
  shift(shares: Readonly<Record<string, number>>, also: readonly string[] = []): void {
    const changes: Record<string, Change> = {};
    for (const name of boundMembers(this.placement)) {
      const from = this.at(name);
      const share = shares[name] ?? from.share;
      if (share === undefined || (share === from.share && !also.includes(name))) continue;
      changes[name] = { from, to: { ...from, share } };
    }
    if (Object.keys(changes).length === 0) return;
    const after = placementAfter(this.placement, { kind: "shift", changes });
    const sum = boundMembers(after).reduce((all, name) => all + (after[name]?.share ?? 0), 0);
    if (sum === 0) return;
    const step: Step = { type: "move", kind: "shift", changes, sum };
    this.list.push(step);
    this.placement = after;
  }
  /** Shares as in `goal`, of all members in traffic: who had none there gets none. */
  sharesOf(goal: Placement, also: readonly string[] = []): void {
    if (!this.weighted) return;
    this.shift(Object.fromEntries(boundMembers(this.placement).map((name) => [name, goal[name]?.share ?? 0])), also);
  }
  at(member: string): MemberPlacement {
    return this.placement[member] ?? { role: "absent", version: null, workload: "running" };
  }
  serving(): string[] {
    return servingMembers(this.placement);
  }
  bake(seconds: number, why: string): void {
    if (seconds > 0) this.list.push({ type: "bake", seconds, why });
  }
  /**
   * Up in one move: nodes come before the pods that need them. Down in two while traffic comes: pods go before the
   * nodes that they run on.
   */
  resize(member: string, percent: number, nodePercent: number = percent): void {
    const stands = this.at(member);
    if (capacityOf(stands) === percent && nodePercentOf(stands) === nodePercent) return;
    const between = Math.max(nodePercentOf(stands), nodePercent);
    if (nodePercent < nodePercentOf(stands) && percent < capacityOf(stands) && stands.role === "active")
      this.move("scale", member, sizedAt(stands, percent, between));
    this.move("scale", member, sizedAt(this.at(member), percent, nodePercent));
  }
}
