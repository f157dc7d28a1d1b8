/** `eks.Cluster`. */
import * as pulumi from "@pulumi/pulumi";
import { addonResource, AwsResource, awsInvoke, ServiceRole, VpcCniAddonComponent } from "./parts";
import { securityGroups } from "./security-groups";
import type { Dynamic } from "../rpc/values";

const unsupported = [
  "autoMode",
  "fargate",
  "roleMappings",
  "userMappings",
  "storageClasses",
  "creationRoleProvider",
  "encryptionConfigKeyArn",
  "proxy",
] as const;
const modes: Readonly<Record<string, string>> = {
  CONFIG_MAP: "CONFIG_MAP",
  API: "API",
  API_AND_CONFIG_MAP: "API_AND_CONFIG_MAP",
};

export class ClusterComponent extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;

  constructor(
    private readonly ownName: string,
    private readonly args: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super("eks:index:Cluster", ownName, {}, options);
    this.refuse();
    const role = this.serviceRole();
    const groups = args["skipDefaultSecurityGroups"] === true ? undefined : securityGroups(ownName, args, this);
    const cluster = this.cluster(role, groups?.cluster);
    const addons = this.addons(cluster);
    const entries = this.accessEntries(cluster);
    const kubeconfig = this.kubeconfig(cluster);
    const provider = new KubernetesProvider(
      `${ownName}-eks-k8s`,
      { kubeconfig: kubeconfig.apply(JSON.stringify) },
      { parent: this, dependsOn: [...addons, ...entries] },
    );
    const oidc =
      args["createOidcProvider"] === true
        ? new AwsResource(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            `${ownName}-oidcProvider`,
            {
              url: issuer(cluster),
              clientIdLists: ["sts.amazonaws.com"],
              thumbprintLists: [rootThumbprint],
              tags: args["tags"],
            },
            ["arn", "url"],
            { parent: this },
          )
        : undefined;
    groups?.rules(cluster);
    const managedGroup = cluster["vpcConfig"].apply((vpc: Dynamic) => vpc?.clusterSecurityGroupId);
    const clusterSecurityGroupId = groups?.cluster.id ?? managedGroup;
    const nodeSecurityGroupId = groups?.node.id ?? managedGroup;
    const core = {
      cluster,
      endpoint: cluster["endpoint"],
      provider,
      vpcId: this.vpcId(),
      subnetIds: this.subnetIds(),
      publicSubnetIds: args["publicSubnetIds"],
      privateSubnetIds: args["privateSubnetIds"],
      clusterIamRole: role instanceof ServiceRole ? role.role : role,
      clusterSecurityGroup: groups?.cluster,
      instanceRoles: [],
      nodeGroupOptions: {
        nodeSecurityGroup: groups?.node,
        nodeSecurityGroupId,
        ...(args["nodeGroupOptions"] as object | undefined),
      },
      kubeconfig,
      oidcProvider: oidc,
      tags: args["tags"],
      nodeSecurityGroupTags: args["nodeSecurityGroupTags"],
    };
    this.state = {
      kubeconfig,
      kubeconfigJson: kubeconfig.apply(JSON.stringify),
      eksCluster: cluster,
      core,
      clusterSecurityGroup: groups?.cluster,
      clusterSecurityGroupId,
      nodeSecurityGroup: groups?.node,
      nodeSecurityGroupId,
      eksClusterIngressRule: undefined,
      clusterIngressRuleId: "",
      instanceRoles: [],
      oidcProviderArn: oidc?.["arn"] ?? "",
      oidcProviderUrl: issuer(cluster),
      oidcIssuer: issuer(cluster).apply((url: string) => url?.replace(/^https:\/\//, "")),
      defaultNodeGroupAsgName: "",
      fargateProfileId: "",
      fargateProfileStatus: "",
      autoModeNodeRoleName: "",
    };
    this.registerOutputs(this.state);
  }

  private refuse(): void {
    const { args } = this;
    const bad = unsupported.filter(
      (property) =>
        args[property] !== undefined &&
        args[property] !== false &&
        !(Array.isArray(args[property]) && (args[property] as unknown[]).length === 0),
    );
    if (args["skipDefaultNodeGroup"] !== true) bad.push("skipDefaultNodeGroup: false" as never);
    if (bad.length > 0)
      throw new Error(
        `Cluster ${this.ownName}: the sandbox's stand-in for the eks provider does not know ${bad.join(", ")}; ` +
          "use managed node groups, or the official plugin with --provider eks=PATH",
      );
    if (args["authenticationMode"] !== undefined && modes[String(args["authenticationMode"])] === undefined)
      throw new Error(
        `Cluster ${this.ownName}: authenticationMode must be one of ${Object.keys(modes).join(", ")}, not ` +
          `${String(args["authenticationMode"])}`,
      );
  }

  private serviceRole(): Dynamic {
    if (this.args["serviceRole"] !== undefined) return this.args["serviceRole"];
    return new ServiceRole(
      `${this.ownName}-eksRole`,
      {
        service: "eks.amazonaws.com",
        description: "Allows EKS to manage clusters on your behalf.",
        managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
        tags: this.args["tags"] as never,
      },
      { parent: this },
    );
  }

  private subnetIds(): pulumi.Output<string[]> {
    const { args } = this;
    return pulumi
      .all([args["subnetIds"], args["publicSubnetIds"], args["privateSubnetIds"]])
      .apply(([all, open, closed]: Dynamic[]) => [...new Set<string>(all ?? [...(open ?? []), ...(closed ?? [])])]);
  }

  private vpcId(): pulumi.Input<string> {
    return (
      (this.args["vpcId"] as pulumi.Input<string> | undefined) ??
      pulumi.output(awsInvoke("aws:ec2/getVpc:getVpc", { default: true }, this)).apply((vpc) => vpc.id as string)
    );
  }

  private cluster(role: Dynamic, group: AwsResource | undefined): AwsResource {
    const { args } = this;
    const roleArn =
      role instanceof ServiceRole ? role.role["arn"] : pulumi.output(role).apply((one: Dynamic) => one.arn);
    return new AwsResource(
      "aws:eks/cluster:Cluster",
      `${this.ownName}-eksCluster`,
      {
        name: args["name"],
        roleArn,
        version: args["version"],
        enabledClusterLogTypes: args["enabledClusterLogTypes"],
        deletionProtection: args["deletionProtection"],
        upgradePolicy: args["upgradePolicy"],
        bootstrapSelfManagedAddons: args["bootstrapSelfManagedAddons"] ?? false,
        vpcConfig: {
          subnetIds: this.subnetIds(),
          ...(group === undefined ? {} : { securityGroupIds: [group.id] }),
          endpointPrivateAccess: args["endpointPrivateAccess"],
          endpointPublicAccess: args["endpointPublicAccess"],
          publicAccessCidrs: args["publicAccessCidrs"],
        },
        ...(args["authenticationMode"] === undefined
          ? {}
          : {
              accessConfig: {
                authenticationMode: args["authenticationMode"],
                bootstrapClusterCreatorAdminPermissions: true,
              },
            }),
        ...(args["kubernetesServiceIpAddressRange"] === undefined && args["ipFamily"] === undefined
          ? {}
          : {
              kubernetesNetworkConfig: {
                serviceIpv4Cidr: args["kubernetesServiceIpAddressRange"],
                ipFamily: args["ipFamily"],
              },
            }),
        tags: pulumi
          .all([args["tags"], args["clusterTags"]])
          .apply(([all, own]: Dynamic[]) => ({ Name: `${this.ownName}-eksCluster`, ...all, ...own })),
      },
      ["arn", "name", "endpoint", "certificateAuthority", "identities", "vpcConfig", "accessConfig", "version"],
      { parent: this, dependsOn: role instanceof ServiceRole ? role.attachments : [] },
    );
  }

  private addons(cluster: AwsResource): pulumi.Resource[] {
    const { args, ownName } = this;
    const result: pulumi.Resource[] = [];
    const add = (addonName: string, options: Dynamic, enabled: boolean) => {
      if (enabled)
        result.push(
          addonResource(
            `${ownName}-${addonName}`,
            {
              ...options,
              addonName,
              addonVersion: options?.version,
              clusterName: cluster["name"],
              clusterVersion: cluster["version"],
              preserve: false,
              tags: args["tags"],
            },
            { parent: this },
          ),
        );
    };
    const proxy = args["kubeProxyAddonOptions"] as Dynamic;
    const dns = args["corednsAddonOptions"] as Dynamic;
    add("kube-proxy", proxy, proxy?.enabled !== false);
    // Without nodes of its own the cluster has nowhere to run it: only when asked for.
    add("coredns", dns, dns?.enabled === true);
    if (args["useDefaultVpcCni"] !== true) {
      const cni = args["vpcCniOptions"] as Dynamic;
      result.push(
        new VpcCniAddonComponent(
          `${ownName}-vpc-cni`,
          { ...cni, clusterName: cluster["name"], clusterVersion: cluster["version"], tags: args["tags"] },
          { parent: this },
        ).addon,
      );
    }
    return result;
  }

  private accessEntries(cluster: AwsResource): pulumi.Resource[] {
    const result: pulumi.Resource[] = [];
    for (const [key, entry] of Object.entries((this.args["accessEntries"] ?? {}) as Record<string, Dynamic>)) {
      const made = new AwsResource(
        "aws:eks/accessEntry:AccessEntry",
        `${this.ownName}-${key}`,
        {
          clusterName: cluster["name"],
          principalArn: entry.principalArn,
          kubernetesGroups: entry.kubernetesGroups,
          type: entry.type,
          userName: entry.username,
          tags: pulumi.all([this.args["tags"], entry.tags]).apply(([all, own]: Dynamic[]) => ({ ...all, ...own })),
        },
        ["accessEntryArn"],
        { parent: this },
      );
      result.push(made);
      for (const [policy, association] of Object.entries((entry.accessPolicies ?? {}) as Record<string, Dynamic>)) {
        result.push(
          new AwsResource(
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            `${this.ownName}-${key}-${policy}`,
            {
              clusterName: cluster["name"],
              principalArn: entry.principalArn,
              policyArn: association.policyArn,
              accessScope: association.accessScope,
            },
            [],
            { parent: made, dependsOn: [made] },
          ),
        );
      }
    }
    return result;
  }

  /** Without options of the program's the real component takes the profile from the surroundings of the update. */
  private credentials(): Dynamic {
    const profileName = process.env["AWS_PROFILE"];
    return this.args["providerCredentialOpts"] ?? (profileName === undefined ? undefined : { profileName });
  }

  private kubeconfig(cluster: AwsResource): pulumi.Output<Dynamic> {
    return pulumi
      .all([cluster["name"], cluster["endpoint"], cluster["certificateAuthority"], this.credentials()])
      .apply(([name, server, authority, credentials]: Dynamic[]) => ({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "aws",
        clusters: [{ name: "kubernetes", cluster: { server, "certificate-authority-data": authority?.data } }],
        contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
        users: [
          {
            name: "aws",
            user: {
              exec: {
                apiVersion: "client.authentication.k8s.io/v1beta1",
                command: "aws",
                args: [
                  "eks",
                  "get-token",
                  "--cluster-name",
                  name,
                  "--output",
                  "json",
                  ...(credentials?.roleArn === undefined ? [] : ["--role", credentials.roleArn]),
                ],
                env: [
                  { name: "KUBERNETES_EXEC_INFO", value: '{"apiVersion": "client.authentication.k8s.io/v1beta1"}' },
                  ...(credentials?.profileName === undefined
                    ? []
                    : [{ name: "AWS_PROFILE", value: credentials.profileName }]),
                ],
              },
            },
          },
        ],
      }));
  }
}

class KubernetesProvider extends pulumi.ProviderResource {
  constructor(name: string, inputs: pulumi.Inputs, options: pulumi.ResourceOptions) {
    super("kubernetes", name, inputs, { version: "4.19.0", ...options });
  }
}

/**
 * SHA-1 of the root certificate of EKS's issuers; IAM no longer looks at it for them. The official provider reads it
 * from the issuer, which the sandbox has none of.
 */
const rootThumbprint = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";

function issuer(cluster: AwsResource): pulumi.Output<string> {
  return cluster["identities"].apply((identities: Dynamic) => identities?.[0]?.oidcs?.[0]?.issuer ?? "");
}
