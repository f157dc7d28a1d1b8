/** EKS clusters and what belongs to them. */
import * as eks from "@aws-sdk/client-eks";
import type { Props } from "../rpc/values";
import { orNull, pause, unlessGone, type AwsContext, type AwsResource } from "./descriptor";

async function tagEks(
  aws: AwsContext,
  arn: string,
  tags: Readonly<Record<string, string>>,
  removed: readonly string[],
): Promise<void> {
  if (removed.length > 0) await aws.eks.send(new eks.UntagResourceCommand({ resourceArn: arn, tagKeys: [...removed] }));
  if (Object.keys(tags).length > 0)
    await aws.eks.send(new eks.TagResourceCommand({ resourceArn: arn, tags: { ...tags } }));
}
const byArn =
  (property: string) =>
  (aws: AwsContext, _id: string, tags: Readonly<Record<string, string>>, removed: readonly string[], outputs: Props) =>
    tagEks(aws, outputs[property], tags, removed);

/** Changes of a cluster are accepted one at a time; each is waited for. */
async function finished(
  aws: AwsContext,
  name: string,
  update: eks.Update | undefined,
  of: { nodegroupName?: string; addonName?: string } = {},
): Promise<void> {
  const end = Date.now() + (aws.timeoutSeconds || updateSeconds) * 1000;
  for (;;) {
    if (update?.id === undefined) return;
    const now = (await aws.eks.send(new eks.DescribeUpdateCommand({ name, updateId: update.id, ...of }))).update;
    if (now?.status === "Successful") return;
    if (now?.status === "Failed" || now?.status === "Cancelled")
      throw new Error(
        `update ${now.type} of ${of.nodegroupName ?? of.addonName ?? name}: ${now.status} ` +
          `${(now.errors ?? []).map((error) => `${error.errorCode}: ${error.errorMessage}`).join("; ")}`,
      );
    if (aws.signal.aborted || Date.now() > end)
      throw new Error(
        `gave up waiting for update ${now?.type} of ${of.nodegroupName ?? of.addonName ?? name} (${now?.status})`,
      );
    await pause(aws.signal);
  }
}
/** The official provider's default for updates of clusters and node groups. */
const updateSeconds = 3600;

const text = (date: Date | undefined) => date?.toISOString() ?? "";

const cluster: AwsResource = {
  token: "aws:eks/cluster:Cluster",
  inputs: [
    "name",
    "roleArn",
    "version",
    "vpcConfig",
    "accessConfig",
    "bootstrapSelfManagedAddons",
    "deletionProtection",
    "enabledClusterLogTypes",
    "encryptionConfig",
    "kubernetesNetworkConfig",
    "upgradePolicy",
    "zonalShiftConfig",
    "forceUpdateVersion",
    "region",
    "tags",
  ],
  deleteBeforeReplace: () => false,
  autoName: { property: "name", longest: 100 },
  taggable: true,
  computedBelow: {
    vpcConfig: ["clusterSecurityGroupId", "vpcId"],
    kubernetesNetworkConfig: ["serviceIpv4Cidr"],
    accessConfig: ["authenticationMode"],
  },
  timeoutSeconds: 1800,
  waitsForDeletion: true,
  async create(aws, inputs, tags) {
    const vpc = inputs["vpcConfig"];
    const made = await aws.eks.send(
      new eks.CreateClusterCommand({
        name: inputs["name"],
        roleArn: inputs["roleArn"],
        version: inputs["version"],
        bootstrapSelfManagedAddons: inputs["bootstrapSelfManagedAddons"],
        deletionProtection: inputs["deletionProtection"],
        upgradePolicy: inputs["upgradePolicy"],
        zonalShiftConfig: inputs["zonalShiftConfig"],
        resourcesVpcConfig: {
          subnetIds: vpc?.subnetIds,
          securityGroupIds: vpc?.securityGroupIds,
          endpointPublicAccess: vpc?.endpointPublicAccess,
          endpointPrivateAccess: vpc?.endpointPrivateAccess,
          publicAccessCidrs: vpc?.publicAccessCidrs,
        },
        accessConfig: inputs["accessConfig"],
        kubernetesNetworkConfig: inputs["kubernetesNetworkConfig"],
        ...(inputs["encryptionConfig"] === undefined ? {} : { encryptionConfig: [inputs["encryptionConfig"]] }),
        ...(inputs["enabledClusterLogTypes"] === undefined
          ? {}
          : { logging: { clusterLogging: [{ types: inputs["enabledClusterLogTypes"], enabled: true }] } }),
        ...(Object.keys(tags).length > 0 ? { tags: { ...tags } } : {}),
      }),
    );
    return made.cluster!.name!;
  },
  async ready(aws, id) {
    const found = (await aws.eks.send(new eks.DescribeClusterCommand({ name: id }))).cluster;
    if (found?.status === "FAILED")
      throw new Error(
        `EKS cluster ${id} failed: ${(found.health?.issues ?? []).map((issue) => issue.message).join("; ")}`,
      );
    return found?.status === "ACTIVE";
  },
  async read(aws, id) {
    const found = (await orNull(aws.eks.send(new eks.DescribeClusterCommand({ name: id }))))?.cluster;
    if (found === undefined) return null;
    const vpc = found.resourcesVpcConfig;
    return {
      arn: found.arn,
      name: found.name,
      clusterId: "",
      createdAt: text(found.createdAt),
      endpoint: found.endpoint ?? "",
      platformVersion: found.platformVersion ?? "",
      status: found.status,
      version: found.version,
      roleArn: found.roleArn,
      certificateAuthority: { data: found.certificateAuthority?.data ?? "" },
      certificateAuthorities: [{ data: found.certificateAuthority?.data ?? "" }],
      identities: [{ oidcs: [{ issuer: found.identity?.oidc?.issuer ?? "" }] }],
      kubernetesNetworkConfig: {
        ipFamily: found.kubernetesNetworkConfig?.ipFamily ?? "ipv4",
        serviceIpv4Cidr: found.kubernetesNetworkConfig?.serviceIpv4Cidr ?? "",
        serviceIpv6Cidr: found.kubernetesNetworkConfig?.serviceIpv6Cidr ?? "",
      },
      accessConfig: {
        authenticationMode: found.accessConfig?.authenticationMode,
        bootstrapClusterCreatorAdminPermissions: found.accessConfig?.bootstrapClusterCreatorAdminPermissions ?? true,
      },
      vpcConfig: {
        clusterSecurityGroupId: vpc?.clusterSecurityGroupId ?? "",
        vpcId: vpc?.vpcId ?? "",
        subnetIds: vpc?.subnetIds ?? [],
        securityGroupIds: vpc?.securityGroupIds ?? [],
        endpointPublicAccess: vpc?.endpointPublicAccess ?? true,
        endpointPrivateAccess: vpc?.endpointPrivateAccess ?? false,
        publicAccessCidrs: vpc?.publicAccessCidrs ?? [],
      },
      upgradePolicy: { supportType: found.upgradePolicy?.supportType ?? "EXTENDED" },
      deletionProtection: found.deletionProtection ?? false,
      enabledClusterLogTypes: (found.logging?.clusterLogging ?? []).flatMap((one) =>
        one.enabled === true ? (one.types ?? []) : [],
      ),
      encryptionConfig: found.encryptionConfig?.[0],
      zonalShiftConfig: found.zonalShiftConfig,
      tagsAll: found.tags ?? {},
    };
  },
  async update(aws, id, inputs, olds, changed) {
    if (changed.has("version"))
      await finished(
        aws,
        id,
        (
          await aws.eks.send(
            new eks.UpdateClusterVersionCommand({
              name: id,
              version: inputs["version"],
              force: inputs["forceUpdateVersion"],
            }),
          )
        ).update,
      );
    const vpc = inputs["vpcConfig"];
    if (changed.has("vpcConfig"))
      await finished(
        aws,
        id,
        (
          await aws.eks.send(
            new eks.UpdateClusterConfigCommand({
              name: id,
              resourcesVpcConfig: {
                subnetIds: vpc?.subnetIds,
                securityGroupIds: vpc?.securityGroupIds,
                endpointPublicAccess: vpc?.endpointPublicAccess,
                endpointPrivateAccess: vpc?.endpointPrivateAccess,
                publicAccessCidrs: vpc?.publicAccessCidrs,
              },
            }),
          )
        ).update,
      );
    if (changed.has("accessConfig"))
      await finished(
        aws,
        id,
        (
          await aws.eks.send(
            new eks.UpdateClusterConfigCommand({
              name: id,
              accessConfig: { authenticationMode: inputs["accessConfig"]?.authenticationMode },
            }),
          )
        ).update,
      );
    if (changed.has("enabledClusterLogTypes")) {
      const off = (olds["enabledClusterLogTypes"] ?? []).filter(
        (type: string) => !(inputs["enabledClusterLogTypes"] ?? []).includes(type),
      );
      await finished(
        aws,
        id,
        (
          await aws.eks.send(
            new eks.UpdateClusterConfigCommand({
              name: id,
              logging: {
                clusterLogging: [
                  { types: inputs["enabledClusterLogTypes"] ?? [], enabled: true },
                  ...(off.length > 0 ? [{ types: off, enabled: false }] : []),
                ],
              },
            }),
          )
        ).update,
      );
    }
    for (const property of ["upgradePolicy", "zonalShiftConfig", "deletionProtection"] as const)
      if (changed.has(property))
        await finished(
          aws,
          id,
          (await aws.eks.send(new eks.UpdateClusterConfigCommand({ name: id, [property]: inputs[property] }))).update,
        );
  },
  tag: byArn("arn"),
  delete: (aws, id) => unlessGone(aws.eks.send(new eks.DeleteClusterCommand({ name: id }))),
};

/** The add-on tells their ARNs alone. */
async function addonAssociations(aws: AwsContext, { clusterName, podIdentityAssociations = [] }: eks.Addon) {
  const found = await Promise.all(
    podIdentityAssociations.map((arn) =>
      orNull(
        aws.eks.send(
          new eks.DescribePodIdentityAssociationCommand({ clusterName, associationId: arn.split("/").at(-1) }),
        ),
      ),
    ),
  );
  return found.flatMap((one) =>
    one?.association === undefined
      ? []
      : [{ roleArn: one.association.roleArn, serviceAccount: one.association.serviceAccount }],
  );
}

const addon: AwsResource = {
  token: "aws:eks/addon:Addon",
  inputs: [
    "clusterName",
    "addonName",
    "addonVersion",
    "configurationValues",
    "podIdentityAssociations",
    "preserve",
    "resolveConflictsOnCreate",
    "resolveConflictsOnUpdate",
    "serviceAccountRoleArn",
    "region",
    "tags",
  ],
  deleteBeforeReplace: () => true,
  taggable: true,
  timeoutSeconds: 1200,
  waitsForDeletion: true,
  async create(aws, inputs, tags) {
    await aws.eks.send(
      new eks.CreateAddonCommand({
        clusterName: inputs["clusterName"],
        addonName: inputs["addonName"],
        addonVersion: inputs["addonVersion"],
        configurationValues: inputs["configurationValues"],
        serviceAccountRoleArn: inputs["serviceAccountRoleArn"],
        podIdentityAssociations: inputs["podIdentityAssociations"],
        resolveConflicts: inputs["resolveConflictsOnCreate"],
        ...(Object.keys(tags).length > 0 ? { tags: { ...tags } } : {}),
      }),
    );
    return `${inputs["clusterName"]}:${inputs["addonName"]}`;
  },
  async ready(aws, _id, inputs) {
    const found = (
      await aws.eks.send(
        new eks.DescribeAddonCommand({ clusterName: inputs["clusterName"], addonName: inputs["addonName"] }),
      )
    ).addon;
    if (found?.status === "CREATE_FAILED" || found?.status === "UPDATE_FAILED")
      throw new Error(
        `add-on ${inputs["addonName"]}: ${found.status} ` +
          `${(found.health?.issues ?? []).map((issue) => issue.message).join("; ")}`,
      );
    // DEGRADED is an add-on without nodes to run on; the official provider waits for it too.
    return found?.status === "ACTIVE";
  },
  async read(aws, id) {
    const [clusterName, addonName] = id.split(":");
    const found = (await orNull(aws.eks.send(new eks.DescribeAddonCommand({ clusterName, addonName }))))?.addon;
    return found === undefined
      ? null
      : {
          clusterName: found.clusterName,
          addonName: found.addonName,
          configurationValues: found.configurationValues,
          serviceAccountRoleArn: found.serviceAccountRoleArn,
          podIdentityAssociations: await addonAssociations(aws, found),
          arn: found.addonArn,
          addonVersion: found.addonVersion,
          createdAt: text(found.createdAt),
          modifiedAt: text(found.modifiedAt),
          tagsAll: found.tags ?? {},
        };
  },
  async update(aws, _id, inputs, _olds, changed) {
    const sent = [
      "addonVersion",
      "configurationValues",
      "serviceAccountRoleArn",
      "podIdentityAssociations",
      "resolveConflictsOnUpdate",
    ];
    if (!sent.some((property) => changed.has(property))) return;
    const answer = await aws.eks.send(
      new eks.UpdateAddonCommand({
        clusterName: inputs["clusterName"],
        addonName: inputs["addonName"],
        addonVersion: inputs["addonVersion"],
        configurationValues: inputs["configurationValues"],
        serviceAccountRoleArn: inputs["serviceAccountRoleArn"],
        podIdentityAssociations: inputs["podIdentityAssociations"],
        resolveConflicts: inputs["resolveConflictsOnUpdate"],
      }),
    );
    await finished(aws, inputs["clusterName"], answer.update, { addonName: inputs["addonName"] });
  },
  tag: byArn("arn"),
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.eks.send(
        new eks.DeleteAddonCommand({
          clusterName: outputs["clusterName"],
          addonName: outputs["addonName"],
          preserve: outputs["preserve"],
        }),
      ),
    ),
};

/** The program writes NO_SCHEDULE as EKS does; only key, value, effect. */
const taints = (list: readonly Props[] | undefined) =>
  list?.map((taint) => ({ key: taint["key"], value: taint["value"], effect: taint["effect"] }));

const nodeGroup: AwsResource = {
  token: "aws:eks/nodeGroup:NodeGroup",
  inputs: [
    "clusterName",
    "nodeGroupName",
    "nodeRoleArn",
    "subnetIds",
    "scalingConfig",
    "amiType",
    "capacityType",
    "diskSize",
    "forceUpdateVersion",
    "instanceTypes",
    "labels",
    "launchTemplate",
    "nodeRepairConfig",
    "releaseVersion",
    "remoteAccess",
    "taints",
    "updateConfig",
    "version",
    "region",
    "tags",
  ],
  autoName: { property: "nodeGroupName", longest: 63 },
  taggable: true,
  timeoutSeconds: 3600,
  waitsForDeletion: true,
  async create(aws, inputs, tags) {
    await aws.eks.send(
      new eks.CreateNodegroupCommand({
        clusterName: inputs["clusterName"],
        nodegroupName: inputs["nodeGroupName"],
        nodeRole: inputs["nodeRoleArn"],
        subnets: inputs["subnetIds"],
        scalingConfig: inputs["scalingConfig"],
        amiType: inputs["amiType"],
        capacityType: inputs["capacityType"],
        diskSize: inputs["diskSize"],
        instanceTypes: inputs["instanceTypes"],
        labels: inputs["labels"],
        taints: taints(inputs["taints"]),
        launchTemplate: inputs["launchTemplate"],
        nodeRepairConfig: inputs["nodeRepairConfig"],
        releaseVersion: inputs["releaseVersion"],
        remoteAccess: inputs["remoteAccess"],
        updateConfig: inputs["updateConfig"],
        version: inputs["version"],
        ...(Object.keys(tags).length > 0 ? { tags: { ...tags } } : {}),
      }),
    );
    return `${inputs["clusterName"]}:${inputs["nodeGroupName"]}`;
  },
  async ready(aws, _id, inputs) {
    const found = (
      await aws.eks.send(
        new eks.DescribeNodegroupCommand({
          clusterName: inputs["clusterName"],
          nodegroupName: inputs["nodeGroupName"],
        }),
      )
    ).nodegroup;
    if (found?.status === "CREATE_FAILED" || found?.status === "DEGRADED")
      throw new Error(
        `node group ${inputs["nodeGroupName"]}: ${found.status} ` +
          `${(found.health?.issues ?? []).map((issue) => `${issue.code}: ${issue.message}`).join("; ")}`,
      );
    return found?.status === "ACTIVE";
  },
  async read(aws, id) {
    const [clusterName, nodegroupName] = id.split(":");
    const found = (await orNull(aws.eks.send(new eks.DescribeNodegroupCommand({ clusterName, nodegroupName }))))
      ?.nodegroup;
    if (found === undefined) return null;
    return {
      clusterName: found.clusterName,
      nodeGroupName: found.nodegroupName,
      nodeRoleArn: found.nodeRole,
      subnetIds: found.subnets ?? [],
      labels: found.labels ?? {},
      taints: taints(found.taints) ?? [],
      launchTemplate: found.launchTemplate,
      nodeRepairConfig: found.nodeRepairConfig,
      remoteAccess: found.remoteAccess,
      updateConfig: found.updateConfig,
      arn: found.nodegroupArn,
      status: found.status,
      version: found.version,
      releaseVersion: found.releaseVersion ?? "",
      amiType: found.amiType ?? "",
      capacityType: found.capacityType ?? "",
      diskSize: found.diskSize ?? 0,
      instanceTypes: found.instanceTypes ?? [],
      scalingConfig: {
        minSize: found.scalingConfig?.minSize,
        maxSize: found.scalingConfig?.maxSize,
        desiredSize: found.scalingConfig?.desiredSize,
      },
      resources: [
        {
          autoscalingGroups: (found.resources?.autoScalingGroups ?? []).map((group) => ({ name: group.name })),
          remoteAccessSecurityGroupId: found.resources?.remoteAccessSecurityGroup ?? "",
        },
      ],
      tagsAll: found.tags ?? {},
    };
  },
  async update(aws, _id, inputs, olds, changed) {
    const clusterName: string = inputs["clusterName"];
    const nodegroupName: string = inputs["nodeGroupName"];
    const wait = (update: eks.Update | undefined) => finished(aws, clusterName, update, { nodegroupName });
    if (
      ["labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig"].some((property) =>
        changed.has(property),
      )
    ) {
      const goneLabels = Object.keys(olds["labels"] ?? {}).filter((key) => inputs["labels"]?.[key] === undefined);
      const goneTaints = (olds["taints"] ?? []).filter(
        (taint: Props) =>
          !(inputs["taints"] ?? []).some(
            (other: Props) => other["key"] === taint["key"] && other["effect"] === taint["effect"],
          ),
      );
      await wait(
        (
          await aws.eks.send(
            new eks.UpdateNodegroupConfigCommand({
              clusterName,
              nodegroupName,
              ...(changed.has("scalingConfig") ? { scalingConfig: inputs["scalingConfig"] } : {}),
              ...(changed.has("updateConfig") ? { updateConfig: inputs["updateConfig"] } : {}),
              ...(changed.has("nodeRepairConfig") ? { nodeRepairConfig: inputs["nodeRepairConfig"] } : {}),
              ...(changed.has("labels")
                ? { labels: { addOrUpdateLabels: inputs["labels"] ?? {}, removeLabels: goneLabels } }
                : {}),
              ...(changed.has("taints")
                ? {
                    taints: {
                      addOrUpdateTaints: taints(inputs["taints"]) ?? [],
                      removeTaints: taints(goneTaints) ?? [],
                    },
                  }
                : {}),
            }),
          )
        ).update,
      );
    }
    if (["version", "releaseVersion", "launchTemplate"].some((property) => changed.has(property))) {
      await wait(
        (
          await aws.eks.send(
            new eks.UpdateNodegroupVersionCommand({
              clusterName,
              nodegroupName,
              force: inputs["forceUpdateVersion"],
              ...(changed.has("version") ? { version: inputs["version"] } : {}),
              ...(changed.has("releaseVersion") ? { releaseVersion: inputs["releaseVersion"] } : {}),
              ...(changed.has("launchTemplate") ? { launchTemplate: inputs["launchTemplate"] } : {}),
            }),
          )
        ).update,
      );
    }
  },
  tag: byArn("arn"),
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.eks.send(
        new eks.DeleteNodegroupCommand({
          clusterName: outputs["clusterName"],
          nodegroupName: outputs["nodeGroupName"],
        }),
      ),
    ),
};

const accessEntry: AwsResource = {
  token: "aws:eks/accessEntry:AccessEntry",
  inputs: ["clusterName", "principalArn", "kubernetesGroups", "type", "userName", "region", "tags"],
  deleteBeforeReplace: () => true,
  defaults: { type: "STANDARD" },
  taggable: true,
  async create(aws, inputs, tags) {
    await aws.eks.send(
      new eks.CreateAccessEntryCommand({
        clusterName: inputs["clusterName"],
        principalArn: inputs["principalArn"],
        kubernetesGroups: inputs["kubernetesGroups"],
        type: inputs["type"],
        username: inputs["userName"],
        ...(Object.keys(tags).length > 0 ? { tags: { ...tags } } : {}),
      }),
    );
    return `${inputs["clusterName"]}:${inputs["principalArn"]}`;
  },
  async read(aws, _id, inputs) {
    const found = (
      await orNull(
        aws.eks.send(
          new eks.DescribeAccessEntryCommand({
            clusterName: inputs["clusterName"],
            principalArn: inputs["principalArn"],
          }),
        ),
      )
    )?.accessEntry;
    return found === undefined
      ? null
      : {
          clusterName: found.clusterName,
          principalArn: found.principalArn,
          type: found.type,
          accessEntryArn: found.accessEntryArn,
          userName: found.username ?? "",
          kubernetesGroups: found.kubernetesGroups ?? [],
          createdAt: text(found.createdAt),
          modifiedAt: text(found.modifiedAt),
          tagsAll: found.tags ?? {},
        };
  },
  async update(aws, _id, inputs) {
    await aws.eks.send(
      new eks.UpdateAccessEntryCommand({
        clusterName: inputs["clusterName"],
        principalArn: inputs["principalArn"],
        kubernetesGroups: inputs["kubernetesGroups"],
        username: inputs["userName"],
      }),
    );
  },
  tag: byArn("accessEntryArn"),
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.eks.send(
        new eks.DeleteAccessEntryCommand({
          clusterName: outputs["clusterName"],
          principalArn: outputs["principalArn"],
        }),
      ),
    ),
};

const accessPolicyAssociation: AwsResource = {
  token: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  inputs: ["clusterName", "principalArn", "policyArn", "accessScope", "region"],
  deleteBeforeReplace: () => true,
  taggable: false,
  async create(aws, inputs) {
    await aws.eks.send(
      new eks.AssociateAccessPolicyCommand({
        clusterName: inputs["clusterName"],
        principalArn: inputs["principalArn"],
        policyArn: inputs["policyArn"],
        accessScope: { type: inputs["accessScope"].type, namespaces: inputs["accessScope"].namespaces },
      }),
    );
    return `${inputs["clusterName"]}#${inputs["principalArn"]}#${inputs["policyArn"]}`;
  },
  async read(aws, _id, inputs) {
    const list = await orNull(
      aws.eks.send(
        new eks.ListAssociatedAccessPoliciesCommand({
          clusterName: inputs["clusterName"],
          principalArn: inputs["principalArn"],
        }),
      ),
    );
    const found = list?.associatedAccessPolicies?.find((one) => one.policyArn === inputs["policyArn"]);
    return found === undefined
      ? null
      : {
          clusterName: inputs["clusterName"],
          principalArn: inputs["principalArn"],
          policyArn: found.policyArn,
          accessScope: { type: found.accessScope?.type, namespaces: found.accessScope?.namespaces ?? [] },
          associatedAt: text(found.associatedAt),
          modifiedAt: text(found.modifiedAt),
        };
  },
  delete: (aws, _id, outputs) =>
    unlessGone(
      aws.eks.send(
        new eks.DisassociateAccessPolicyCommand({
          clusterName: outputs["clusterName"],
          principalArn: outputs["principalArn"],
          policyArn: outputs["policyArn"],
        }),
      ),
    ),
};

const podIdentityAssociation: AwsResource = {
  token: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  inputs: [
    "clusterName",
    "namespace",
    "serviceAccount",
    "roleArn",
    "targetRoleArn",
    "disableSessionTags",
    "region",
    "tags",
  ],
  deleteBeforeReplace: () => true,
  taggable: true,
  async create(aws, inputs, tags) {
    const made = await aws.eks.send(
      new eks.CreatePodIdentityAssociationCommand({
        clusterName: inputs["clusterName"],
        namespace: inputs["namespace"],
        serviceAccount: inputs["serviceAccount"],
        roleArn: inputs["roleArn"],
        targetRoleArn: inputs["targetRoleArn"],
        disableSessionTags: inputs["disableSessionTags"],
        ...(Object.keys(tags).length > 0 ? { tags: { ...tags } } : {}),
      }),
    );
    return made.association!.associationId!;
  },
  async read(aws, id, inputs) {
    const found = (
      await orNull(
        aws.eks.send(
          new eks.DescribePodIdentityAssociationCommand({ clusterName: inputs["clusterName"], associationId: id }),
        ),
      )
    )?.association;
    return found === undefined
      ? null
      : {
          clusterName: found.clusterName,
          namespace: found.namespace,
          serviceAccount: found.serviceAccount,
          roleArn: found.roleArn,
          targetRoleArn: found.targetRoleArn,
          disableSessionTags: found.disableSessionTags ?? false,
          associationId: id,
          associationArn: found.associationArn,
          externalId: found.externalId ?? "",
          tagsAll: found.tags ?? {},
        };
  },
  async update(aws, id, inputs) {
    await aws.eks.send(
      new eks.UpdatePodIdentityAssociationCommand({
        clusterName: inputs["clusterName"],
        associationId: id,
        roleArn: inputs["roleArn"],
        targetRoleArn: inputs["targetRoleArn"],
        disableSessionTags: inputs["disableSessionTags"],
      }),
    );
  },
  tag: byArn("associationArn"),
  delete: (aws, id, outputs) =>
    unlessGone(
      aws.eks.send(
        new eks.DeletePodIdentityAssociationCommand({ clusterName: outputs["clusterName"], associationId: id }),
      ),
    ),
};

export const eksResources: readonly AwsResource[] = [
  cluster,
  addon,
  nodeGroup,
  accessEntry,
  accessPolicyAssociation,
  podIdentityAssociation,
];
