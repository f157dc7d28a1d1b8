/** What EKS says of a member's cluster. */

/** As EKS tells it. */
export interface ClusterStatus {
  readonly status: string;
  readonly version: string | null;
  /** Whether EKS refuses to delete it. Absent: false. */
  readonly deletionProtection?: boolean;
}
/** An update that EKS works on, or has ended; the message is that of one that failed. */
export interface ClusterUpdate {
  readonly status: "running" | "done" | "failed";
  readonly message: string;
}
/** An EKS add-on; `ACTIVE` is the only status that is good. */
export interface AddonStatus {
  readonly name: string;
  readonly version: string;
  readonly status: string;
}
