import type * as pulumi from "@pulumi/pulumi";
import { longestClusterName } from "./internal/aws-limits";
import type { Problem } from "./internal/problems";

/** The managed node group. */
export interface NodeGroupArgs {
  /** Instance types, the most wanted first. All of one architecture. */
  instanceTypes: string[];
  /** Fewest nodes, 1 or more. */
  minSize: number;
  /** Nodes at creation; afterwards a cluster autoscaler may move it (`autoscaled`). */
  desiredSize: number;
  /** Most nodes, at most 450 (EKS quotas). */
  maxSize: number;
  /** True when a cluster autoscaler owns the desired size: later updates leave it alone. Default false. */
  autoscaled?: boolean;
  /**
   * GiB of the nodes' root volumes, not with `launchTemplate`. Default 20, EKS's own (CreateNodegroup, 2026-11-30). A
   * change replaces the node group.
   */
  diskSize?: number;
  /** Kubernetes labels of the nodes. Default none. */
  labels?: Record<string, string>;
  /** Taints of the nodes, at most 50 (CreateNodegroup, 2026-11-30): pods need a toleration. Default none. */
  taints?: { key: string; value?: string; effect: "NO_SCHEDULE" | "NO_EXECUTE" | "PREFER_NO_SCHEDULE" }[];
  /**
   * EKS's name of the nodes' image, like `BOTTLEROCKET_x86_64`. Default: Amazon Linux 2023 of the instance types'
   * architecture. A change replaces the node group.
   */
  amiType?: string;
  /** How the nodes are bought. Default `ON_DEMAND` (EKS's). A change replaces the node group. */
  capacityType?: "ON_DEMAND" | "SPOT";
  /** A launch template of one's own. Its name or id can't be changed without replacing the node group; its version can. */
  launchTemplate?: { id: pulumi.Input<string>; version: pulumi.Input<string> };
}

/**
 * Versions of the four core add-ons, like `v1.19.2-eksbuild.1`. Always pinned: an unpinned one changes under a running
 * rollout.
 */
export interface AddonVersionsArgs {
  vpcCni: pulumi.Input<string>;
  kubeProxy: pulumi.Input<string>;
  coredns: pulumi.Input<string>;
  podIdentityAgent: pulumi.Input<string>;
}

/** A cluster that is there already, in whatever way it was made. */
export interface ExistingClusterArgs {
  /** A kubeconfig as JSON or YAML text. */
  kubeconfig: pulumi.Input<string>;
  /** The security group that the pods' network interfaces carry: the load balancer must be let in there. */
  podSecurityGroupId: pulumi.Input<string>;
}

/** A default that is not said is EKS's. */
export interface ClusterEndpointArgs {
  /** Whether the VPC reaches the API server without leaving it. Default false. */
  privateAccess?: boolean;
  /** Whether the API server has a public address. Default true. */
  publicAccess?: boolean;
  /** IPv4 blocks that reach the public address, at most 40 (EKS quotas). Default `["0.0.0.0/0"]`. */
  publicCidrs?: string[];
}

/** Settings of a member's EKS cluster and its nodes. @throws ConfigError (of `Cluster`) with every problem at once */
export interface ClusterArgs {
  /**
   * Name of the EKS cluster, at most 100 characters. Explicit, so that it never changes: a change replaces the cluster.
   */
  clusterName: string;
  /** Kubernetes minor, like `1.35`. Required without `existing`. */
  version?: pulumi.Input<string>;
  /** Id of the VPC. Required without `existing`. */
  vpcId?: pulumi.Input<string>;
  /** Private subnets for control plane and nodes, in at least two zones. Required without `existing`. */
  privateSubnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** Required without `existing`. */
  nodes?: NodeGroupArgs;
  /** Required without `existing`. */
  addons?: AddonVersionsArgs;
  /** Kubernetes' Service range; default: chosen by EKS. A change replaces the cluster. */
  serviceCidrBlock?: string;
  /**
   * ARNs of roles that become administrators of the cluster, besides the one that creates it: that one has its entry
   * from EKS, which refuses a second. New ones go to the end. Default none.
   */
  adminRoleArns?: string[];
  /**
   * Creates the cluster's OpenID Connect provider, needed for IRSA only. It asks the issuer over TLS, also in previews.
   * Default false.
   */
  oidcProvider?: boolean;
  /**
   * Whether EKS refuses to delete the cluster. Lift it in an update of its own before a destroy. Default: as the cluster
   * is, off for a new one.
   */
  deletionProtection?: boolean;
  /** Who reaches the API server. Default: everybody by its public address, nobody inside of the VPC. */
  endpoint?: ClusterEndpointArgs;
  /** At the end of standard support `EXTENDED` (EKS's default) costs more, `STANDARD` upgrades the cluster by itself. */
  supportType?: "STANDARD" | "EXTENDED";
  /**
   * Logs of the control plane that go to CloudWatch: `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`.
   * Default none.
   */
  logTypes?: string[];
  /** KMS key of Kubernetes' Secrets; default: EKS's own. It can't be taken away, nor changed. */
  kmsKeyArn?: string;
  /**
   * ARN of the policy that bounds what the roles of the cluster and its nodes may do. Given, the component makes the
   * cluster's role itself. Default: none; a change replaces the cluster.
   */
  permissionsBoundary?: string;
  /** Use this cluster and create nothing but a Kubernetes provider. */
  existing?: ExistingClusterArgs;
  /** Tags on cluster and node group. */
  tags?: Record<string, string>;
}

/** All that is wrong with the arguments. */
export function clusterProblems(args: ClusterArgs): Problem[] {
  const problems: Problem[] = [];
  const add = (path: string, value: unknown, rule: string, remedy: string): void =>
    void problems.push({ path, value: value ?? null, rule, remedy });
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(args.clusterName) || args.clusterName.length > longestClusterName) {
    add(
      "clusterName",
      args.clusterName,
      `must be letters, digits, dashes and underscores, at most ${longestClusterName} characters`,
      "Choose a name like dev-blue",
    );
  }
  const own = {
    version: args.version,
    vpcId: args.vpcId,
    privateSubnetIds: args.privateSubnetIds,
    nodes: args.nodes,
    addons: args.addons,
  };
  for (const [path, value] of Object.entries(own)) {
    if (args.existing === undefined && value === undefined)
      add(path, value, "is required without `existing`", `Give ${path}, or an existing cluster`);
    if (args.existing !== undefined && value !== undefined)
      add(
        path,
        typeof value === "string" ? value : "(given)",
        "can't be combined with `existing`",
        "Keep one of the two",
      );
  }
  if (args.endpoint?.publicAccess === false && args.endpoint.privateAccess !== true)
    add("endpoint.privateAccess", args.endpoint.privateAccess, "must be true without publicAccess", "Set it to true");
  if (args.endpoint?.publicAccess === false && args.endpoint.publicCidrs !== undefined)
    add("endpoint.publicCidrs", args.endpoint.publicCidrs, "can't be given without publicAccess", "Remove one of them");
  if (typeof args.version === "string" && !/^1\.\d{2,}$/.test(args.version))
    add("version", args.version, "must be a Kubernetes minor version", "Write it like 1.35");
  const nodes = args.nodes;
  if (nodes !== undefined) {
    if (nodes.instanceTypes.length === 0)
      add(
        "nodes.instanceTypes",
        nodes.instanceTypes,
        "must name at least one instance type",
        "Write it like m6i.large",
      );
    if (nodes.diskSize !== undefined && nodes.launchTemplate !== undefined)
      add("nodes.diskSize", nodes.diskSize, "can't be combined with `launchTemplate`", "Say it in the launch template");
    if (nodes.diskSize !== undefined && !(Number.isInteger(nodes.diskSize) && nodes.diskSize >= 1))
      add("nodes.diskSize", nodes.diskSize, "must be a whole number of GiB", "Write it like 50");
    if ((nodes.taints?.length ?? 0) > 50)
      add("nodes.taints", nodes.taints?.length, "must be at most 50", "Name fewer taints");
    if (!(
      nodes.minSize >= 1 &&
      nodes.minSize <= nodes.desiredSize &&
      nodes.desiredSize <= nodes.maxSize &&
      nodes.maxSize <= 450
    )) {
      add(
        "nodes",
        { minSize: nodes.minSize, desiredSize: nodes.desiredSize, maxSize: nodes.maxSize },
        "must be 1 ≤ minSize ≤ desiredSize ≤ maxSize ≤ 450",
        "Correct the three sizes",
      );
    }
  }
  return problems;
}
