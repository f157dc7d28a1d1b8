/** What is looked at of a workload that somebody else deploys. */

/** How an object stands, as kstatus judges it. */
export type ObjectStatus = "current" | "in-progress" | "failed" | "suspended" | "terminating" | "not-found" | "unknown";
/** An object that must be current before its workload counts as there. */
export interface ReadyObject {
  readonly kind: string;
  readonly name: string;
  readonly status: ObjectStatus;
  /** Why it is not current; empty when it is. */
  readonly message: string;
}
/** A workload that somebody else deploys, by its Service. */
export interface ExternalWorkload {
  /** null: there is no such Service (or namespace). */
  readonly service: {
    /** False: no selector says which pods are its own. */
    readonly selects: boolean;
    readonly ports: readonly number[];
  } | null;
  /** Pods that the Service selects and that have not ended; without those that are on their way out. */
  readonly pods: { readonly total: number; readonly ready: number };
  /** Digests that their containers run, each once, sorted; the whole id where it has no digest. */
  readonly images: readonly string[];
  readonly objects: readonly ReadyObject[];
}
export interface ExternalQuery {
  readonly namespace: string;
  readonly service: string;
  readonly ready: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly apiVersion?: string;
  }[];
}
