/** What planners are made of: steps that are collected together with the placement that they lead to. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import { stopsWorkloads } from "../../stacks/config/target-groups";
import { capacityOf, nodePercentOf, sizedAt, boundMembers, isServing, servingMembers } from "../../stacks/record";
import { placementAfter, type Change, type MemberMoveKind, type MemberPlacement } from "../../stacks/record";
import type { Placement, Step } from "../../stacks/record";
import { DriverError } from "../errors";

export interface Wanted {
  /** Kubernetes minor, `1.35`. */
  readonly version: string;
  /** Names of the members that the config allows, in its order. */
  readonly members: readonly string[];
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
}

export function limitsOf(config: Pick<EnvironmentConfig, "rollout" | "cluster" | "services">): Limits {
  const { desiredSize, maxSize } = config.cluster.nodes;
  const { minActive, bakeSeconds, minCapacityPercent } = config.rollout;
  return {
    minActive,
    bakeSeconds,
    minCapacityPercent,
    maxCapacityPercent: Math.floor((100 * maxSize) / desiredSize),
    ...(stopsWorkloads(config) ? {} : { stopsWorkloads: false }),
  };
}

export const impossible = (message: string, remedy: string): DriverError =>
  new DriverError("EBG-PLAN-IMPOSSIBLE", message, remedy);

/** How another member comes in; what is named is there, so that it can be typed. */
export function bringIn(placement: Placement, without: string): string {
  const others = Object.keys(placement).filter((name) => name !== without && !isServing(placement[name]));
  const ready = others.find((name) => placement[name]?.evacuated === undefined);
  if (ready !== undefined) return `bring another one in: eks-blue-green admit ${ready}`;
  const out = others[0];
  return out === undefined
    ? "bring another one in: add a member's name to eks-blue-green:members, then eks-blue-green up, and admit it"
    : `bring another one in, once its cluster is back: eks-blue-green drain ${out}, then eks-blue-green admit ${out}`;
}

/** Where the members stand after a step. */
export function afterStep(placement: Placement, step: Step): Placement {
  return step.type === "move" ? placementAfter(placement, step) : placement;
}

/** Each move starts where the last one ended. */
export class Steps {
  readonly list: Step[] = [];
  constructor(public placement: Placement) {}

  move(kind: MemberMoveKind, member: string, to: MemberPlacement): void {
    const step: Step = { type: "move", kind, member, from: this.at(member), to };
    this.list.push(step);
    this.placement = afterStep(this.placement, step);
  }
  /** Shares as they were in `goal`, of members in traffic; in one move, because a half of it would be another share. */
  sharesOf(goal: Placement, also: readonly string[] = []): void {
    const changes: Record<string, Change> = {};
    for (const name of boundMembers(this.placement)) {
      const from = this.at(name);
      const { share: _now, ...rest } = from;
      const share = goal[name]?.share;
      if (share === from.share && !also.includes(name)) continue;
      changes[name] = { from, to: share === undefined ? rest : { ...rest, share } };
    }
    if (Object.keys(changes).length === 0) return;
    const step: Step = { type: "move", kind: "shift", changes };
    this.list.push(step);
    this.placement = afterStep(this.placement, step);
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
