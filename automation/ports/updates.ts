/** What an update of a stack would do, and has done. */

/** One operation of a preview. `same`, `read` and `refresh` are left out unless the engine reports them as a change. */
export interface PlannedOperation {
  readonly operation: string;
  readonly type: string;
  readonly urn: string;
  /** Changed property paths, as `spec.replicas`; empty when the provider named none. */
  readonly paths: readonly string[];
  /**
   * An earlier update was applied and did not get it ready: the engine plans to finish it, also when nothing of it
   * changes. Absent: false.
   */
  readonly incomplete?: true;
  /** Its parent's URN. Absent: not told. */
  readonly parent?: string;
  /** False for component resources, which exist in the state alone. */
  readonly custom: boolean;
}

export interface PreviewedUpdate {
  readonly operations: readonly PlannedOperation[];
  /** Handle of the update plan for `apply`; an empty text for the destroy of an environment, which has none. */
  readonly plan: string;
}

/** How many resources went which way: `{create: 2, same: 10}`. */
export interface AppliedUpdate {
  readonly changes: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/**
 * What an update passes over. Of a Helm release the provider loads the chart in every preview and every update, from
 * wherever it comes: `releases` leaves those that are complete as they are, so that nothing is asked for a chart.
 */
export type Leaves = "nothing" | "releases";
