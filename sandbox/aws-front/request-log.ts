/** The last requests, with what somebody who looks for a cause wants to know. */
export interface LoggedRequest {
  /** Rises by one per request; pass it to `requests(since)`. */
  readonly id: number;
  readonly at: string;
  /** `elasticloadbalancing:RegisterTargets`. */
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** AWS error code, when the answer was one. */
  readonly error?: string;
  readonly ms: number;
  readonly fault?: string;
  /** Who asked, when it was not the sandbox's own key. */
  readonly by?: string;
  /** The actions that the caller's policies allowed for it. */
  readonly permissions?: readonly string[];
}

export class RequestLog {
  private readonly ring: LoggedRequest[] = [];
  private readonly counts: Record<string, number> = {};
  private next = 1;
  constructor(
    private readonly capacity = 5_000,
    private readonly onLog?: (entry: object) => void,
  ) {}

  add(entry: Omit<LoggedRequest, "id">): void {
    const logged = { id: this.next++, ...entry };
    this.ring.push(logged);
    this.counts[logged.operation] = (this.counts[logged.operation] ?? 0) + 1;
    if (this.ring.length > this.capacity) this.ring.splice(0, this.ring.length - this.capacity);
    this.onLog?.({ event: "request", ...logged });
  }

  /** Every operation that was ever asked for, with how often. */
  operations(): Readonly<Record<string, number>> {
    return this.counts;
  }

  /** Those with an id above `since`, oldest first. */
  list(since = 0): readonly LoggedRequest[] {
    return this.ring.filter((one) => one.id > since);
  }
}
