/**
 * How shares of weighted traffic change: step by step towards a member that comes in, at once away from one that leaves.
 * Pure. A step is looked at before the next one; the way back from any of them is one move.
 */
import { fullShare, isServing, partOf } from "../../stacks/record";
import type { MemberPlacement, Move, Placement, Shares, Step } from "../../stacks/record";
import type { Limits, Steps } from "./step-builder";

/** One without a share serves in full: its part is that of its targets. */
export const shareOf = (placement: MemberPlacement | undefined): number =>
  placement?.role === "active" ? (placement.share ?? fullShare) : 0;

/** Who comes in, in whose place (null: beside the others), and the share that it ends with. */
export interface Ramp {
  readonly incoming: string;
  readonly outgoing: string | null;
  readonly full: number;
}

/** What the incoming one has in the end when it takes the place of the other: no more than a full share. */
export const takenOver = (incoming: MemberPlacement | undefined, outgoing: MemberPlacement | undefined): number =>
  Math.max(shareOf(incoming), Math.min(fullShare, shareOf(incoming) + shareOf(outgoing)));

/** The shares after each step that is still ahead, of those that change; the last one is the end. None where it is so already. */
export function rampOf(
  placement: Placement,
  { incoming, outgoing, full }: Ramp,
  percents: readonly number[],
): Shares[] {
  const [has, gives] = [shareOf(placement[incoming]), outgoing === null ? 0 : shareOf(placement[outgoing])];
  const end: Shares = { [incoming]: Math.max(has, full), ...(outgoing === null ? {} : { [outgoing]: 0 }) };
  const others = Object.keys(placement).some((name) => name !== incoming && isServing(placement[name]));
  if (has >= full && gives === 0) return [];
  // Where nobody else serves every share is all of the requests.
  if (!others) return [end];
  const steps = percents
    .map((percent) => Math.round((full * percent) / 100))
    .filter((part, index, parts) => part > has && part < full && part !== parts[index - 1])
    .map((part): Shares => ({
      [incoming]: part,
      ...(outgoing === null ? {} : { [outgoing]: Math.max(1, has + gives - part) }),
    }));
  return [...steps, end];
}

/** A part of all requests, in percent with at most one decimal. */
export const percentOf = (part: number): string => `${Number((part * 100).toFixed(1))} %`;

/** Takes a bound member up to its share. `serves`: what it does at the end, for people. */
export function rampUp(steps: Steps, ramp: Ramp, limits: Limits, serves: string): void {
  const { steps: percents = [100], stepSeconds = 0 } = limits.weighted ?? {};
  const all = rampOf(steps.placement, ramp, percents);
  const { version } = steps.at(ramp.incoming);
  all.forEach((shares, index) => {
    steps.shift(shares);
    if (index === all.length - 1) return steps.bake(limits.bakeSeconds, serves);
    const part = partOf(steps.placement, ramp.incoming) ?? 0;
    steps.bake(stepSeconds, `${ramp.incoming} (${version}) serves ${percentOf(part)}`);
  });
}

/** Takes all requests from a member that leaves; the others divide them as their shares say. */
export function rampDown(steps: Steps, member: string): void {
  if (steps.weighted && isServing(steps.at(member))) steps.shift({ [member]: 0 });
}

type AnyStep = Step | Move;

const shifted = (step: AnyStep, how: (from: number, to: number) => boolean): string[] =>
  "kind" in step && step.kind === "shift"
    ? Object.entries(step.changes).flatMap(([name, { from, to }]) => (how(shareOf(from), shareOf(to)) ? [name] : []))
    : [];

/** Members that get more of the requests by this step. */
export const raisedBy = (step: AnyStep): string[] => shifted(step, (from, to) => to > from);

/** Members that get none of the requests any more after these steps' shifts, and got some before. */
export const emptiedBy = (steps: readonly AnyStep[]): string[] =>
  steps.flatMap((step) => shifted(step, (from, to) => from > 0 && to === 0));
