/** Looks that get no answer, by what is looked at: `targets`, or a member. */
export class Untold {
  private readonly by = new Map<string, { looks: number; readonly every: number | null }>();

  /** The next `looks`, or every nth from here on. */
  begin(of: string, looks: number, every: number | null): void {
    this.by.set(of, { looks, every });
  }
  end(): void {
    this.by.clear();
  }
  /** Whether this look gets none. */
  hits(of: string): boolean {
    const one = this.by.get(of);
    if (one === undefined) return false;
    one.looks -= 1;
    return one.every === null ? one.looks >= 0 : one.looks % one.every === 0;
  }
}
