import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type PodSpecInput = kubernetes.types.input.core.v1.PodSpec;

/** What is added to the pods of a `Workload`: any part of Kubernetes' own PodTemplateSpec, in plain values. */
export interface PodTemplate {
  /** More labels and annotations of the pods. Default none. */
  readonly metadata?: {
    /** Not those that the workload is selected by. */
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /**
   * Merged as a strategic merge patch: containers, volumes, variables and the like by their name. A container named as
   * the workload is its own. null takes a value away. Default none.
   */
  readonly spec?: { readonly [Key in keyof PodSpecInput]?: pulumi.Unwrap<PodSpecInput[Key]> | null };
}
