import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { accessEntryKeys } from "./internal/access-entries";
import { type ClusterArgs, clusterProblems, type NodeGroupArgs } from "./cluster-args";
import { throwProblems } from "./internal/problems";

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
const managedPolicyArn = (partition: string, policy: string): string => `arn:${partition}:iam::aws:policy/${policy}`;

/** Who takes a role, by the partition. */
type Service = (partition: string) => string | string[];

const controlPlaneService: Service = () => "eks.amazonaws.com";

/**
 * Who takes the nodes' role. In China EKS has asked for a name of EC2 that only this partition has
 * (awslabs/cdk-eks-blueprints#558), and takes the common one too (pulumi/pulumi-eks#2344; 2026-11-30): both are trusted.
 */
const nodeService: Service = (partition) =>
  partition === "aws-cn" ? ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] : "ec2.amazonaws.com";

/**
 * An EKS cluster with a managed node group and pinned core add-ons, or an existing cluster. Gives a Kubernetes
 * provider.
 */
export class Cluster extends pulumi.ComponentResource {
  /** The EKS cluster's name. */
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
    // `@pulumi/eks` makes one too, without a boundary.
    const own =
      args.permissionsBoundary === undefined
        ? null
        : this.createRole(`${name}-cluster`, args, controlPlaneService, ["AmazonEKSClusterPolicy"]);
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
        ...(own === null ? {} : { serviceRole: own.role }),
        vpcCniOptions: { addonVersion: args.addons?.vpcCni },
        kubeProxyAddonOptions: { version: args.addons?.kubeProxy },
        corednsAddonOptions: { enabled: false },
        ...(args.deletionProtection === undefined ? {} : { deletionProtection: args.deletionProtection }),
        tags: args.tags,
      },
      { parent: this, dependsOn: own?.attachments ?? [] },
    );
  }

  /** That of the provider's region. The provider knows it without a call to AWS. */
  private partition(): pulumi.Output<string> {
    return aws.getPartitionOutput({}, { parent: this }).partition;
  }

  /** A role with AWS's own policies, within the boundary where there is one. */
  private createRole(name: string, args: ClusterArgs, service: Service, policies: readonly string[]) {
    const partition = this.partition();
    const role = new aws.iam.Role(
      name,
      {
        assumeRolePolicy: partition.apply((known) =>
          JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Service: service(known) }, Action: "sts:AssumeRole" }],
          }),
        ),
        ...(args.permissionsBoundary === undefined ? {} : { permissionsBoundary: args.permissionsBoundary }),
        tags: args.tags,
      },
      { parent: this },
    );
    const attachments = policies.map(
      (policy) =>
        new aws.iam.RolePolicyAttachment(
          `${name}-${policy}`,
          { role: role.name, policyArn: partition.apply((known) => managedPolicyArn(known, policy)) },
          { parent: this },
        ),
    );
    return { role, attachments };
  }

  private createNodes(name: string, args: ClusterArgs, cluster: eks.Cluster): eks.ManagedNodeGroup {
    const { role, attachments } = this.createRole(`${name}-nodes`, args, nodeService, nodePolicies);
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
