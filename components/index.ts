/**
 * The package's Pulumi components. Each can be used alone, in anyone's own program.
 *
 * @module components
 */
export * from "./adopted-load-balancer";
export * from "./application-load-balancer";
export * from "./application-load-balancer-args";
export * from "./cluster";
export * from "./cluster-args";
export * from "./load-balancer-controller";
export * from "./load-balancer-service";
export * from "./member-ingress";
export * from "./multi-cluster-service";
export * from "./network";
export { ConfigError, formatProblem } from "./internal/problems";
export type { Problem } from "./internal/problems";
export type { PodTemplatePart } from "./internal/pod-template";
export * from "./pod-template";
export * from "./shared-load-balancer";
export * from "./shared-load-balancer-args";
export * from "./target-group-binding";
export * from "./workload";
export * from "./workload-objects";
export * from "./workload-service-account";
