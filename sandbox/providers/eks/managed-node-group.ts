/** `eks.ManagedNodeGroup`. */
import * as pulumi from "@pulumi/pulumi";
import { AwsResource, clusterNameOf, coreOf } from "./parts";
import type { Dynamic } from "../rpc/values";

const passed = [
  "amiType",
  "capacityType",
  "diskSize",
  "forceUpdateVersion",
  "instanceTypes",
  "labels",
  "launchTemplate",
  "nodeGroupName",
  "nodeRepairConfig",
  "releaseVersion",
  "remoteAccess",
  "tags",
  "taints",
  "version",
] as const;
const unsupported = [
  "userData",
  "nodeadmExtraOptions",
  "kubeletExtraArgs",
  "bootstrapExtraArgs",
  "enableEfaSupport",
  "placementGroupAvailabilityZone",
] as const;

const amiTypes: Readonly<Record<string, string>> = {
  AL2: "AL2_x86_64",
  AL2023: "AL2023_x86_64_STANDARD",
  Bottlerocket: "BOTTLEROCKET_x86_64",
  RECOMMENDED: "AL2023_x86_64_STANDARD",
};

export class ManagedNodeGroupComponent extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;
  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("eks:index:ManagedNodeGroup", name, {}, options);
    for (const property of unsupported)
      if (args[property] !== undefined)
        throw new Error(
          `ManagedNodeGroup ${name}: the sandbox's stand-in for the eks provider does not know ${property}; use ` +
            "the official plugin with --provider eks=PATH",
        );
    const core = coreOf(args["cluster"]);
    const inputs: pulumi.Inputs = Object.fromEntries(
      passed.filter((property) => args[property] !== undefined).map((property) => [property, args[property]]),
    );
    const system = args["operatingSystem"];
    if (inputs["amiType"] === undefined && args["amiId"] === undefined && system !== undefined) {
      inputs["amiType"] = pulumi
        .all([system, args["instanceTypes"]])
        .apply(([kind, instances]: Dynamic[]) => amiTypeOf(kind, instances?.[0], args["gpu"] === true));
    }
    if (args["nodeRoleArn"] === undefined && args["nodeRole"] === undefined)
      throw new Error(`ManagedNodeGroup ${name}: nodeRole or nodeRoleArn must be given`);
    const group = new AwsResource(
      "aws:eks/nodeGroup:NodeGroup",
      name,
      {
        ...inputs,
        clusterName: args["clusterName"] ?? clusterNameOf(args["cluster"]),
        nodeRoleArn:
          args["nodeRoleArn"] ?? pulumi.output(args["nodeRole"] as Dynamic).apply((role: Dynamic) => role.arn),
        subnetIds: args["subnetIds"] ?? core.apply((resolved) => resolved.subnetIds),
        scalingConfig: args["scalingConfig"] ?? { minSize: 1, desiredSize: 2, maxSize: 2 },
      },
      ["arn", "status", "resources"],
      {
        parent: this,
        ...(args["ignoreScalingChanges"] === true ? { ignoreChanges: ["scalingConfig.desiredSize"] } : {}),
      },
    );
    this.state = { nodeGroup: group, placementGroupName: "" };
    this.registerOutputs(this.state);
  }
}

function amiTypeOf(system: string, instanceType: string | undefined, gpu: boolean): string {
  const type = amiTypes[system];
  if (type === undefined) throw new Error(`unknown operating system ${system}`);
  // A Graviton family ends its generation in g: m7g, c6gd, t4g.
  const arm = instanceType !== undefined && /^[a-z]+\d+g/.test(instanceType);
  if (gpu)
    return system === "Bottlerocket"
      ? "BOTTLEROCKET_x86_64_NVIDIA"
      : system === "AL2"
        ? "AL2_x86_64_GPU"
        : "AL2023_x86_64_NVIDIA";
  return arm ? (system === "AL2" ? "AL2_ARM_64" : type.replace("x86_64", "ARM_64")) : type;
}
