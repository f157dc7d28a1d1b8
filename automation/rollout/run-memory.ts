/** What one run of the driver has seen and done, and no record keeps: the next run looks anew. */
import type { DriftMemory } from "../observation/target-drift";
import type { Moment } from "./elapsed";

export class RunMemory {
  /** What EC2 has said of targets that two members claim. */
  readonly settledClaims = new Map<string, string>();
  /** Targets that are missing behind a controller's back, and what was done about it. */
  drift: DriftMemory = {};
  /** When it was last seen that enough stay without the member that leaves or gets smaller. */
  enoughSeenAt: Moment = { even: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  /** Members that served when the rollout began and were taken out again on its way back. */
  readonly leftOut = new Set<string>();
  /** Hooks that moves were made without, like `sync (before-admit blue)`: their work is left to a person. */
  readonly failedHooks = new Set<string>();
  /** A member whose share goes whatever the others can carry: its cluster is dead. */
  emptiedInAnyCase: string | null = null;
  /** Members that a gate has seen to be dead for long enough, before it failed for that; null: none did. */
  seenDead: readonly string[] | null = null;
  /** The way back failed a check, and it turned once more in this run. */
  turnedAgain = false;
}
