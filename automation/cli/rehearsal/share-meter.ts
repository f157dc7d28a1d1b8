/**
 * How much of the traffic each member got at each step of a rollout, compared with what the step's weights say. Pure but
 * for the answers, which are asked for when a step begins and ends.
 */
import type { DriverEvent } from "../../events";
import { isShiftStep } from "../../../stacks/record";
import type { Answers } from "./load";

/** One step's shares, wanted and seen. */
export interface MeasuredShares {
  /** By member: part of 1. */
  readonly wanted: Readonly<Record<string, number>>;
  readonly seen: Readonly<Record<string, number>>;
  /** Answers that were counted. */
  readonly answers: number;
}

/** Two points of percent: less says nothing about weights. */
const leastTolerance = 0.02;
/** A right share of `n` answers is outside of this once in some hundred steps. */
const deviations = 3;

export function tolerance(part: number, answers: number): number {
  return Math.max(leastTolerance, deviations * Math.sqrt((part * (1 - part)) / Math.max(1, answers)));
}

/** True when every member's share is within the tolerance, and there were answers at all. */
export function isAsWanted({ wanted, seen, answers }: MeasuredShares): boolean {
  const members = new Set([...Object.keys(wanted), ...Object.keys(seen)]);
  return (
    answers > 0 &&
    [...members].every((member) => {
      const part = wanted[member] ?? 0;
      // Weight 0 is no request at all.
      if (part === 0) return (seen[member] ?? 0) === 0;
      return Math.abs((seen[member] ?? 0) - part) <= tolerance(part, answers);
    })
  );
}

const percent = (part: number): string => `${Math.round(part * 1000) / 10} %`;

export function sharesText({ wanted, seen, answers }: MeasuredShares): string {
  const members = [...new Set([...Object.keys(wanted), ...Object.keys(seen)])].sort();
  const each = members.map((member) => `${member} ${percent(seen[member] ?? 0)} of ${percent(wanted[member] ?? 0)}`);
  return `${each.join(", ")} in ${answers} answers`;
}

/** Counts by member, as parts of 1. */
export const partsOf = (counts: Readonly<Record<string, number>>): Record<string, number> => {
  const sum = Object.values(counts).reduce((total, one) => total + one, 0);
  return sum === 0 ? {} : Object.fromEntries(Object.entries(counts).map(([name, one]) => [name, one / sum]));
};

export class ShareMeter {
  readonly measured: MeasuredShares[] = [];
  private shares: Record<string, number> = {};
  private from: Readonly<Record<string, number>> | null = null;

  /** `counts`: good answers by member so far. */
  constructor(private readonly counts: () => Answers[keyof Answers]) {}

  /** From a shift's end, whose hold is over, to the beginning of the next move. */
  readonly onEvent = (event: DriverEvent): void => {
    if (event.kind === "step-started" && event.step.type === "move") this.end();
    if (event.kind === "rollout-finished" || event.kind === "walk-back") this.end();
    if (event.kind !== "step-finished" || !isShiftStep(event.step)) return;
    for (const [member, { to }] of Object.entries(event.step.changes)) this.shares[member] = to.share ?? 0;
    this.from = this.counts();
  };

  private end(): void {
    const before = this.from;
    this.from = null;
    if (before === null) return;
    const now = this.counts();
    const counted = Object.fromEntries(Object.entries(now).map(([name, n]) => [name, n - (before[name] ?? 0)]));
    const answers = Object.values(counted).reduce((sum, one) => sum + one, 0);
    this.measured.push({ wanted: partsOf(this.shares), seen: partsOf(counted), answers });
  }
}
