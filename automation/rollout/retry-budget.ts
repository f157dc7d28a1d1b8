/**
 * How often an update is repeated. The plan that an attempt begins with says what the one before was good for: when it
 * is shorter than
 * every plan so far, that one got on (or only its answer was lost), and what stopped it is nothing that stopped any
 * before; so it costs
 * nothing. A plan can't get shorter for ever, and what is not seen to be shorter is not believed. Pure.
 */

/** Attempts that left as much to do as there was. */
export const mostInVain = 3;
/** Attempts at all: each may take EKS a quarter of an hour, and a person should get to know what keeps failing. */
export const mostAttempts = 20;

export class Attempts {
  /** Attempts begun. */
  made = 0;
  private inVain = 0;
  private least = Number.POSITIVE_INFINITY;
  private looked = false;

  begin(): void {
    this.made += 1;
    this.looked = false;
  }

  /** `left`: operations in the plan that this attempt begins with. Answers whether it is worth making. */
  planned(left: number): boolean {
    this.looked = true;
    this.inVain = left < this.least ? 0 : this.inVain + 1;
    this.least = Math.min(this.least, left);
    return this.inVain < mostInVain;
  }

  /**
   * The attempt failed: whether there may be another. Whether it got on, only the next plan can tell; but without a
   * plan of its own it did not.
   */
  failed(): boolean {
    if (!this.looked) this.inVain += 1;
    return this.inVain < mostInVain && this.made < mostAttempts;
  }

  /** It was not made after all: somebody else held the stack. */
  free(): void {
    this.made -= 1;
  }

  /** Grows while nothing gets on; unscaled. */
  get pauseSeconds(): number {
    return 10 * (1 + this.inVain);
  }
}
