/**
 * What a program has just answered, for several probes that ask it the same: readiness and liveness mostly do. Each
 * request costs 1.3 ms of CPU, more than all else that a node agent does while nothing happens.
 */
export class RecentAnswers {
  private readonly recent = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  /** `maxAgeMs`: a question that was put so long ago, or longer, is put again. `now`: a clock that never goes back. */
  constructor(
    private readonly maxAgeMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** `question`: two with the same text are the same. */
  ask(question: string, put: () => Promise<boolean>): Promise<boolean> {
    const at = this.now();
    const last = this.recent.get(question);
    if (last !== undefined && at - last.at < this.maxAgeMs) return last.answer;
    const answer = put();
    this.recent.set(question, { at, answer });
    return answer;
  }
}
