/** What `verify` looks at, as data. A reading that could not be made says why, and is never taken for good. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import type { Placement } from "../../stacks/record";
import type { Observation } from "../gates/observation";

export type Reading<T> = { readonly kind: "seen"; readonly value: T } | { readonly kind: "unknown"; readonly why: string };
export const seen = <T>(value: T): Reading<T> => ({ kind: "seen", value });
export const unseen = (why: string): { readonly kind: "unknown"; readonly why: string } => ({ kind: "unknown", why });

/** What stops a container before SIGTERM. `seconds` null: it can't be told from the manifest. */
export interface PreStop { readonly how: "sleep" | "exec" | "other"; readonly seconds: number | null }
export interface ContainerReading { readonly name: string; readonly readinessProbe: boolean; readonly preStop: PreStop | null }
export interface DisruptionBudget { readonly name: string; readonly minAvailable: string | null; readonly maxUnavailable: string | null }
export interface PodReading {
  readonly name: string;
  readonly node: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** `conditionType`s of its readiness gates. */
  readonly readinessGates: readonly string[];
}
/** A Deployment, its pods and what protects them, as the API server has them. */
export interface WorkloadReading {
  readonly replicas: number;
  readonly containers: readonly ContainerReading[];
  readonly terminationGraceSeconds: number;
  /** Keys over which pods are spread, by spread constraints or anti-affinity. */
  readonly spreadOver: readonly string[];
  /** Those that select the pods. */
  readonly disruptionBudgets: readonly DisruptionBudget[];
  readonly pods: readonly PodReading[];
  /** Whether the namespace has the controller's label for readiness gates. */
  readonly injectsReadinessGates: boolean;
}

/** The field `spec.multiClusterTargetGroup` in the CRD that a member serves. */
export interface BindingCrd { readonly group: string; readonly version: string; readonly hasField: boolean }
/** When a binding was made; by `namespace/name`. */
export type BindingTimes = Readonly<Record<string, number>>;

export interface LoadBalancerReading {
  readonly arn: string;
  readonly scheme: string;
  readonly securityGroups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}
/** A Service that owns a load balancer, on the primary. */
export interface LoadBalancerServiceReading {
  readonly member: string;
  readonly namespace: string;
  readonly name: string;
  /** null: there is no such Service. */
  readonly annotations: Readonly<Record<string, string>> | null;
}
export interface TargetGroupReading {
  readonly targetType: string;
  readonly port: number;
  /** null: the traffic port. */
  readonly healthCheckPort: number | null;
  readonly attributes: Readonly<Record<string, string>>;
}
export interface SecurityGroupRule {
  readonly groupId: string;
  readonly egress: boolean;
  /** `tcp`, `-1` for all, … */
  readonly protocol: string;
  /** -1: all. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidr: string | null;
  readonly referencedGroupId: string | null;
}
/** The network interface that carries a target. */
export interface TargetInterface { readonly address: string; readonly securityGroups: readonly string[] }

/** Requests on a new connection each, and who answered. */
export interface Sample {
  readonly sent: number;
  readonly failed: number;
  readonly firstFailure: string | null;
  /** Answers by the name that they gave. */
  readonly byName: Readonly<Record<string, number>>;
  /** Answers that gave no name. */
  readonly unnamed: number;
  readonly seconds: number;
}

export interface MemberInspection {
  readonly crds: Reading<readonly BindingCrd[]>;
  readonly bindingTimes: Reading<BindingTimes>;
  /** By key of the member's services. */
  readonly workloads: Readonly<Record<string, Reading<WorkloadReading>>>;
}

export interface Inspection {
  readonly environment: EnvironmentOutputs;
  readonly placement: Placement;
  /** The member of a move that is open: it is between two placements. */
  readonly moving: string | null;
  readonly outputs: Readonly<Record<string, MemberOutputs>>;
  readonly observation: Observation;
  readonly members: Readonly<Record<string, MemberInspection>>;
  /** By ARN. */
  readonly loadBalancers: Readonly<Record<string, Reading<LoadBalancerReading>>>;
  /** With owner `service`: by `namespace/name` of the primary's Services. Empty with owner `stack`. */
  readonly loadBalancerServices: Readonly<Record<string, Reading<LoadBalancerServiceReading>>>;
  /** By key of the target group. */
  readonly targetGroups: Readonly<Record<string, Reading<TargetGroupReading>>>;
  /** Of the load balancers and target groups that the environment's stack owns, by ARN. */
  readonly tags: Reading<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  /** Some of them were handed over by Services. */
  readonly adopted: boolean;
  /** By target, `ip:port`. */
  readonly interfaces: Reading<Readonly<Record<string, TargetInterface>>>;
  /** Of every security group in play. */
  readonly rules: Reading<readonly SecurityGroupRule[]>;
  /** By key of the target group. */
  readonly samples: Readonly<Record<string, Reading<Sample>>>;
}
