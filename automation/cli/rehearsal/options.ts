export interface RehearsalOptions {
  readonly projectDirectory: string;
  readonly environment: string;
  /** Null: the minor before `to`. */
  readonly from: string | null;
  /** Null: what the environment's config wants. */
  readonly to: string | null;
  readonly timeScale: number;
  readonly lbc: "stand-in" | "external";
  /**
   * With `external`: a controller's program, and its first arguments, that is run for each cluster; empty: a person
   * attaches one.
   */
  readonly attach: readonly string[];
  /** Variables that the program under rehearsal gets besides what is harmless. */
  readonly passEnv?: readonly string[];
  readonly providers: Readonly<Record<string, string>>;
  readonly region: string;
  /** Null: `usualRate` of what is rehearsed. */
  readonly requestsPerSecond: number | null;
  /** Leave the sandbox running at the end. */
  readonly keep: boolean;
  /** As `--fault` takes them, with or without a moment. */
  readonly faults?: readonly string[];
}

/** Requests a second when none are asked for, which two cores send, serve and count beside a whole environment. */
export const usualRates = { http: 1000, https: 250 };
