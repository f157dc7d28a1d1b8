/**
 * The record: where traffic is, and the rollout that is under way. It is an output of the environment's stack, made of
 * plain
 * values only (an output that depends on a resource would be lost with that resource), and it is written ahead of every
 * move.
 */

import type { AdoptedLoadBalancer } from "../../components/internal/adopted-load-balancer-shape";
import type { LoadBalancerOwner } from "../config/types";
import type { Adoption } from "./adoption";
import type { Evacuated, Evacuation } from "./evacuation";

export type {
  AdoptedBinding,
  AdoptedListener,
  AdoptedLoadBalancer,
  AdoptedSecurityGroup,
  AdoptedTargetGroup,
} from "../../components/internal/adopted-load-balancer-shape";

/** `absent`: no resources · `standby`: runs, but is not bound · `active`: bound, receives traffic. */
export type Role = "absent" | "standby" | "active";

/** Whether the member's workload has its pods, or was scaled to zero gracefully after a drain. */
export type WorkloadState = "running" | "stopped";

/** Where one member stands. */
export interface MemberPlacement {
  readonly role: Role;
  /** Deployed Kubernetes minor version, as `1.35`; null exactly when the role is `absent`. */
  readonly version: string | null;
  readonly workload: WorkloadState;
  /** Replicas and nodes (those that no autoscaler owns) in percent of the config's; absent = 100. */
  readonly capacityPercent?: number;
  /**
   * Nodes in percent of the config's, while they differ: on the way down pods go before the nodes that they run on.
   * Absent = capacityPercent.
   */
  readonly nodePercent?: number;
  /**
   * Only of a standby: it left traffic without its cluster's help (`evacuate`), and has to be put in order before it
   * may come back. Absent: no.
   */
  readonly evacuated?: Evacuated;
  /**
   * Only of an active member whose traffic is weighted: its weight, 0 to 999. It gets the weight's part of the sum over
   * all members. Absent: its part is that of its targets.
   */
  readonly share?: number;
}

/** Role and deployed version of every member, by the member's name. */
export type Placement = Readonly<Record<string, MemberPlacement>>;

/**
 * What a move does with one member: make it, take it into traffic or out of it, change its version or its size, destroy
 * it.
 */
export type MemberMoveKind = "provision" | "admit" | "drain" | "upgrade" | "scale" | "retire";
/** Those, and a shift of several members' shares. */
export type MoveKind = MemberMoveKind | "shift";

/** From where to where one member goes in a move. */
export interface Change {
  readonly from: MemberPlacement;
  readonly to: MemberPlacement;
}

/** One edge of one member's state, made by an update of its stack. */
export interface MemberMove extends Change {
  readonly kind: MemberMoveKind;
  readonly member: string;
  readonly changes?: undefined;
}

/**
 * Shares of several members that change together, made by one update of the environment's stack;
 * docs/decisions/0015-weights.md.
 */
export interface ShiftMove {
  readonly kind: "shift";
  /** By member; without those whose share stays. */
  readonly changes: Readonly<Record<string, Change>>;
  /** Sum of all members' shares after it, for people: a share is a part of it. Absent: not said. */
  readonly sum?: number;
  readonly member?: undefined;
}

/** What is the same for both kinds is asked in moves.ts. */
export type Move = MemberMove | ShiftMove;

/** One step of a rollout: a move, or a time during which everything must stay good. */
export type Step =
  ({ readonly type: "move" } & Move) | { readonly type: "bake"; readonly seconds: number; readonly why: string };

/** Who wrote something into the record. */
export interface Signature {
  /** `user@host pid`, for people: whoever runs the driver chooses it. */
  readonly by: string;
  /** ARN of the AWS credentials that it ran with. Absent: an earlier version wrote it, or STS did not say. */
  readonly caller?: string;
}

/** The last move that took a member into traffic or out of it, or gave it another share. */
export interface TrafficChange extends Signature {
  readonly kind: "admit" | "drain" | "evacuate" | "shift";
  /** Of a shift: the one whose share rose most. */
  readonly member: string;
  /** When it was begun. ISO 8601, UTC. */
  readonly startedAt: string;
}

/** A move that was begun and is not yet committed. */
export interface Intent extends Signature {
  readonly move: Move;
  /** Index into `rollout.steps`. */
  readonly step: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /**
   * The member's registered targets per service (`ip:port`, sorted), taken before a drain: these must be gone after it.
   */
  readonly targetsBefore: Readonly<Record<string, readonly string[]>>;
}

/** How an upgrade goes: `replace` makes new members for the old ones, `cycle` upgrades them in place one by one. */
export type StrategyName = "replace" | "cycle";

/**
 * What was asked for when a rollout is not an `upgrade`: planned work on one member; or an upgrade that makes members
 * anew whatever they are (`replace`).
 */
export interface RolloutCommand {
  readonly name: "rollback" | "admit" | "drain" | "scale" | "teardown" | "replace";
  /** null: all of them (`rollback`, `teardown`, `replace`). */
  readonly member: string | null;
  /** Only with `scale`. */
  readonly percent: number | null;
}

/**
 * What there was before the first move of a rollout, or when it turned. What was sick then is not the moves' doing;
 * what gets worse is.
 */
export interface Baseline {
  /** By member and target group key: registered targets, and how many of them were healthy. */
  readonly targets: Readonly<
    Record<string, Readonly<Record<string, { readonly registered: number; readonly healthy: number }>>>
  >;
  /** By target group key; without those that nobody asked. */
  readonly requests: Readonly<
    Record<string, { readonly sent: number; readonly failed: number; readonly statuses?: readonly number[] }>
  >;
  /** Names of the alarms that rang. */
  readonly alarms: readonly string[];
}

/** An upgrade or planned work that is under way: its steps and how far it is. */
export interface Rollout {
  readonly id: string;
  /** Absent: `upgrade`. The same command goes on with it; another one is refused. */
  readonly command?: RolloutCommand;
  readonly strategy: StrategyName;
  /** The Kubernetes minor that this rollout goes to. */
  readonly wantedVersion: string;
  readonly steps: readonly Step[];
  /** How many of the steps are committed. */
  readonly done: number;
  readonly direction: "forward" | "back";
  /** Why it turned back; null while it goes forward. */
  readonly reason: string | null;
  /**
   * Healthy targets by member and target group key, counted before the member's drain was begun: where an autoscaler
   * owns the replicas, that
   * is what those that stay must have, also when the drain is resumed. Absent: no such member was drained.
   */
  readonly healthyBefore?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Before the first move. Absent: written by an earlier version, or not seen. */
  readonly baseline?: Baseline;
  /**
   * Requests of which not one was answered before the member came in that came in last: it is not blamed for them, also
   * when another process goes on. Absent: none, or the other member is out by now.
   */
  readonly failingBefore?: Baseline["requests"];
  /** When it turned last. Absent: it has not turned, or an earlier version wrote it. */
  readonly turned?: Baseline;
  /** Somebody asked for the way back; nothing was known to be broken. Absent: no. */
  readonly asked?: true;
  /** The way back itself failed a check, and it turned once more: it ends with the members that serve. Absent: no. */
  readonly again?: true;
  /** It goes back because the config was set back, not because a check failed. Absent: false. */
  readonly givenUp?: true;
  /**
   * Planned with a member that was evacuated since: only the move that was open then is finished, and the rest is
   * planned anew. Absent: no.
   */
  readonly cut?: true;
  /**
   * A shift takes everything from a member because it had no healthy target, without the steps that were planned: only
   * as long as that is so. Absent: no.
   */
  readonly atOnce?: true;
  /**
   * Members whose requests fail though their targets are healthy, as the share of those that fail says: until they get
   * none, what fails is theirs. Kept by a rollback that was asked for. Only where traffic is weighted. Absent: none is known.
   */
  readonly erring?: readonly string[];
  readonly startedAt: string;
}

/** Who owns the load balancers. Once written it wins over the config. */
export interface Ownership {
  readonly owner: LoadBalancerOwner;
  /** Only with owner `service`. */
  readonly primary: string | null;
  /** By service name: load balancers that `adopt` handed over; null: none. */
  readonly adopted: Readonly<Record<string, AdoptedLoadBalancer>> | null;
  /**
   * The member whose Services owned the adopted load balancers. Its controller's own bindings (named like the target
   * groups) are taken
   * over there, because a second binding beside them would not register again once they go. Absent or null: none.
   */
  readonly formerPrimary?: string | null;
}

/** A version, or settings, that were rolled back: `upgrade` does not go there by itself again. */
export interface Hold extends Signature {
  /** Kubernetes minor. */
  readonly version: string;
  /**
   * Settings for which members were made anew at the same version, as `cluster.nodes.instanceTypes ["m7i.large"]`.
   * Absent: the version is what was rolled back.
   */
  readonly settings?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Why a rollout stands still, for people. It holds while no later write was made. */
export interface Halt extends Signature {
  /** Of the record that it was written with. */
  readonly revision: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The driver's error code. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** Where traffic is and what is under way. The one output of the environment's stack that the driver writes. */
export interface EnvironmentRecord {
  /** 2: it has shares or shifts, which versions that read 1 alone must refuse (`schemaOf`). */
  readonly schemaVersion: 1 | 2;
  /** Goes up by one with every write; the fence compares it. The first record has 1. */
  readonly revision: number;
  readonly placement: Placement;
  readonly rollout: Rollout | null;
  readonly intent: Intent | null;
  /** Absent: as the config says (`ownershipOf`). */
  readonly ownership?: Ownership;
  /** A load balancer that is being handed over; written ahead of every step. */
  readonly adoption?: Adoption | null;
  /** A member that is being taken out without its cluster's help; written ahead. Nothing else goes on meanwhile. */
  readonly evacuation?: Evacuation | null;
  /** Lifted when the config wants something else, or by `upgrade --retry-version`. Absent: no version is held. */
  readonly hold?: Hold | null;
  /** See `haltOf`. Absent: the rollout has not stopped, or an earlier version wrote the record. */
  readonly halt?: Halt | null;
  /** Absent: no member was moved yet, or earlier versions moved them. */
  readonly lastTraffic?: TrafficChange | null;
}
