/**
 * What the sandbox's parts say to each other. Every part is a process of its own (see docs/explanation/architecture.md); this file
 * is all
 * that they share besides `sandbox/fabric`, `sandbox/faults`, `sandbox/clock` and `sandbox/errors`.
 */

import type { PodFaultSpec } from "./faults/spec";

/** Which executables the sandbox runs. Absolute paths. */
export interface ToolPaths {
  readonly pulumi: string;
  /** The Node language host; only plain `pulumi up` needs it. */
  readonly pulumiLanguageNodejs: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kubectl: string;
  readonly etcd: string;
  /** Pulumi's own kubernetes provider; null: somebody names another. */
  readonly kubernetesProvider: string | null;
  /** `python3` of the virtual environment that has moto[server] and awscli. */
  readonly python: string;
  readonly motoServer: string;
  readonly aws: string;
}

export type LbcMode = "stand-in" | "external";

/** Options of one sandbox. */
export interface SandboxOptions {
  /** The sandbox's folder: state, logs, sockets, PATH. */
  readonly dir: string;
  /** How many times faster than AWS: 60 turns three minutes into three seconds. 1 is real time. */
  readonly timeScale: number;
  readonly lbc: LbcMode;
  /**
   * With `lbc: "external"`: a controller's program, and its first arguments, that the sandbox itself attaches to each
   * cluster. Left out: a person does.
   */
  readonly attach?: readonly string[];
  /** Variables of the starting process that these controllers get besides what is harmless. */
  readonly passEnv?: readonly string[];
  /** Plugin binaries used in place of a stand-in, by provider name. */
  readonly providers: Readonly<Record<string, string>>;
  readonly region: string;
  /** When set, the sandbox ends as soon as its standard input closes (its parent died). */
  readonly untilStdinCloses: boolean;
}

/** Written to `<dir>/sandbox.json` (mode 0600) once the sandbox answers; removed at the end. */
export interface SandboxInfo {
  readonly schemaVersion: 1;
  readonly pid: number;
  /** When the process started, as the system tells it: a pid alone may be somebody else's by now. */
  readonly startTime?: string;
  readonly dir: string;
  readonly timeScale: number;
  readonly region: string;
  readonly accountId: string;
  /** Base URL of the AWS front, `http://127.0.0.1:PORT`. */
  readonly awsEndpoint: string;
  /** Base URL of the control endpoint, `http://127.0.0.1:PORT`. */
  readonly control: string;
  /** What the control endpoint asks for, as a bearer token. */
  readonly controlSecret: string;
  /**
   * The complete environment for a child process that shall talk to the sandbox (also in `<dir>/env.sh`). Nothing of
   * AWS_* or PULUMI_* may be inherited beside it.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables that must be unset. */
  readonly unset: readonly string[];
}

// ----------------------------------------------------------------------------------------------------------------
// fabric

/** Where an address of the sandbox's VPC really listens. `host` is always in 127.0.0.0/8. */
export interface FabricEntry {
  /** VPC address of a pod or node (10.x), or the DNS name of a load balancer. */
  readonly address: string;
  readonly port: number;
  readonly host: string;
  readonly hostPort: number;
}

export type FabricMessage =
  | { readonly type: "fabric-set"; readonly entry: FabricEntry }
  | { readonly type: "fabric-delete"; readonly address: string; readonly port: number };

// -------------------------------------------------------------------------------------------------------------- EKS
// backend

/** One node, as the AWS front made it (an EC2 instance in moto) and the node agent shall register it. */
export interface NodeSpec {
  /** Kubernetes name: the private DNS name, `ip-10-42-1-5.ec2.internal`. */
  readonly name: string;
  readonly instanceId: string;
  readonly nodegroup: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly address: string;
  /** Addresses of the subnet that the node's pods get; unique over all clusters of the sandbox. */
  readonly podAddresses: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** Kubernetes minor of the kubelet, `1.35`. */
  readonly version: string;
  /**
   * About to be replaced: cordoned, and out of load balancers that target instances, as EKS marks the old nodes of an
   * update.
   */
  readonly leaving?: boolean;
}

/**
 * How nodes that go are emptied. `within-budgets`: a pod that no disruption budget lets go fails the change, and the
 * node stays.
 */
export type NodeRemoval = "within-budgets" | "forced";

/** What the AWS front asks of the daemon when EKS calls arrive. All calls may be repeated. */
export interface EksBackend {
  /**
   * Starts etcd prefix, kube-apiserver, controller manager, scheduler and a node agent; resolves when /readyz answers.
   */
  createControlPlane(
    clusterName: string,
    version: string,
  ): Promise<{ readonly endpoint: string; readonly certificateAuthorityData: string }>;
  /** Restarts the control plane at the new minor (`--emulated-version`), same endpoint and data. */
  upgradeControlPlane(clusterName: string, version: string): Promise<void>;
  deleteControlPlane(clusterName: string): Promise<void>;
  /**
   * The complete wanted set of the cluster's nodes; those that are gone are drained and removed. Resolves when all are
   * Ready. Rejects with a `NodeFailure`. Default: forced.
   */
  setNodes(clusterName: string, nodes: readonly NodeSpec[], removal?: NodeRemoval): Promise<void>;
}

/** A node that could not be emptied, and the pods (`namespace/name`) that are left on it. */
export interface BlockedNode {
  readonly node: string;
  readonly pods: readonly string[];
}

// --------------------------------------------------------------------------------------------------------------- node
// agent

/** First message to a node agent (one forked process per cluster). */
export interface NodeAgentStart {
  readonly type: "start";
  readonly clusterName: string;
  readonly kubeconfigPath: string;
  /** For controllers that run as pods: through the proxy that injects faults. */
  readonly controllerKubeconfigPath: string;
  readonly timeScale: number;
  readonly region: string;
  readonly lbc: LbcMode;
  readonly logsDir: string;
  /** Where the API server asks for connections to Services. */
  readonly serviceSocket: string;
  /** Environment for controllers that run as pods: AWS_ENDPOINT_URL, keys, region. */
  readonly awsEnv: Readonly<Record<string, string>>;
  /** With `lbc: "external"`: where the attached controller says that it is ready. */
  readonly externalHealthPort?: number;
  /** Certificate files of its kubelets' server, which `kubectl logs` asks. Left out: nodes without logs. */
  readonly kubelet?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
}
export type ToNodeAgent =
  | NodeAgentStart
  | { readonly type: "nodes"; readonly nodes: readonly NodeSpec[]; readonly id: number; readonly removal: NodeRemoval }
  /** Fault: end the pod's process at once, sockets reset; the agent restarts it with back-off. */
  | { readonly type: "crash-pod"; readonly namespace: string; readonly pod: string }
  /**
   * Faults of the cluster's load balancer controller. `stop`: killed, and none is started until `start`. `crash`:
   * killed, its pod starts
   * it again. `pause`: silent (SIGSTOP) until `start`.
   */
  | { readonly type: "controller"; readonly action: ControllerAction }
  /** Fault: the node's pods die, its kubelet is silent, it is NotReady; until `up`. */
  | { readonly type: "node"; readonly node: string; readonly action: "down" | "up" }
  /** The complete set of rules for pods; those that are not in it hold no more. */
  | { readonly type: "pod-faults"; readonly rules: readonly PodFaultRule[] }
  /** Fault: at most `count` running pods of the service end at once; all when null. Answered by `crashed`. */
  | { readonly type: "crash-pods"; readonly id: number; readonly service: string; readonly count: number | null };
/** `no-credentials`: its pods (else the first that come) can't call AWS; others than these can. */
export type ControllerAction = "stop" | "start" | "crash" | "pause" | "no-credentials";
/** A fault's rule for pods of one cluster; see sandbox/faults/spec.ts for what the fields mean. */
export type PodFaultRule = PodFaultSpec & { readonly id: string };
export type FromNodeAgent =
  | { readonly type: "ready" }
  | { readonly type: "nodes-ready"; readonly id: number }
  /** These nodes could not be emptied within the budgets and are still there, cordoned. */
  | { readonly type: "nodes-blocked"; readonly id: number; readonly blocked: readonly BlockedNode[] }
  | { readonly type: "pods"; readonly running: number }
  | { readonly type: "crashed"; readonly id: number; readonly pods: readonly string[] }
  /** How often each rule for pods has hit since the last message. */
  | { readonly type: "pod-fault-hits"; readonly hits: Readonly<Record<string, number>> }
  | { readonly type: "failed"; readonly message: string }
  | FabricMessage;

// --------------------------------------------------------------------------------------------------------------- data
// plane

export interface HealthCheckSpec {
  readonly protocol: "TCP" | "HTTP" | "HTTPS";
  /** `traffic-port` or a number. */
  readonly port: "traffic-port" | number;
  readonly path: string | null;
  /** Unscaled seconds; the data plane scales them. */
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Like `200-399`; null for TCP. */
  readonly matcher: string | null;
}

export interface DataPlaneTarget {
  /** Pod address (ip targets) or instance id. */
  readonly id: string;
  /** Where it is reached: the id itself, or the instance's address. */
  readonly address: string;
  readonly port: number;
  /** Date.now() when RegisterTargets was answered. */
  readonly registeredAt: number;
  /** Date.now() when DeregisterTargets was answered; null while registered. */
  readonly deregisteredAt: number | null;
  /** What the security groups say: NLB egress and pod ingress for traffic and health-check ports. */
  readonly reachable: boolean;
}

export interface DataPlaneTargetGroup {
  readonly arn: string;
  readonly protocol: string;
  readonly healthCheck: HealthCheckSpec;
  readonly deregistrationDelaySeconds: number;
  readonly connectionTermination: boolean;
  readonly crossZone: boolean;
  readonly targets: readonly DataPlaneTarget[];
}

/** What a listener or a rule does with a flow or a request. */
export type DataPlaneAction =
  | {
      readonly type: "forward";
      readonly targetGroups: readonly { readonly arn: string; readonly weight: number }[];
      /** Who came once stays with that group: an NLB's by source address, an ALB's by cookie for so long. */
      readonly sticky: { readonly seconds: number } | null;
    }
  | {
      readonly type: "redirect";
      readonly protocol: string;
      readonly host: string;
      readonly port: string;
      readonly path: string;
      readonly query: string;
      readonly status: number;
    }
  | {
      readonly type: "fixed-response";
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    };

/** One condition of a rule: it holds when one of its values does. Values may have the wildcards `*` and `?`. */
export type DataPlaneCondition =
  | {
      readonly field: "host-header" | "path-pattern" | "http-request-method" | "source-ip";
      readonly values: readonly string[];
      readonly regexValues: readonly string[];
    }
  | {
      readonly field: "http-header";
      readonly name: string;
      readonly values: readonly string[];
      readonly regexValues: readonly string[];
    }
  | {
      readonly field: "query-string";
      /** A null key: any. */
      readonly pairs: readonly { readonly key: string | null; readonly value: string }[];
    };

export interface DataPlaneRule {
  readonly arn: string;
  /** All must hold. */
  readonly conditions: readonly DataPlaneCondition[];
  readonly action: DataPlaneAction;
}

/** What of a listener takes effect at each of the load balancer's nodes after a lag of its own. */
export interface DataPlaneRouting {
  /** Of what no rule takes. */
  readonly action: DataPlaneAction;
  /** The first that fits decides. */
  readonly rules: readonly DataPlaneRule[];
}

export interface DataPlaneListener {
  readonly arn: string;
  readonly type: "network" | "application";
  readonly protocol: string;
  /** Of a listener that ends TLS; the first is the default. The data plane makes up a certificate for it. */
  readonly certificateArns: readonly string[];
  /** DNS name of the load balancer. */
  readonly dnsName: string;
  readonly port: number;
  /** Unscaled seconds without a byte after which a connection ends. */
  readonly idleTimeoutSeconds: number;
  /** Unscaled seconds after which an ALB ends a client's connection with the answer to its next request. */
  readonly clientKeepAliveSeconds: number;
  readonly routing: DataPlaneRouting;
}

export interface DataPlaneState {
  readonly listeners: readonly DataPlaneListener[];
  readonly targetGroups: readonly DataPlaneTargetGroup[];
}

/** Lags of a load balancer's nodes behind the API, in unscaled seconds. */
export interface LoadBalancerLags {
  /** From RegisterTargets until a healthy target gets new flows. */
  readonly registrationLagSeconds: number;
  /** From DeregisterTargets until it gets no new flow any more. */
  readonly deregistrationLagSeconds: number;
  /** From a target's turning unhealthy until it gets no new flow. */
  readonly unhealthyLagSeconds: number;
  /** From a change of a listener's or a rule's actions until the slowest node goes by it. */
  readonly weightLagSeconds: number;
}

export interface DataPlaneTimes {
  readonly network: LoadBalancerLags;
  readonly application: LoadBalancerLags;
  /** Of the nodes' lags: the same seed, the same lags. */
  readonly seed: number;
}

export type ToDataPlane =
  | { readonly type: "start"; readonly timeScale: number; readonly times: DataPlaneTimes }
  | { readonly type: "state"; readonly state: DataPlaneState }
  | FabricMessage
  | { readonly type: "stats"; readonly id: number };

export type TargetHealthState = "initial" | "healthy" | "unhealthy";

export interface DataPlaneStats {
  /**
   * By `ip:port`: open flows, and flows so far that were accepted, that never reached the target, and that the target
   * broke off.
   */
  readonly targets: Readonly<
    Record<
      string,
      { readonly open: number; readonly accepted: number; readonly failed: number; readonly reset: number }
    >
  >;
  readonly listeners: Readonly<
    Record<string, { readonly open: number; readonly accepted: number; readonly refused: number }>
  >;
}

export type FromDataPlane =
  | { readonly type: "ready" }
  /** A listener's loopback socket is open: the daemon puts it into the fabric and into `connect-to`. */
  | {
      readonly type: "listening";
      readonly listenerArn: string;
      readonly dnsName: string;
      readonly port: number;
      readonly host: string;
      readonly hostPort: number;
    }
  | { readonly type: "listener-failed"; readonly listenerArn: string; readonly message: string }
  | { readonly type: "listener-closed"; readonly listenerArn: string; readonly dnsName: string; readonly port: number }
  | {
      readonly type: "health";
      readonly targetGroupArn: string;
      readonly id: string;
      readonly port: number;
      readonly state: TargetHealthState;
      readonly reason: string | null;
      readonly description: string | null;
    }
  | { readonly type: "stats"; readonly id: number; readonly stats: DataPlaneStats };

// ---------------------------------------------------------------------------------------------------------------------
// load

/** What the load client is asked to do. Seconds are real seconds: load is never scaled. */
export interface LoadOptions {
  /** Load balancer name and port; reached through `connectToFile`. */
  readonly host: string;
  readonly port: number;
  /** The listener ends TLS; whatever certificate it has is taken. Default false. */
  readonly tls?: boolean;
  readonly path: string;
  readonly connectToFile: string;
  readonly requestsPerSecond: number;
  /** Part of the requests sent on new connections, 0 to 1. */
  readonly newConnectionShare: number;
  readonly keepAliveConnections: number;
  readonly timeoutMs: number;
  /** Source addresses for new connections, in 127.0.0.0/8. */
  readonly sourceAddresses: readonly string[];
}

export interface LoadFailure {
  readonly at: string;
  readonly connection: "new" | "kept-alive";
  readonly kind: "connect" | "reset" | "timeout" | "status" | "closed-early";
  readonly message: string;
  /** Answering pod of the connection's last answer, when known. */
  readonly target: string | null;
  /** Member that gave the bad answer; null when nobody answered. */
  readonly member: string | null;
}

export interface LoadSummary {
  readonly startedAt: string;
  readonly seconds: number;
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Idle kept-alive connections that were reset (not closed in order). */
  readonly idleResets: number;
  readonly byConnection: Readonly<Record<"new" | "kept-alive", { readonly sent: number; readonly failed: number }>>;
  readonly failuresByKind: Readonly<Record<string, number>>;
  /** Answers by member (from the `x-member` response header). */
  readonly byMember: Readonly<Record<string, number>>;
  /** Bad answers (a status outside 200 to 299) by the member that gave them. The rest of `failed` nobody answered. */
  readonly failedByMember: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How late requests were sent, compared with the constant-rate schedule. */
  readonly schedulingLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** True when the client itself starved (p99 scheduling lag over 1 s): the run proves nothing. */
  readonly void: boolean;
  readonly firstFailures: readonly LoadFailure[];
}
