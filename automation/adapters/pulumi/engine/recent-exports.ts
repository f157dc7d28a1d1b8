/**
 * The text of a stack's export, for the one read that follows at once: settling a stack and reading it are two looks at
 * the same state. Anything that is done to the stack through this engine drops it; what others do meanwhile, the
 * record's revision tells of in the next write.
 */

/** As old as a read may be that was made for something else. */
const longestMs = 3000;

export class RecentExports {
  private readonly kept = new Map<string, { readonly text: string; readonly at: number }>();
  /** By stack: of those that do something to it, the one that began or ended last. */
  private readonly last = new Map<string, object>();

  /**
   * Something begins that may change the stack, or reads it. To be called at its end: alone, or, of an export to which
   * nothing else came in between, with its text.
   */
  touch(stack: string, now: number): (exported?: string) => void {
    const me = {};
    const mine = (): boolean => this.last.get(stack) === me;
    this.drop(stack, me);
    return (exported) => {
      if (exported === undefined) this.drop(stack, mine() ? me : {});
      else if (mine()) this.kept.set(stack, { text: exported, at: now });
    };
  }

  /** Once: the next read is a look of its own. */
  take(stack: string, now: number): string | null {
    const found = this.kept.get(stack);
    this.kept.delete(stack);
    return found !== undefined && now - found.at <= longestMs ? found.text : null;
  }

  private drop(stack: string, by: object): void {
    this.kept.delete(stack);
    this.last.set(stack, by);
  }
}
