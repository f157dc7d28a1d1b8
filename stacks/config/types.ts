/**
 * The wanted state of an environment: the keys of `Pulumi.<env>.yaml`, with defaults filled in. Plain values only. The
 * types follow from the declarations in `keys/`, where each key says what it means.
 */
import type { ValueOf } from "./declare/key";
import type { awsKeys } from "./keys/aws-provider";
import type { memberKeys, OwnKeys } from "./keys/environment";

export type { ClusterConfig } from "./keys/cluster";
export type { NodesConfig } from "./keys/nodes";
export type { ControllerConfig } from "./keys/controller";
export type { HookConfig, HookPoint } from "./keys/hooks";
export type { LoadBalancerConfig, LoadBalancerOwner, LoadBalancerType } from "./keys/load-balancer";
export type { ExistingClusterConfig, MemberClusterConfig } from "./keys/member-clusters";
export type { NetworkConfig } from "./keys/network";
export type { RolloutConfig } from "./keys/rollout";
export type { ServicePortConfig } from "./keys/ports";
export type { ExistingServiceConfig } from "./keys/existing-service";
export type { ChartConfig } from "./keys/chart";
export type { ExternalConfig, ManifestsConfig, ReadyObjectConfig } from "./keys/external";
export type { FileWorkload, WorkloadKind } from "./keys/workload-kinds";
export type { ServiceConfig } from "./keys/services";
export type { MatchConfig } from "./keys/match";
export type { TrafficMode } from "./keys/traffic";

/** The aws provider's settings that members' providers get as well as the environment's. */
export interface AwsSettings extends ValueOf<typeof awsKeys> {}

/**
 * All that `Pulumi.ENVIRONMENT.yaml` says is wanted, parsed and with defaults filled in. docs/reference/config.md
 * has each key with its meaning, unit, default and range.
 */
export interface EnvironmentConfig extends OwnKeys {
  /** `aws:region`. */
  readonly region: string;
  /** Absent: none is given. */
  readonly aws?: AwsSettings;
}

/** The two keys of a member's stack. */
export interface MemberConfig extends ValueOf<typeof memberKeys> {}
