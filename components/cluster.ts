import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { accessEntryKeys } from "./internal/access-entries";
import { longestClusterName } from "./internal/aws-limits";
import { type Problem, throwProblems } from "./internal/problems";

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
   * Whether EKS refuses to delete the cluster. Lift it in an update of its own before a destroy. Default false.
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

/** What is not given is not declared: node groups that are there see no change. */
function nodeOptions(nodes: NodeGroupArgs | undefined): Partial<eks.ManagedNodeGroupArgs> {
  const { diskSize, labels, taints, launchTemplate, amiType, capacityType } = nodes ?? {};
  return {
    ...(amiType === undefined ? {} : { amiType }),
    ...(capacityType === undefined ? {} : { capacityType }),
    ...(diskSize === undefined ? {} : { diskSize }),
    ...(labels === undefined ? {} : { labels }),
    ...(taints === undefined ? {} : { taints }),
    ...(launchTemplate === undefined ? {} : { launchTemplate }),
  };
}

/** What is not given is not declared: clusters that are there see no change. */
function optional({ endpoint = {}, supportType, logTypes, kmsKeyArn }: ClusterArgs): Partial<eks.ClusterOptions> {
  const { privateAccess, publicAccess, publicCidrs } = endpoint;
  return {
    ...(privateAccess === undefined ? {} : { endpointPrivateAccess: privateAccess }),
    ...(publicAccess === undefined ? {} : { endpointPublicAccess: publicAccess }),
    ...(publicCidrs === undefined ? {} : { publicAccessCidrs: publicCidrs }),
    ...(supportType === undefined ? {} : { upgradePolicy: { supportType } }),
    ...(logTypes === undefined ? {} : { enabledClusterLogTypes: logTypes }),
    ...(kmsKeyArn === undefined ? {} : { encryptionConfigKeyArn: kmsKeyArn }),
  };
}

const nodePolicies = [
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonEC2ContainerRegistryPullOnly",
] as const;
/** ARNs of AWS's own policies; `partition`: `aws`, `aws-cn` (China), `aws-us-gov` (GovCloud) … */
const adminPolicyArn = (partition: string): string =>
  `arn:${partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`;
const nodePolicyArn = (partition: string, policy: string): string => `arn:${partition}:iam::aws:policy/${policy}`;

/**
 * Who takes the nodes' role. In China EKS has asked for a name of EC2 that only this partition has
 * (awslabs/cdk-eks-blueprints#558), and takes the common one too (pulumi/pulumi-eks#2344; 2026-11-30): both are trusted.
 */
const nodeService = (partition: string): string | string[] =>
  partition === "aws-cn" ? ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] : "ec2.amazonaws.com";

/**
 * An EKS cluster with a managed node group and pinned core add-ons, or an existing cluster. Gives a Kubernetes
 * provider.
 */
export class Cluster extends pulumi.ComponentResource {
  public readonly clusterName: string;
  /**
   * For everything that runs in the cluster. Its identity is the cluster's name: a new endpoint doesn't replace what it
   * manages.
   */
  public readonly provider: kubernetes.Provider;
  /** JSON or YAML text. */
  public readonly kubeconfig: pulumi.Output<string>;
  /** The security group that the pods carry. */
  public readonly podSecurityGroupId: pulumi.Output<string>;
  /** Empty unless `oidcProvider`. */
  public readonly oidcProviderArn: pulumi.Output<string>;
  /** Empty unless `oidcProvider`. */
  public readonly oidcProviderUrl: pulumi.Output<string>;
  /** The control plane alone, long before nodes are there; none of an existing cluster. */
  public readonly controlPlane: pulumi.Resource[];
  /** What pods need before they can run and have AWS permissions: depend on these. */
  public readonly ready: pulumi.Resource[];

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:Cluster", name, {}, opts);
    throwProblems(`Cluster '${name}'`, clusterProblems(args));
    this.clusterName = args.clusterName;
    if (args.existing !== undefined) {
      this.kubeconfig = pulumi.output(args.existing.kubeconfig);
      this.podSecurityGroupId = pulumi.output(args.existing.podSecurityGroupId);
      this.oidcProviderArn = pulumi.output("");
      this.oidcProviderUrl = pulumi.output("");
      this.controlPlane = [];
      this.ready = [];
    } else {
      const cluster = this.createCluster(name, args);
      this.controlPlane = [cluster];
      const nodes = this.createNodes(name, args, cluster);
      // Only now: add-ons that run as Deployments never get ready without nodes.
      this.ready = [
        nodes,
        this.createAddon(name, args, "coredns", args.addons?.coredns, nodes),
        this.createAddon(name, args, "eks-pod-identity-agent", args.addons?.podIdentityAgent, nodes),
      ];
      this.kubeconfig = cluster.kubeconfigJson;
      // With `skipDefaultSecurityGroups` this is the group that EKS made, which managed nodes (and so their pods)
      // carry.
      this.podSecurityGroupId = cluster.clusterSecurityGroupId;
      this.oidcProviderArn = args.oidcProvider === true ? cluster.oidcProviderArn : pulumi.output("");
      this.oidcProviderUrl = args.oidcProvider === true ? cluster.oidcProviderUrl : pulumi.output("");
    }
    this.provider = new kubernetes.Provider(
      `${name}-kubernetes`,
      { kubeconfig: this.kubeconfig, clusterIdentifier: args.clusterName },
      { parent: this },
    );
    this.registerOutputs({
      clusterName: this.clusterName,
      kubeconfig: this.kubeconfig,
      podSecurityGroupId: this.podSecurityGroupId,
    });
  }

  private createCluster(name: string, args: ClusterArgs): eks.Cluster {
    const accessEntries = Object.fromEntries(
      Object.entries(accessEntryKeys(args.adminRoleArns ?? [])).map(([key, principalArn]) => [
        key,
        {
          principalArn,
          accessPolicies: {
            admin: { policyArn: this.partition().apply(adminPolicyArn), accessScope: { type: "cluster" } },
          },
        },
      ]),
    );
    return new eks.Cluster(
      name,
      {
        name: args.clusterName,
        version: args.version,
        vpcId: args.vpcId,
        privateSubnetIds: args.privateSubnetIds,
        // Access entries only: no aws-auth ConfigMap that two owners could overwrite.
        authenticationMode: eks.AuthenticationMode.Api,
        ...(Object.keys(accessEntries).length > 0 ? { accessEntries } : {}),
        skipDefaultNodeGroup: true,
        skipDefaultSecurityGroups: true,
        bootstrapSelfManagedAddons: false,
        createOidcProvider: args.oidcProvider === true,
        // Given, though empty: else the component takes the profile from AWS_PROFILE of whoever runs the update, and the
        // next one's is a change of the cluster's provider.
        providerCredentialOpts: {},
        kubernetesServiceIpAddressRange: args.serviceCidrBlock,
        ...optional(args),
        ...(args.permissionsBoundary === undefined
          ? {}
          : { serviceRole: this.createServiceRole(name, args, args.permissionsBoundary) }),
        vpcCniOptions: { addonVersion: args.addons?.vpcCni },
        kubeProxyAddonOptions: { version: args.addons?.kubeProxy },
        corednsAddonOptions: { enabled: false },
        ...(args.deletionProtection === undefined ? {} : { deletionProtection: args.deletionProtection }),
        tags: args.tags,
      },
      { parent: this },
    );
  }

  /** That of the provider's region. The provider knows it without a call to AWS. */
  private partition(): pulumi.Output<string> {
    return aws.getPartitionOutput({}, { parent: this }).partition;
  }

  /** What the control plane acts as; `@pulumi/eks` makes one too, without a boundary. */
  private createServiceRole(name: string, args: ClusterArgs, permissionsBoundary: string): aws.iam.Role {
    return new aws.iam.Role(
      `${name}-cluster`,
      {
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" }],
        }),
        managedPolicyArns: [
          this.partition().apply((partition) => `arn:${partition}:iam::aws:policy/AmazonEKSClusterPolicy`),
        ],
        permissionsBoundary,
        tags: args.tags,
      },
      { parent: this },
    );
  }

  private createNodes(name: string, args: ClusterArgs, cluster: eks.Cluster): eks.ManagedNodeGroup {
    const partition = this.partition();
    const role = new aws.iam.Role(
      `${name}-nodes`,
      {
        assumeRolePolicy: partition.apply((known) =>
          JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Service: nodeService(known) }, Action: "sts:AssumeRole" }],
          }),
        ),
        ...(args.permissionsBoundary === undefined ? {} : { permissionsBoundary: args.permissionsBoundary }),
        tags: args.tags,
      },
      { parent: this },
    );
    const attachments = nodePolicies.map(
      (policy) =>
        new aws.iam.RolePolicyAttachment(
          `${name}-nodes-${policy}`,
          { role: role.name, policyArn: partition.apply((known) => nodePolicyArn(known, policy)) },
          { parent: this },
        ),
    );
    return new eks.ManagedNodeGroup(
      `${name}-nodes`,
      {
        cluster,
        nodeRoleArn: role.arn,
        subnetIds: args.privateSubnetIds,
        instanceTypes: args.nodes?.instanceTypes,
        operatingSystem: eks.OperatingSystem.AL2023,
        scalingConfig: {
          minSize: args.nodes?.minSize ?? 1,
          desiredSize: args.nodes?.desiredSize ?? 1,
          maxSize: args.nodes?.maxSize ?? 1,
        },
        ignoreScalingChanges: args.nodes?.autoscaled === true,
        ...nodeOptions(args.nodes),
        // Pinned: it follows the control plane in the same update, and not on the day when EKS upgrades the latter by
        // itself.
        version: args.version,
        tags: args.tags,
      },
      { parent: this, dependsOn: attachments },
    );
  }

  private createAddon(
    name: string,
    args: ClusterArgs,
    addonName: string,
    addonVersion: pulumi.Input<string> | undefined,
    nodes: pulumi.Resource,
  ): aws.eks.Addon {
    return new aws.eks.Addon(
      `${name}-${addonName}`,
      {
        clusterName: args.clusterName,
        addonName,
        addonVersion,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        tags: args.tags,
      },
      { parent: this, dependsOn: [nodes] },
    );
  }
}
