/** All that `verify` looks at, read in one go. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import type { Placement } from "../../stacks/record";
import type { PodIdentities } from "../ports/pod-identities";
import type { Observation } from "../observation/observe";
import type {
  BindingCrd,
  BindingTimes,
  LoadBalancerReading,
  LoadBalancerServiceReading,
  Reading,
  Sample,
  SecurityGroupRule,
  TargetGroupReading,
  TargetInterface,
  WorkloadReading,
} from "../ports/readings";

export interface IdentityReading {
  readonly namespace: string;
  /** null: the workload is not of this package's making. */
  readonly deployment: string | null;
  /** Name of the ServiceAccount. */
  readonly account: string;
  readonly pods: Reading<PodIdentities>;
}

export interface MemberInspection {
  readonly crds: Reading<readonly BindingCrd[]>;
  readonly bindingTimes: Reading<BindingTimes>;
  /** By key of the member's services. */
  readonly workloads: Readonly<Record<string, Reading<WorkloadReading>>>;
  /** Of each workload whose pods have a role in AWS. Absent: none. */
  readonly identities?: readonly IdentityReading[];
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
  /** What AWS has in other routes than the record says; none where traffic has no weights. */
  readonly wrongWeights: readonly string[];
  /** By key of the port. */
  readonly samples: Readonly<Record<string, Reading<Sample>>>;
}
