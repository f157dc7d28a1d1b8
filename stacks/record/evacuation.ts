/** `evacuate`: what the record says of a member that left traffic without its cluster's help. */

import type { Signature } from "./types";

/** The deregistration that is under way; written before anything is touched. */
export interface Evacuation extends Signature {
  readonly member: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** What was seen of the cluster, or what the person said. */
  readonly why: string;
  /** Targets that are provably the member's, by target group key: these leave. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /**
   * IAM role of its controller, which gets a policy that denies registering; null: a person has said that the
   * controller is stopped.
   */
  readonly roleName: string | null;
  /** It stood by and had no bindings. Absent: it has, or may have. */
  readonly unbound?: true;
  /** It was begun in the middle of a teardown, which goes on behind it: nobody has to serve meanwhile. Absent: no. */
  readonly teardown?: true;
}

/** Of a standby that was evacuated: its cluster still has the bindings and may know nothing of it. */
export interface Evacuated extends Signature {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly why: string;
  /** The role that carries the denial; null: none does. */
  readonly roleName: string | null;
  /** It had no bindings when it was evacuated. Absent: it has, or may have. */
  readonly unbound?: true;
}
