/** The wanted state of an environment: the keys of `Pulumi.<env>.yaml`, with defaults filled in. Plain values only. */

export interface NetworkConfig {
  /** Of a new VPC; null when `existing` is given. */
  readonly cidrBlock: string | null;
  readonly availabilityZones: readonly string[];
  readonly natGateways: "one" | "one-per-zone";
  /** Blocks of the private and public subnets, one a zone; null: cut from `cidrBlock`. */
  readonly subnets?: {
    readonly privateCidrBlocks: readonly string[];
    readonly publicCidrBlocks: readonly string[];
  } | null;
  readonly existing: {
    readonly vpcId: string;
    readonly privateSubnetIds: readonly string[];
    readonly publicSubnetIds: readonly string[];
  } | null;
}

export interface NodesConfig {
  readonly instanceTypes: readonly string[];
  readonly desiredSize: number;
  readonly minSize: number;
  readonly maxSize: number;
  /**
   * True when a cluster autoscaler (yours; the package installs none) owns the number of nodes: `desiredSize` is only
   * what a new member
   * begins with, and no later update changes the number. Absent: false.
   */
  readonly autoscaled?: true;
}

export interface ClusterConfig {
  readonly nodes: NodesConfig;
  /**
   * Kubernetes' own Service range; null: EKS chooses 10.100.0.0/16 or 172.20.0.0/16, whichever is clear of the VPC.
   * Can't be changed on a running cluster.
   */
  readonly serviceCidrBlock?: string | null;
  /** Pinned add-on versions; null: the default version of the cluster's minor, looked up once per minor. */
  readonly addons: {
    readonly vpcCni: string | null;
    readonly coredns: string | null;
    readonly kubeProxy: string | null;
    readonly podIdentityAgent: string | null;
  };
}

export interface ControllerConfig {
  /**
   * Version of the AWS Load Balancer Controller. That of its chart follows: 1.x.y for 2.x.y, the same from 3.0.0 on.
   */
  readonly version: string;
  /**
   * Chart name in the repository, a local folder (a relative path begins at the project's folder), or a chart's whole
   * address (`oci://…`); the latter two have no
   * repository.
   */
  readonly chart: string;
  readonly repository: string | null;
  readonly identity: "pod-identity" | "irsa";
}

/** `stack`: Pulumi owns the load balancer · `service`: a Service of the primary does, through its controller. */
export type LoadBalancerOwner = "stack" | "service";

export interface LoadBalancerConfig {
  /**
   * Default `stack`. It can't be changed here once deployed: `eks-blue-green adopt` hands a Service's load balancers
   * over to the stack.
   */
  readonly owner?: LoadBalancerOwner;
  /** With `service`: the member whose Services own the load balancers, default the first; else null. */
  readonly primary?: string | null;
  readonly scheme: "internet-facing" | "internal";
  /**
   * Default true. Off, a zone serves only from its own targets, and clients that still hold the address of a zone whose
   * last target
   * has just left get refused. On, 500 targets is the most for the whole load balancer, and traffic between zones is
   * charged.
   */
  readonly crossZone: boolean;
  /**
   * Who may connect: IPv4 blocks; default everyone (for `internal`: who has a route to it), but the VPC for `internal`
   * in a VPC that this project makes.
   */
  readonly clientCidrBlocks: readonly string[];
}

/** A port of a service: a listener on the load balancer and a target group of its own. */
export interface ServicePortConfig {
  /** Unique within the service, and a Kubernetes port name: at most 15 characters. */
  readonly name: string;
  /** Listener port on the load balancer. */
  readonly port: number;
  /** Container port. */
  readonly targetPort: number;
}

/** A workload of the primary, and the Service in front of it, that somebody else made and keeps. */
export interface ExistingServiceConfig {
  /** Service of type LoadBalancer, in the service's namespace. */
  readonly service: string;
  readonly deployment: string;
}

/** A cluster that is there already and stays somebody else's. */
export interface ExistingClusterConfig {
  readonly clusterName: string;
  /** `existing`: the cluster has its controller · `managed`: this package installs it. Default `existing`. */
  readonly controller: "existing" | "managed";
  /** Where the controller's Deployment is; default `kube-system` and `aws-load-balancer-controller`. */
  readonly controllerNamespace: string;
  readonly controllerDeployment: string;
  /** The security group that the pods carry; null: the cluster's own group, which managed nodes carry. */
  readonly podSecurityGroupId: string | null;
}

export interface MemberClusterConfig {
  readonly existing: ExistingClusterConfig | null;
}

export interface ServiceConfig {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Listener port on the load balancer; of several ports the first. */
  readonly port: number;
  /** Container port; of several ports the first, which also answers the health checks of `ip` targets. */
  readonly targetPort: number;
  /** All ports, when `ports` was given. Absent: `port` and `targetPort` alone. `targetGroupsOf` knows both ways. */
  readonly ports?: readonly ServicePortConfig[];
  /** What is registered: pods (`ip`, default) or the nodes' NodePort (`instance`). */
  readonly targetType?: "ip" | "instance";
  /** Only with owner `service`. Absent or null: this package makes the workload on the primary too. */
  readonly existing?: ExistingServiceConfig | null;
  readonly replicas: number;
  /**
   * True when an autoscaler owns the replicas: no move scales them, and a member is drained only when those that stay
   * have as many healthy
   * targets as those that leave (times `rollout.minCapacityPercent`). Its `minReplicas` on the others is the way to
   * raise them in time.
   */
  readonly autoscaled: boolean;
  readonly healthCheckPath: string;
  /**
   * Path that the driver asks through the load balancer, besides the health check's: one that does the service's own
   * work, because a
   * pod can be healthy and answer its users with errors. Statuses from 500 on are failures. Default `/`.
   */
  readonly probePath: string;
  readonly preStopSeconds: number;
  readonly terminationGraceSeconds: number;
  readonly deregistrationDelaySeconds: number;
  /** Plain text, readable in outputs and state. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Names of Secrets in the service's namespace, in every member's cluster, whose keys become variables. Absent: none.
   */
  readonly environmentFrom?: readonly string[];
}

export interface RolloutConfig {
  readonly strategy: "replace" | "cycle";
  /** How many members must be active at every point. Default 1. */
  readonly minActive: number;
  /**
   * Least capacity that stays in traffic while a member is out, in percent of the steady capacity (what all active
   * members have
   * together), 0 to 100. Default 100: the others are scaled up before a member is drained. Replicas and nodes that an
   * autoscaler
   * owns (`services[].autoscaled`, `cluster.nodes.autoscaled`) are left to it; of such a service those that leave are
   * counted, and those that stay must have this percentage of them.
   */
  readonly minCapacityPercent: number;
  readonly bakeSeconds: number;
  /** How long after registering or deregistering the load balancer may still route the old way. */
  readonly propagationHoldSeconds: number;
  /** Longest wait of one gate. */
  readonly gateTimeoutSeconds: number;
  /** Names of CloudWatch alarms that must stay OK during a bake. */
  readonly alarms: readonly string[];
  /**
   * How `retire` is approved: `ask`: only with `--approve-retire` (a rollout without it stops before, exit code 6); or
   * `automatic`. Default `ask`.
   */
  readonly retire: "ask" | "automatic";
}

/** The aws provider's settings that members' providers get as well as the environment's. */
export interface AwsSettings {
  /**
   * `aws:defaultTags`: on everything that Pulumi makes. Load balancers of Services get their tags from the controller.
   * Default none.
   */
  readonly defaultTags: Readonly<Record<string, string>>;
  /** `aws:allowedAccountIds`: an update with credentials of any other account fails. Default any. */
  readonly allowedAccountIds: readonly string[];
  /** `aws:forbiddenAccountIds`. Default none. */
  readonly forbiddenAccountIds: readonly string[];
}

export interface EnvironmentConfig {
  /** `aws:region`. */
  readonly region: string;
  /** Absent: none is given. */
  readonly aws?: AwsSettings;
  /** Wanted Kubernetes minor, `1.35`. */
  readonly kubernetesVersion: string;
  readonly members: readonly string[];
  readonly network: NetworkConfig;
  readonly cluster: ClusterConfig;
  readonly controller: ControllerConfig;
  /** Members whose clusters are there already, by member. Absent: none. */
  readonly memberClusters?: Readonly<Record<string, MemberClusterConfig>>;
  readonly loadBalancer?: LoadBalancerConfig;
  readonly services: readonly ServiceConfig[];
  readonly rollout: RolloutConfig;
}

/** The two keys of a member's stack. */
export interface MemberConfig {
  readonly environment: string;
  readonly member: string;
}
