/** How long ago something was seen, also when this process was suspended since. */
import type { Clock } from "../ports";

export interface Moment {
  readonly even: number;
  readonly wall: number;
}
type Clocks = Pick<Clock, "now" | "wall">;

export const momentOf = (clock: Clocks): Moment => ({ even: clock.now(), wall: clock.wall() });

/** The longest that it may be: a clock that was set forward can't be told from a suspended process. */
export const longestSince = (clock: Clocks, { even, wall }: Moment): number =>
  Math.max(clock.now() - even, clock.wall() - wall);
