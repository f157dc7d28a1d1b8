/** What planners of a way back have in common: its type, what they are told, and where it leads. Pure. */
import { memberMoves, placementAfter, placementUndone } from "../../stacks/record";
import type { EnvironmentRecord, MemberMove, Placement, Step } from "../../stacks/record";
import type { Answers } from "../observation/whose-failures";
import type { Health } from "../ports";
import { describeAsked } from "../text/command-line";
import type { SeenDead } from "./to-the-well";

/** Health of each member's service as observed now, whatever the record says. */
export type ObservedHealth = Readonly<Record<string, Health>>;

export type WalkBack =
  /** `goesOn`: it is the same way back, without a member that serves nobody. Absent: it is another one. */
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly goesOn?: true }
  /**
   * Turning back would take traffic from the only side that is healthy, or needs what is destroyed: nothing is moved.
   */
  | { readonly kind: "stay"; readonly why: string; readonly remedy: string };

export const stay = (why: string, remedy: string): WalkBack => ({ kind: "stay", why, remedy });

/**
 * Where the members stood when the rollout began, found by undoing its committed steps; or, when a member was destroyed
 * since, right
 * after that (nobody comes back from there).
 */
export function placementBefore(record: Pick<EnvironmentRecord, "rollout" | "placement">): Placement {
  const all = record.rollout?.steps.slice(0, record.rollout.done) ?? [];
  const done = all.slice(all.findLastIndex((step) => step.type === "move" && step.kind === "retire") + 1);
  return undo(done, record.placement);
}

/**
 * The same where a move of a way back is open. One that was open when it turned is taken as done: the first move back
 * begins where that one led, and not where the record stands.
 */
export function placementTurnedFrom(record: Pick<EnvironmentRecord, "rollout" | "placement" | "intent">): Placement {
  const open = record.intent?.move;
  if (open?.kind !== "shift") return placementBefore(record);
  return placementBefore({ ...record, placement: placementUndone(placementAfter(record.placement, open), open) });
}

export const undo = (steps: readonly Step[], from: Placement): Placement =>
  steps.reduceRight<Placement>(
    (placement, step) => (step.type === "move" ? placementUndone(placement, step) : placement),
    from,
  );

export interface WalkBackOptions {
  /** Somebody asked for it; nothing is broken. Default false: a gate failed. */
  readonly requested?: boolean;
  /** Requests fail that did not before the rollout began. Default false: not known. */
  readonly failing?: boolean;
  /** Seconds in which those that come back must stay good before others leave, where nothing is broken. Default: none. */
  readonly bakeSeconds?: number;
  /** Members that serve nobody where others do. Default: none is known. */
  readonly dead?: SeenDead;
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
  /** Requests of the look, by service and port. Absent: none were asked. */
  readonly asked?: Readonly<Record<string, Answers>>;
}

/** What goes on with the rollout of the record. */
export const goOn = ({ rollout }: EnvironmentRecord): string =>
  `eks-blue-green ${describeAsked(rollout?.command ?? null)}`;

/** Members with a move of this kind among the steps. */
export const moving = (steps: readonly Step[], kind: MemberMove["kind"]): string[] =>
  memberMoves(steps).flatMap((move) => (move.kind === kind ? [move.member] : []));
