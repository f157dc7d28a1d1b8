/** Children that several eks components share. */
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Dynamic, Props } from "../rpc/values";

/** The version of @pulumi/aws that the official component was built with: its children use that default provider. */
const awsVersion = "7.25.0";

/** A resource of the aws provider with the outputs that are read here. */
export class AwsResource extends pulumi.CustomResource {
  [output: string]: Dynamic;
  constructor(
    type: string,
    name: string,
    inputs: pulumi.Inputs,
    outputs: readonly string[],
    options: pulumi.CustomResourceOptions,
  ) {
    super(
      type,
      name,
      { ...Object.fromEntries(outputs.map((output) => [output, undefined])), ...inputs },
      { version: awsVersion, ...options },
    );
  }
}

export async function awsInvoke(token: string, args: pulumi.Inputs, parent: pulumi.Resource): Promise<Dynamic> {
  return pulumi.runtime.invoke(token, args, { parent, version: awsVersion });
}

export class ServiceRole extends pulumi.ComponentResource {
  readonly role: AwsResource;
  readonly attachments: AwsResource[];
  constructor(
    name: string,
    args: {
      service: pulumi.Input<string>;
      description?: pulumi.Input<string>;
      managedPolicyArns?: string[];
      tags?: pulumi.Input<Record<string, string>>;
    },
    options: pulumi.ComponentResourceOptions,
  ) {
    super("eks:index:ServiceRole", name, {}, options);
    const assumeRolePolicy = pulumi.output(args.service).apply((Service) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Action: ["sts:AssumeRole"], Effect: "Allow", Principal: { Service: [Service] } }],
      }),
    );
    this.role = new AwsResource(
      "aws:iam/role:Role",
      `${name}-role`,
      { assumeRolePolicy, description: args.description, tags: args.tags },
      ["arn", "name"],
      { parent: this },
    );
    this.attachments = (args.managedPolicyArns ?? []).map(
      (policyArn) =>
        new AwsResource(
          "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
          `${name}-${createHash("sha1").update(policyArn).digest("hex").slice(0, 8)}`,
          { role: this.role["name"], policyArn },
          [],
          { parent: this },
        ),
    );
    this.registerOutputs({});
  }
}

function configuration(values: unknown): pulumi.Output<string | undefined> {
  return (pulumi.output(values as Props) as unknown as pulumi.Output<unknown>).apply((plain) =>
    plain === undefined || (typeof plain === "object" && plain !== null && Object.keys(plain).length === 0)
      ? undefined
      : typeof plain === "string"
        ? plain
        : JSON.stringify(plain),
  );
}

/** Unpinned add-ons follow the newest version on every run, as the official component does. */
function addonVersion(
  args: pulumi.Inputs,
  addonName: pulumi.Input<string>,
  parent: pulumi.Resource,
): pulumi.Input<string | undefined> {
  if (args["addonVersion"] !== undefined) return args["addonVersion"];
  if (args["clusterVersion"] === undefined) return undefined;
  return pulumi
    .all([args["clusterVersion"], addonName])
    .apply(
      async ([kubernetesVersion, name]) =>
        (
          await awsInvoke(
            "aws:eks/getAddonVersion:getAddonVersion",
            { addonName: name, kubernetesVersion, mostRecent: true },
            parent,
          )
        ).version as string,
    );
}

export function addonResource(
  name: string,
  args: pulumi.Inputs & { addonName: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): AwsResource {
  return new AwsResource(
    "aws:eks/addon:Addon",
    name,
    {
      clusterName: args["clusterName"],
      addonName: args["addonName"],
      addonVersion: addonVersion(args, args["addonName"], options.parent),
      configurationValues: configuration(args["configurationValues"]),
      preserve: args["preserve"],
      resolveConflictsOnCreate: args["resolveConflictsOnCreate"] ?? "OVERWRITE",
      resolveConflictsOnUpdate: args["resolveConflictsOnUpdate"] ?? "OVERWRITE",
      serviceAccountRoleArn: args["serviceAccountRoleArn"],
      tags: args["tags"],
    },
    ["arn"],
    options,
  );
}

/** The name of the cluster in an input that is a Cluster component, its `core`, or a reference to either. */
export function clusterNameOf(cluster: Dynamic): pulumi.Output<string> {
  return coreOf(cluster).apply((core: Dynamic) => {
    const own = core.cluster;
    // Without the aws SDK's classes here a reference is just its id, which is the cluster's name.
    return typeof own === "string" ? own : (pulumi.output(own.name ?? own.id ?? own) as unknown as string);
  }) as pulumi.Output<string>;
}

export function coreOf(cluster: Dynamic): pulumi.Output<Dynamic> {
  return pulumi
    .output(cluster)
    .apply((resolved: Dynamic) => (resolved?.core === undefined ? resolved : resolved.core)) as pulumi.Output<Dynamic>;
}

export class AddonComponent extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;
  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("eks:index:Addon", name, {}, options);
    const addon = addonResource(
      name,
      { ...args, clusterName: clusterNameOf(args["cluster"]), addonName: args["addonName"] as pulumi.Input<string> },
      { parent: this },
    );
    this.state = { addon };
    this.registerOutputs({});
  }
}

const cniSettings: Readonly<Record<string, string>> = {
  nodePortSupport: "AWS_VPC_CNI_NODE_PORT_SUPPORT",
  customNetworkConfig: "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
  externalSnat: "AWS_VPC_K8S_CNI_EXTERNALSNAT",
  cniConfigureRpfilter: "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER",
  cniCustomNetworkCfg: "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
  cniExternalSnat: "AWS_VPC_K8S_CNI_EXTERNALSNAT",
  disableTcpEarlyDemux: "DISABLE_TCP_EARLY_DEMUX",
  enablePodEni: "ENABLE_POD_ENI",
  enablePrefixDelegation: "ENABLE_PREFIX_DELEGATION",
  eniConfigLabelDef: "ENI_CONFIG_LABEL_DEF",
  eniMtu: "AWS_VPC_ENI_MTU",
  logFile: "AWS_VPC_K8S_CNI_LOG_FILE",
  logLevel: "AWS_VPC_K8S_CNI_LOGLEVEL",
  vethPrefix: "AWS_VPC_K8S_CNI_VETHPREFIX",
  warmEniTarget: "WARM_ENI_TARGET",
  warmIpTarget: "WARM_IP_TARGET",
  warmPrefixTarget: "WARM_PREFIX_TARGET",
};

export class VpcCniAddonComponent extends pulumi.ComponentResource {
  readonly addon: AwsResource;
  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("eks:index:VpcCniAddon", name, {}, options);
    const configurationValues = (pulumi.output(args as Dynamic) as pulumi.Output<Props>).apply((plain) => {
      const env = Object.fromEntries(
        Object.entries(cniSettings)
          .filter(([property]) => plain[property] !== undefined)
          .map(([property, variable]) => [variable, String(plain[property])]),
      );
      const network =
        plain.enableNetworkPolicy === undefined ? {} : { enableNetworkPolicy: String(plain.enableNetworkPolicy) };
      return { ...network, ...(Object.keys(env).length > 0 ? { env } : {}), ...plain.configurationValues };
    });
    this.addon = addonResource(
      name,
      { ...args, configurationValues, clusterName: args["clusterName"], addonName: "vpc-cni" },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
