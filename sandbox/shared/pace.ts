/**
 * Whether this process got its share of the machine. A sandbox compresses minutes into seconds, on machines that do
 * other things as well: a
 * probe that nobody answered in half a second says nothing about the program when nobody here could have answered.
 */
const BEAT_MS = 20;
/** Fewer than this share of the beats that were due: the machine was somebody else's meanwhile. */
const STARVED_BELOW = 0.5;
/** Shorter stretches hold too few beats to judge by. */
const SHORTEST_MS = 10 * BEAT_MS;

export interface Stretch {
  /** True when the process was starved since the stretch began. */
  starved(): boolean;
}

/** `beats` of those that were due in `tookMs`. */
export function isStarved(beats: number, tookMs: number): boolean {
  return tookMs >= SHORTEST_MS && beats < (tookMs / BEAT_MS) * STARVED_BELOW;
}

let beats = 0;
let beating: NodeJS.Timeout | null = null;

/** Begins a stretch of time to be judged later. */
export function beginStretch(): Stretch {
  beating ??= setInterval(() => (beats += 1), BEAT_MS).unref();
  const [firstBeat, began] = [beats, performance.now()];
  return { starved: () => isStarved(beats - firstBeat, performance.now() - began) };
}

/** Of one series of probes: which answers say something about the program. */
export class Excuses {
  private inARow = 0;

  /** False for a failure that is put down to the machine. */
  counts(succeeded: boolean, stretch: Stretch): boolean {
    this.inARow = !succeeded && stretch.starved() ? this.inARow + 1 : 0;
    return this.inARow === 0 || this.inARow > MOST_EXCUSED;
  }
}

/**
 * How many time-outs in a row may be put down to the machine: somebody must notice a program that hangs, however slow
 * all is.
 */
export const MOST_EXCUSED = 20;
