/**
 * The driver's effects. Everything that it does to the world or learns from it goes through these four ports, so that a
 * test can
 * make every effect fail, hang, or lose its answer. Results are plain data; failures are DriverErrors.
 */
import type { PodIdentityPort } from "./pod-identities";
import type {
  DriverContext,
  EnvironmentOutputs,
  MemberOutputs,
  ObjectReference,
  ServiceTargetGroup,
} from "../../stacks/contract";
import type { AdoptedTargetGroup, EnvironmentRecord } from "../../stacks/record";
import type { TargetGroupSpec } from "../../stacks/config/target-groups";
import type { Clock } from "./clock";
import type { AddonStatus, ClusterStatus, ClusterUpdate } from "./clusters";
import type { HooksPort } from "./hooks";
import type { ExternalQuery, ExternalWorkload, ReadyObject } from "./external-workload";
import type {
  BindingCrd,
  BindingTimes,
  DeploymentState,
  LoadBalancerReading,
  NetworkReading,
  Sample,
  SecurityGroupRule,
  TargetGroupReading,
  TargetInterface,
  UpgradeInsights,
  WorkloadReading,
} from "./readings";
import type { JsonPatchOperation } from "./json-patch";
import type { RequestHeaders, Route, RouteWeights } from "./routes";
import type { AppliedUpdate, Leaves, PreviewedUpdate } from "./updates";

export type { Clock } from "./clock";
export type { AddonStatus, ClusterStatus, ClusterUpdate } from "./clusters";
export type { JsonPatchOperation } from "./json-patch";
export type { RequestHeaders, Route, RouteWeights } from "./routes";
export type { AppliedUpdate, Leaves, PlannedOperation, PreviewedUpdate } from "./updates";

export type { DeploymentState };

/** What an observation says of something. `unknown`: it could not be observed; never taken for good. */
export type Health = "healthy" | "unhealthy" | "unknown";

/** A stack of the family: the environment's own, or a member's. */
export type StackRef = { readonly kind: "environment" } | { readonly kind: "member"; readonly member: string };

export interface PendingOperation {
  readonly urn: string;
  readonly type: string;
  readonly operation: string;
}

/** A stack as its state file has it. */
export interface StackReading<Outputs> {
  readonly exists: boolean;
  /** Resources in the state, the stack itself and providers not counted. */
  readonly resources: number;
  /** null when the stack has none (never deployed, destroyed, or none of ours). */
  readonly outputs: Outputs | null;
  readonly pendingOperations: readonly PendingOperation[];
  /**
   * Whose the stack is, where its outputs can't say so: from the names in its state, else its settings file. Absent or
   * null: nothing tells.
   */
  readonly owner?: StackOwner | null;
}

/** `member` is null for an environment's own stack. */
export interface StackOwner {
  readonly environment: string;
  readonly member: string | null;
}

/** What became of the operations that a killed engine left open. */
export interface Settled {
  /** Creations that had happened: the resource is in the state now. */
  readonly adopted: number;
  /** Creations that had not happened, or that may be repeated. */
  readonly cleared: number;
  /** Interrupted updates and deletions, read again. */
  readonly refreshed: number;
}

/** `signal`: cancels the engine (second Ctrl-C), not "stop at the next safe point". */
export interface PulumiPort {
  readEnvironment(): Promise<StackReading<EnvironmentOutputs>>;
  readMember(member: string): Promise<StackReading<MemberOutputs>>;
  /**
   * Waits for whoever holds the stack and resolves operations that a killed engine left open; null when there was
   * nothing to wait for or to resolve.
   * @throws EBG-STACK-LOCKED, EBG-PENDING-OPERATIONS
   */
  settle(stack: StackRef): Promise<Settled | null>;
  /**
   * Creates the member's stack with its two config keys when it is missing. Repeatable. @throws EBG-FOREIGN-STACK when
   * the stack, or its settings file, is somebody else's
   */
  ensureMemberStack(member: string): Promise<"created" | "present">;
  /**
   * Writes the record with an update that changes only outputs of the environment's stack, fenced inside the update.
   * @throws EBG-FENCED when the revision is not the expected one; EBG-STACK-LOCKED
   */
  writeRecord(expectedRevision: number, record: EnvironmentRecord, signal?: AbortSignal): Promise<void>;
  preview(
    stack: StackRef,
    context: DriverContext | null,
    signal?: AbortSignal,
    leaves?: Leaves,
  ): Promise<PreviewedUpdate>;
  /** Applies exactly what was previewed, and passes over the same. @throws EBG-UPDATE-FAILED, EBG-FENCED, EBG-STACK-LOCKED */
  apply(stack: StackRef, context: DriverContext | null, plan: string, signal?: AbortSignal): Promise<AppliedUpdate>;
  /** A plain `pulumi up`, for `up`. */
  update(stack: StackRef, signal?: AbortSignal): Promise<AppliedUpdate>;
  /**
   * Plans an update of the member's stack that declares nothing, fenced like `act`: its program throws unless the
   * record still has this revision and the stack still is this member's.
   * @throws EBG-FENCED, EBG-FOREIGN-STACK
   */
  previewDestroy(member: string, expectedRevision: number, signal?: AbortSignal): Promise<PreviewedUpdate>;
  /** Applies exactly what was previewed, behind the same fence. @throws as `previewDestroy`, EBG-UPDATE-FAILED */
  destroy(member: string, expectedRevision: number, plan: string, signal?: AbortSignal): Promise<AppliedUpdate>;
  /**
   * Lifts the protection of the member's bindings, so that a drain may delete them. Answers the URNs of those that were
   * protected.
   */
  unprotectBindings(member: string): Promise<readonly string[]>;
  /** The same for all that the member's stack protects (its cluster, while it was active), before it is retired. */
  unprotectAll(member: string): Promise<readonly string[]>;
  /** Gives the protection back to those of them that the member's stack still has. */
  protectAgain(member: string, urns: readonly string[]): Promise<void>;
  /**
   * Reads the stack's bindings anew, so that one that is gone though its deletion failed is declared again. Answers how
   * many the state had.
   */
  refreshBindings(member: string): Promise<number>;
  /**
   * Reads the environment's listeners and rules anew, so that the next update puts back weights that somebody changed
   * by hand, or that an update has changed without hearing of it. Answers how many the state had.
   */
  refreshRoutes(): Promise<number>;
  /** Reads the stack's Services anew, so that the state has them as they are. Answers how many. */
  refreshServices(member: string): Promise<number>;
  /** Bindings of an adopted service that the member's state has, whatever its outputs say: `namespace/name`. */
  adoptedBindings(service: string, member: string): Promise<readonly string[]>;
  /**
   * Takes an adopted service's load balancer and the member's bindings of it out of the states, protected or not;
   * nothing outside them is touched. Answers how many.
   * @throws EBG-FENCED when the record of the state that would be written is not of the expected revision
   */
  forgetAdopted(service: string, member: string, expectedRevision: number): Promise<number>;
  /** Reads all that the member's stack has anew: what is gone is declared again by its next update. */
  refresh(member: string, signal?: AbortSignal): Promise<void>;
  /** Keeps a copy of the stack's state; answers where. */
  backUpState(stack: StackRef): Promise<string>;
}

// ----------------------------------------------------------------------------------------------------------------------
// AWS

/** The states of ELBv2's DescribeTargetHealth. */
export type TargetState =
  "initial" | "healthy" | "unhealthy" | "unused" | "draining" | "unhealthy.draining" | "unavailable";
/** A registered target as ELB tells it (DescribeTargetHealth). */
export interface Target {
  /** `ip:port`. */
  readonly id: string;
  readonly state: TargetState;
  readonly reason: string | null;
  readonly description: string | null;
}
/** A CloudWatch alarm's state; `missing`: there is none of that name. */
export type AlarmState = "ok" | "alarm" | "insufficient-data" | "missing";
/** What a burst of requests through the load balancer showed. */
export interface ProbeResult {
  /** Status codes of the answers, each once. Absent: nobody asked for them. */
  readonly statuses?: readonly number[];
  readonly sent: number;
  readonly failed: number;
  readonly firstFailure: string | null;
}
/** What to look for: the Services of type LoadBalancer of one cluster, by the controller's tags. */
export interface ServiceLoadBalancerQuery {
  /** Of the primary: value of the tag `elbv2.k8s.aws/cluster`. */
  readonly clusterName: string;
  readonly services: readonly Pick<TargetGroupSpec, "key" | "service" | "namespace" | "loadBalancerService" | "port">[];
}
export interface ServiceLoadBalancers {
  /** By target group key; without those whose load balancer, listener or target group is not there (yet). */
  readonly services: Readonly<Record<string, ServiceTargetGroup>>;
  /** Keys that were not found, with what is missing. */
  readonly missing: Readonly<Record<string, string>>;
  /** The cluster's shared backend security group (`elbv2.k8s.aws/resource`=backend-sg); null: not there. */
  readonly backendSecurityGroupId: string | null;
}

export interface LoadBalancerDescription {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  readonly scheme: string;
  readonly ipAddressType: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroups: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly vpcId: string;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly listeners: readonly {
    readonly arn: string;
    readonly port: number;
    readonly protocol: string;
    readonly targetGroupArns: readonly string[];
  }[];
  readonly targetGroups: readonly Omit<AdoptedTargetGroup, "key">[];
}

export interface AwsPort {
  /** Account and ARN that the credentials belong to. @throws EBG-CREDENTIALS */
  identity(): Promise<{ readonly account: string; readonly arn: string }>;
  targets(targetGroupArn: string): Promise<readonly Target[]>;
  /** In the order of the routes, with a call for each load balancer and each listener that has rules. */
  weights(routes: readonly Route[]): Promise<readonly RouteWeights[]>;
  /** Deregisters `ip:port` targets; those that are gone already are no error. */
  deregister(targetGroupArn: string, targets: readonly string[]): Promise<void>;
  /** null when there is no cluster of that name. */
  clusterStatus(clusterName: string): Promise<ClusterStatus | null>;
  /**
   * Asks EKS for an update that switches the cluster's deletion protection; answers its id. null: the cluster works on
   * another update, and takes none now.
   */
  setDeletionProtection(clusterName: string, on: boolean): Promise<string | null>;
  /** How an update of the cluster stands. */
  clusterUpdate(clusterName: string, updateId: string): Promise<ClusterUpdate>;
  /** The cluster's add-ons, whoever installed them. */
  addons(clusterName: string): Promise<readonly AddonStatus[]>;
  /** Load balancers, listeners and target groups that a controller made for Services, found by its tags. */
  findServiceLoadBalancers(query: ServiceLoadBalancerQuery): Promise<ServiceLoadBalancers>;
  loadBalancerAttributes(loadBalancerArn: string): Promise<Readonly<Record<string, string>>>;
  alarms(names: readonly string[]): Promise<Readonly<Record<string, AlarmState>>>;
  /** As it is now; null when it is gone. */
  describeLoadBalancer(arn: string): Promise<LoadBalancerDescription | null>;
  /** Of load balancers, listeners, target groups (ARNs) and security groups (ids); absent ones have no entry. */
  tags(resources: readonly string[]): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  removeTags(resource: string, keys: readonly string[]): Promise<void>;
  addTags(resource: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** EKS's checks of the cluster for this version that are not passed. */
  upgradeInsights(clusterName: string, version: string): Promise<UpgradeInsights>;
  /** The region's zones, if they are wanted, and those of these subnets that are there. */
  network(subnetIds: readonly string[], zonesToo: boolean): Promise<NetworkReading>;
  /** `count` requests, each on a new connection. Never throws for a failed request. `headers`: `host` too. */
  probe(url: string, count: number, headers?: RequestHeaders): Promise<ProbeResult>;
}

// ---------------------------------------------------------------------------------------------------------------
// Kubernetes

/** A TargetGroupBinding as its cluster has it. */
export interface Binding {
  readonly namespace: string;
  readonly name: string;
  readonly targetGroupArn: string;
  /** spec.multiClusterTargetGroup. */
  readonly multiCluster: boolean;
  readonly deleting: boolean;
}
/** A load balancer controller's Deployment, as its cluster has it. */
export interface ControllerState {
  /** All of its pods, as its Deployment wants them. */
  readonly available: boolean;
  /** At least one of them (see `controllerRuns`). Absent: as `available`. */
  readonly running?: boolean;
  readonly version: string | null;
  readonly message: string;
}

/** A Service as far as its load balancer goes. */
export interface ServiceObject {
  readonly type: string;
  readonly loadBalancerClass: string | null;
  /** Only a Service of type LoadBalancer may have them: the API server refuses another type beside them. */
  readonly sourceRanges: readonly string[];
  /** null: as Kubernetes decides. */
  readonly allocateNodePorts: boolean | null;
  readonly finalizers: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly deleting: boolean;
  readonly resourceVersion: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** `metadata.managedFields`: who wrote what of spec and annotations, except the status. */
  readonly writers: readonly {
    readonly manager: string;
    readonly operation: string;
    readonly at: string | null;
    readonly fields: readonly string[];
  }[];
}
export interface BindingDetails {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly targetGroupArn: string;
  readonly multiCluster: boolean;
  readonly service: string;
  readonly servicePort: string | number;
  readonly networking: unknown;
  readonly deleting: boolean;
  /** All changes of spec were seen by the controller and its targets are in. */
  readonly settled: boolean;
}
export interface ObjectEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */ readonly at: string;
}

/** Each call has a deadline of its own and throws EBG-MEMBER-UNREACHABLE or EBG-KUBERNETES. */
/**
 * `refused`: the controller's webhook could not ask AWS · `unanswered`: no webhook answered (yet) · `old-definition`: the
 * API server knows an older TargetGroupBinding · `not-permitted`: the caller may not try it out.
 */
export type ControllerProof =
  | { readonly kind: "proven" }
  | { readonly kind: "refused" | "unanswered" | "old-definition" | "not-permitted"; readonly message: string };

export interface KubernetesPort extends PodIdentityPort {
  /** The API server's version, when it says that it is ready. */
  ready(member: MemberOutputs): Promise<{ readonly version: string }>;
  /** `minors`: the kubelets' Kubernetes minors, each once, the oldest first. */
  nodes(
    member: MemberOutputs,
  ): Promise<{ readonly ready: number; readonly total: number; readonly minors: readonly string[] }>;
  /** Every TargetGroupBinding in the cluster, whatever its namespace or group. */
  bindings(member: MemberOutputs): Promise<readonly Binding[]>;
  /**
   * Targets that the controller has written down as its own (`aws-lbc-targets-<binding>`); null when there is no such
   * ConfigMap.
   */
  recordedTargets(member: MemberOutputs, namespace: string, binding: string): Promise<readonly string[] | null>;
  /** Ready endpoints behind one port of a Service, `ip:port`, sorted. */
  readyEndpoints(
    member: MemberOutputs,
    namespace: string,
    service: string,
    servicePort: number,
  ): Promise<readonly string[]>;
  /**
   * What a controller registers for a Service of instance targets: `i-…:NodePort` of every node that takes such
   * traffic, with or without pods; sorted.
   */
  nodeTargets(
    member: MemberOutputs,
    namespace: string,
    service: string,
    servicePort: number,
  ): Promise<readonly string[]>;
  controller(member: MemberOutputs): Promise<ControllerState>;
  deployment(member: MemberOutputs, namespace: string, name: string): Promise<DeploymentState | null>;
  externalWorkload(member: MemberOutputs, query: ExternalQuery): Promise<ExternalWorkload>;
  /** How these stand, in this order. One that may not be read is `unknown`. */
  objects(member: MemberOutputs, references: readonly ObjectReference[]): Promise<readonly ReadyObject[]>;
  /** null when there is none. */
  readService(member: MemberOutputs, namespace: string, name: string): Promise<ServiceObject | null>;
  /** "refused": a `test` did not hold, so nothing was changed. */
  patchService(
    member: MemberOutputs,
    namespace: string,
    name: string,
    patch: readonly JsonPatchOperation[],
  ): Promise<"patched" | "refused">;
  /** Of one object, oldest first. */
  events(member: MemberOutputs, namespace: string, kind: string, name: string): Promise<readonly ObjectEvent[]>;
  bindingDetails(member: MemberOutputs): Promise<readonly BindingDetails[]>;
  /** null as a value removes the label. */
  labelBinding(
    member: MemberOutputs,
    namespace: string,
    name: string,
    labels: Readonly<Record<string, string | null>>,
  ): Promise<void>;
  /**
   * Removes the controller's mark that it has nothing to do for this binding, so that it compares endpoints and targets
   * once more.
   */
  resetCheckpoint(member: MemberOutputs, namespace: string, name: string): Promise<void>;
  /** Rolls the controller's pods; `token` marks the restart, so that a second call with it does nothing. */
  restartController(member: MemberOutputs, token: string): Promise<void>;
  /** The token of the last restart, and whether the rollout after it is complete. */
  controllerRestart(member: MemberOutputs): Promise<{ readonly token: string | null; readonly complete: boolean }>;
  /**
   * Tries a binding of the target group out (a dry run: nothing is made): the controller's own webhook has to ask AWS.
   */
  proveController(member: MemberOutputs, namespace: string, targetGroupArn: string): Promise<ControllerProof>;
  /** Pods of a selector, which must not be empty, that have not ended, terminating ones included. */
  pods(member: MemberOutputs, namespace: string, selector: Readonly<Record<string, string>>): Promise<number>;
}

// ---------------------------------------------------------------------------------------------------------------
// inspection

/** Reads that only `verify` and `teardown` make. */
export interface InspectionPort {
  loadBalancer(loadBalancerArn: string): Promise<LoadBalancerReading>;
  targetGroup(targetGroupArn: string): Promise<TargetGroupReading>;
  /** Every rule of these security groups. */
  securityGroupRules(groupIds: readonly string[]): Promise<readonly SecurityGroupRule[]>;
  /**
   * The interfaces that carry these targets (`ip:port` in this VPC, or `i-…:port`); those that EC2 does not know are
   * left out.
   */
  interfaces(targets: readonly string[], vpcId: string): Promise<Readonly<Record<string, TargetInterface>>>;
  /** `requests` requests, `concurrency` at a time, each on a new connection. Never throws for a failed request. */
  sample(url: string, requests: number, concurrency: number, headers?: RequestHeaders): Promise<Sample>;
  /** The TargetGroupBinding CRDs that the member serves; none when none is installed. */
  bindingCrds(member: MemberOutputs): Promise<readonly BindingCrd[]>;
  bindingTimes(member: MemberOutputs): Promise<BindingTimes>;
  /** null when there is no such Deployment. */
  workload(member: MemberOutputs, namespace: string, deployment: string): Promise<WorkloadReading | null>;
  /** The same of the pods behind a Service, whatever made them; null when there is no such Service. */
  workloadBehind(member: MemberOutputs, namespace: string, service: string): Promise<WorkloadReading | null>;
}

/** Something that is still there after a teardown. */
export interface Leftover {
  readonly what: string;
  readonly id: string;
  /** The command that removes it. */ readonly command: string;
}

/** What only `teardown` does: the environment's own stack goes, and the account is searched for what is left. */
export interface TeardownPort {
  /**
   * How many resources of the environment's stack Pulumi still protects; none once the protection was lifted, whatever
   * was destroyed since.
   */
  protectedResources(): Promise<number>;
  previewEnvironmentDestroy(signal?: AbortSignal): Promise<PreviewedUpdate>;
  destroyEnvironment(signal?: AbortSignal): Promise<AppliedUpdate>;
  /**
   * By the tags `eks-blue-green/environment` and `elbv2.k8s.aws/cluster`, by the clusters' names, and by the ARNs of
   * what was handed over, which has no tag of ours.
   */
  leftovers(environment: string, clusters: readonly string[], adopted: readonly string[]): Promise<readonly Leftover[]>;
  /** What destroyed clusters made by themselves in EC2: the network that it is in can't be deleted before it. */
  inTheWay(clusterNames: readonly string[]): Promise<readonly Leftover[]>;
  /**
   * Load balancers, target groups and security groups that a cluster's controller made for these Services
   * (`namespace/name`), by its tags.
   */
  madeForServices(clusterName: string, services: readonly string[]): Promise<readonly Leftover[]>;
  /**
   * What keeps the controller from deleting a security group: rules of other groups that name it, and load balancers
   * that are not of these Services. None when the cluster has other Services or Ingresses: then the group stays.
   */
  usersOfGroup(groupId: string, clusterName: string, services: readonly string[]): Promise<readonly string[]>;
}

// ---------------------------------------------------------------------------------------------------------------
// evacuation

/** Clusters that EC2's tags name for an address: of its network interface and of the instance behind that. */
export interface AddressOwner {
  readonly clusters: readonly string[];
  /** For people: `eni-1 on i-2`. */ readonly via: string;
}

/** What only `evacuate`, and the return or the end of an evacuated member, need. */
export interface EvacuationPort {
  /**
   * Puts the policy that denies registering onto the controller's role; one that is there is written again. A role that
   * is gone (deleted with its cluster) can register nothing either.
   */
  denyRegistering(roleName: string): Promise<"denied" | "no-role">;
  /** Whether the policy is on the role, as IAM has it; false also when the role is gone. */
  registeringDenied(roleName: string): Promise<boolean>;
  /** Takes the policy away; none, or no role, is no error. */
  allowRegistering(roleName: string): Promise<void>;
  /** By target (`ip:port`, `i-…:port`); those that EC2 does not know are left out. */
  ownersOf(targets: readonly string[], vpcId: string): Promise<Readonly<Record<string, AddressOwner>>>;
  /**
   * Takes the Kubernetes objects out of the member's state without asking its API server, which is gone for good.
   * Answers how many.
   */
  forgetKubernetesObjects(member: string): Promise<number>;
  /** What a destroyed cluster made by itself and is still in EC2: interfaces, groups, instances, volumes, by its tags. */
  leftBehind(clusterName: string): Promise<readonly Leftover[]>;
}

export interface Ports {
  readonly pulumi: PulumiPort;
  readonly aws: AwsPort;
  readonly kubernetes: KubernetesPort;
  readonly clock: Clock;
  /** Absent where no member can have been evacuated. */
  readonly evacuation?: EvacuationPort;
  /** Absent where no move is made. */
  readonly hooks?: HooksPort;
}
