/**
 * Limits and figures of AWS, each with its source and the date on which it was checked. Nothing else in the package
 * spells one out.
 */

const elbDocs = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network";
const albDocs = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application";

/** Longest name of a load balancer or target group. API reference CreateLoadBalancer, CreateTargetGroup; 2026-11-21. */
export const longestLoadBalancingName = 32;

/** Longest name of an EKS cluster. API reference CreateCluster; 2026-11-21. */
export const longestClusterName = 100;

/**
 * Longest label of a Kubernetes object (RFC 1123), and so of a namespace or Service.
 * kubernetes.io/docs/concepts/overview/working-with-objects/names; 2026-11-21.
 */
export const longestKubernetesLabel = 63;

export const ports = { least: 1, most: 65535, source: `${elbDocs}/load-balancer-listeners.html, 2026-11-21` } as const;

/**
 * Kubernetes' default range of NodePorts, which EKS keeps. kubernetes.io/docs/reference/networking/virtual-ips;
 * 2026-11-21.
 */
export const nodePortRange = { first: 30000, last: 32767 } as const;

/** deregistration_delay.timeout_seconds. */
export const deregistrationDelaySeconds = {
  least: 0,
  most: 3600,
  default: 300,
  source: `${elbDocs}/edit-target-group-attributes.html, 2026-11-21`,
} as const;

/** Health checks of an NLB's target group. */
export const healthCheck = {
  intervalSeconds: { least: 5, most: 300 },
  timeoutSeconds: { least: 2, most: 120 },
  threshold: { least: 2, most: 10 },
  longestPath: 1024,
  source: `${elbDocs}/target-group-health-checks.html, 2026-11-21`,
} as const;

/**
 * Longest wait for a health check's answer, in seconds: 5, and always less than the interval (5 or more): "interval
 * must be greater than the timeout" (aws-load-balancer-controller#2951).
 */
export const healthCheckTimeoutSeconds = (intervalSeconds: number): number => Math.min(5, intervalSeconds - 1);

/** Listeners of one NLB. */
export const listenersPerLoadBalancer = {
  most: 50,
  source: `${elbDocs}/load-balancer-limits.html, 2026-11-21`,
} as const;

/**
 * Rules of one security group, inbound and outbound each, by IPv4 block (Service Quotas L-0EA8095F, which AWS raises on
 * demand).
 */
export const rulesPerSecurityGroup = {
  most: 60,
  source: "docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, 2026-11-30",
} as const;

/**
 * Targets of one NLB: per enabled zone, and in all when cross-zone load balancing is on. A target in n groups counts n
 * times.
 */
export const targetsPerLoadBalancer = {
  perZone: 500,
  withCrossZone: 500,
  source: `${elbDocs}/load-balancer-limits.html, 2026-11-21`,
} as const;

/** Targets of one target group. */
export const targetsPerTargetGroup = {
  most: 1000,
  source: `${elbDocs}/load-balancer-limits.html, 2026-11-21`,
} as const;

/** A VPC's prefix length. docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html; 2026-11-21. */
export const vpcPrefix = {
  shortest: 16,
  longest: 28,
  source: "docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html, 2026-11-21",
} as const;

/** EKS needs subnets in at least two zones. docs.aws.amazon.com/eks/latest/userguide/network-reqs.html; 2026-11-21. */
export const fewestZones = 2;

/**
 * Zones, by id, in which EKS makes no control planes; their names differ from account to account. Nodes may run there,
 * but a member's control plane and nodes have the same subnets.
 */
export const zonesWithoutControlPlanes = {
  ids: ["use1-az3", "usw1-az2", "cac1-az3"],
  source: "docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, 2026-11-30",
} as const;

/**
 * Free addresses: in each subnet of a new cluster, and in all of them together while a control plane is upgraded.
 */
export const freeAddresses = {
  newCluster: 6,
  upgrade: 5,
  source: "docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, 2026-11-30",
} as const;

/**
 * How long a load balancer may go on sending new flows or requests to a deregistered target, or none to a registered
 * one. `usual` is the least that a preStop or a hold must have. Network: AWS support says 120 to 300 s; 180 is what AWS
 * names as usual. Application: AWS names no figure; with a preStop of 40 s users saw a rare 502, with 70 s none.
 */
export const propagationLagSeconds = {
  network: {
    usual: 180,
    longest: 300,
    source: "kubernetes-sigs/aws-load-balancer-controller#1834 and #2366, 2026-11-21",
  },
  application: {
    usual: 90,
    longest: 120,
    source: "kubernetes-sigs/aws-load-balancer-controller#1064, #1719 and #2106, 2026-11-30",
  },
} as const;

/**
 * Default of preStop and hold, in seconds, whatever the type: with one of its own, pods behind an Application Load
 * Balancer that serve already would be made anew by an update of this package.
 */
export const defaultLagSeconds = propagationLagSeconds.network.longest;

/**
 * Oldest controller with multi-cluster target groups, and the oldest without known defects in it (#4021, #4343, #4864).
 * 2026-11-21.
 */
export const controllerVersions = { oldest: "2.10.0", recommended: "3.5.0" } as const;

/** Nodes of one managed node group. docs.aws.amazon.com/eks/latest/userguide/service-quotas.html; 2026-11-21. */
export const nodesPerGroup = { most: 450, source: "nodes of a managed node group, EKS quotas" } as const;

/**
 * How long EKS waits for the pods of a node that it replaces; then the update of the node group fails
 * (`PodEvictionFailure`).
 */
export const nodeDrain = {
  seconds: 900,
  source: "docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html, 2026-11-30",
} as const;

/** Prefix length of a cluster's Service range. API reference KubernetesNetworkConfigRequest; 2026-11-21. */
export const serviceCidrPrefix = {
  shortest: 12,
  longest: 24,
  source: "docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html, 2026-11-21",
} as const;

/** Blocks that a cluster's Service range must lie in, and that its public endpoint can't be opened to. */
export const privateBlocks = {
  blocks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  source: "docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html, 2026-11-30",
} as const;

/**
 * Tags as all services take them that this package makes something of: IAM and Elastic Load Balancing allow the fewest
 * characters. Of the 50 tags of a resource the package sets up to five itself.
 */
export const tags = {
  longestKey: 128,
  longestValue: 256,
  most: 45,
  characters: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u,
  source: "docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html, 2026-11-30",
} as const;

/** CIDR blocks that a cluster's public endpoint is open to. docs.aws.amazon.com/eks/latest/userguide/service-quotas.html. */
export const publicEndpointBlocks = {
  most: 40,
  source: "docs.aws.amazon.com/eks/latest/userguide/service-quotas.html, 2026-11-30",
} as const;

/** Of one Application Load Balancer, all its listeners together; their default actions are no rules. */
export const applicationQuotas = {
  listeners: 50,
  rules: 100,
  targetGroups: 100,
  targets: 1000,
  certificates: 25,
  source: `${albDocs}/load-balancer-limits.html, 2026-11-30`,
} as const;

/** Attributes of an Application Load Balancer. */
export const applicationAttributes = {
  idleTimeoutSeconds: { least: 1, most: 4000, default: 60 },
  clientKeepAliveSeconds: { least: 60, most: 604_800, default: 3600 },
  source: `${albDocs}/edit-load-balancer-attributes.html, 2026-11-30`,
} as const;

/** Attributes of target groups behind an Application Load Balancer. */
export const applicationGroups = {
  slowStartSeconds: { least: 30, most: 900 },
  stickinessSeconds: { least: 1, most: 604_800 },
  source: `${albDocs}/edit-target-group-attributes.html, 2026-11-30`,
} as const;

/** Target groups that one action of a listener or rule forwards to, of both types of load balancer. */
export const groupsPerAction = { most: 5, source: `${albDocs}/load-balancer-limits.html, 2026-11-30` } as const;

/** Weight of a target group in an action. API reference TargetGroupTuple; 2026-11-30. */
export const weights = { least: 0, most: 999 } as const;

/** Rules of an Application Load Balancer's listener. */
export const matchRules = {
  priority: { least: 1, most: 50_000 },
  valuesPerCondition: 3,
  valuesPerRule: 5,
  wildcardsPerRule: 5,
  source: `${albDocs}/load-balancer-listeners.html, 2026-11-30`,
} as const;

/**
 * How long a load balancer may still route by its former weights, in seconds, after the API shows the new ones. Network:
 * what Amazon ECS waits. Application: nobody at AWS names a figure; 120 cured the requests that were lost in that gap in
 * argoproj/argo-rollouts#4595.
 */
export const weightLagSeconds = {
  network: 600,
  application: 120,
  source:
    "docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html and " +
    "argoproj/argo-rollouts#4595, 2026-11-30",
} as const;
