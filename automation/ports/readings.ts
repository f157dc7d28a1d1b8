/** What `verify` looks at, as data. A reading that could not be made says why, and is never taken for good. */

export type Reading<T> =
  { readonly kind: "seen"; readonly value: T } | { readonly kind: "unknown"; readonly why: string };
export const seen = <T>(value: T): Reading<T> => ({ kind: "seen", value });
export const unseen = (why: string): { readonly kind: "unknown"; readonly why: string } => ({ kind: "unknown", why });

/** A Deployment's replicas, in numbers of pods. */
export interface DeploymentState {
  readonly wanted: number;
  /** Who wrote `spec.replicas` last, as the API server has it (field manager and time). Absent: it does not tell. */
  readonly replicasBy?: { readonly manager: string; readonly at: string | null };
  readonly ready: number;
  readonly available: boolean;
  /** Why Kubernetes makes no further pod: a quota, an admission webhook. Other people's text. Absent: nothing hinders. */
  readonly refused?: string;
}

/** What stops a container before SIGTERM. `seconds` null: it can't be told from the manifest. */
export interface PreStop {
  readonly how: "sleep" | "exec" | "other";
  readonly seconds: number | null;
}
export interface ContainerReading {
  readonly name: string;
  readonly readinessProbe: boolean;
  readonly preStop: PreStop | null;
}
export interface DisruptionBudget {
  readonly name: string;
  readonly minAvailable: string | null;
  readonly maxUnavailable: string | null;
}
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
export interface BindingCrd {
  readonly group: string;
  readonly version: string;
  readonly hasField: boolean;
}
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
export interface TargetInterface {
  readonly address: string;
  readonly securityGroups: readonly string[];
}

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

/** A zone of the region that the account may use. Which zone a name stands for differs from account to account. */
export interface ZoneReading {
  /** `us-east-1a`. */ readonly name: string;
  /** `use1-az6`. */ readonly id: string;
}
export interface SubnetReading {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly freeAddresses: number;
}
/** `denied`: the credentials may not ask. */
export type NetworkReading =
  "denied" | { readonly zones: readonly ZoneReading[]; readonly subnets: readonly SubnetReading[] };

/** What EKS found that may keep a cluster from a version: `ERROR`, `WARNING`. `denied`: the credentials may not ask. */
export type UpgradeInsights =
  "denied" | readonly { readonly name: string; readonly status: string; readonly reason: string }[];
