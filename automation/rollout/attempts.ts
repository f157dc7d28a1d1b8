/**
 * How often an update is repeated. An attempt that leaves less to do than every one before it has got on, and what stopped it was something
 * else than what stopped the last: it costs nothing. The plan that an attempt begins with says how much is left, so nothing is counted
 * that was not looked at; and as it can't get shorter for ever, neither can this go on for ever. Pure.
 */

/** Attempts that find as much left to do as the one before, the first of them included. */
export const mostInVain = 3;
/** Attempts at all: each may take EKS a quarter of an hour, and a person should get to know what keeps failing. */
export const mostAttempts = 20;

export class Attempts {
  /** Attempts begun. */
  made = 0;
  private inVain = 0;
  private least = Number.POSITIVE_INFINITY;

  /** One that does not get as far as its plan was in vain. */
  begin(): void {
    this.made += 1;
    this.inVain += 1;
  }

  /** `left`: operations in the plan that this attempt begins with. */
  planned(left: number): void {
    if (left >= this.least) return;
    this.least = left;
    this.inVain = 1;
  }

  get spent(): boolean {
    return this.inVain >= mostInVain || this.made >= mostAttempts;
  }

  /** Grows while nothing gets on; unscaled. */
  get pauseSeconds(): number {
    return 10 * this.inVain;
  }
}
