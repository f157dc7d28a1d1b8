/** Clusters and what belongs to them. Facts; read 2026-11-30. */
import {
  block,
  blockSet,
  byDefault,
  computed,
  kept,
  list,
  map,
  optional,
  region,
  replaces,
  required,
  set,
  tags,
  type Attribute,
  type ResourceFacts,
} from "./facts";

const enabled = { enabled: computed };
/** Came after the source that was read, and none of ours sets it: by the typings of 7.48.0. */
const later: Attribute = block(computed, {});

const placement = block(optional, { groupName: replaces(optional), spreadLevel: replaces(optional) });

const cluster: ResourceFacts = {
  source: "internal/service/eks/cluster.go",
  read: "57,712 characters, provider 6",
  attributes: {
    accessConfig: block(computed, {
      authenticationMode: computed,
      bootstrapClusterCreatorAdminPermissions: replaces(byDefault(true)),
    }),
    bootstrapSelfManagedAddons: kept(replaces(byDefault(true))),
    computeConfig: block(computed, { enabled: computed, nodePools: set(optional), nodeRoleArn: optional }),
    controlPlaneScalingConfig: block(computed, { tier: computed }),
    defaultAddonsToRemoves: list(optional),
    deletionProtection: computed,
    enabledClusterLogTypes: set(optional),
    encryptionConfig: block(optional, {
      provider: block(required, { keyArn: required }),
      resources: set(required),
    }),
    forceUpdateVersion: kept(optional),
    kubeApiServerConfig: later,
    kubeControllerManagerConfig: later,
    kubeSchedulerConfig: later,
    kubernetesNetworkConfig: block(computed, {
      elasticLoadBalancing: block(computed, enabled),
      ipFamily: replaces(computed),
      serviceIpv4Cidr: replaces(computed),
      serviceIpv6Cidr: { ...computed, presence: "read-only" },
    }),
    name: replaces(required),
    outpostConfig: block(optional, {
      controlPlaneInstanceType: replaces(required),
      controlPlanePlacement: placement,
      etcdInstanceType: replaces(optional),
      etcdPlacement: block(optional, { spreadLevel: replaces(optional) }),
      outpostArns: set(required),
    }),
    remoteNetworkConfig: block(optional, {
      remoteNodeNetworks: block(required, { cidrs: set(optional) }),
      remotePodNetworks: block(optional, { cidrs: set(optional) }),
    }),
    roleArn: replaces(required),
    storageConfig: block(computed, { blockStorage: block(optional, enabled) }),
    upgradePolicy: block(computed, { supportType: computed }),
    version: computed,
    vpcConfig: block(required, {
      // Newer than the source that was read: by the typings of 7.48.0.
      controlPlaneEgressMode: computed,
      clusterSecurityGroupId: { ...computed, presence: "read-only" },
      endpointPrivateAccess: byDefault(false),
      endpointPublicAccess: byDefault(true),
      publicAccessCidrs: set(computed),
      securityGroupIds: set(optional),
      subnetIds: set(required),
      vpcId: { ...computed, presence: "read-only" },
    }),
    zonalShiftConfig: block(optional, { enabled: optional }),
    ...region,
    ...tags,
  },
  replacedBy: (wanted, told) => [
    // Encryption can't be taken away again.
    ...(wanted["encryptionConfig"] === undefined && told["encryptionConfig"] !== undefined ? ["encryptionConfig"] : []),
    ...(told["computeConfig"]?.nodeRoleArn &&
    wanted["computeConfig"] !== undefined &&
    wanted["computeConfig"].nodeRoleArn !== told["computeConfig"].nodeRoleArn
      ? ["computeConfig"]
      : []),
  ],
};

const nodeGroup: ResourceFacts = {
  source: "internal/service/eks/node_group.go",
  read: "012e0a32f0686212f447447fd3d81c3d0ce256ad",
  attributes: {
    amiType: replaces(computed),
    capacityType: replaces(computed),
    clusterName: replaces(required),
    diskSize: replaces(computed),
    forceUpdateVersion: kept(optional),
    instanceTypes: replaces(list(computed)),
    labels: map(optional),
    launchTemplate: block(optional, { id: replaces(computed), name: replaces(computed), version: required }),
    nodeGroupName: replaces(computed),
    nodeGroupNamePrefix: replaces(computed),
    nodeRepairConfig: block(computed, {
      enabled: byDefault(false),
      maxParallelNodesRepairedCount: optional,
      maxParallelNodesRepairedPercentage: optional,
      maxUnhealthyNodeThresholdCount: optional,
      maxUnhealthyNodeThresholdPercentage: optional,
      nodeRepairConfigOverrides: blockSet(optional, {
        minRepairWaitTimeMins: required,
        nodeMonitoringCondition: required,
        nodeUnhealthyReason: required,
        repairAction: required,
      }),
    }),
    nodeRoleArn: replaces(required),
    releaseVersion: computed,
    remoteAccess: replaces(block(optional, { ec2SshKey: optional, sourceSecurityGroupIds: set(optional) })),
    scalingConfig: block(required, { desiredSize: required, maxSize: required, minSize: required }),
    subnetIds: replaces(set(required)),
    taints: blockSet(optional, { effect: required, key: required, value: optional }),
    // `updateStrategy` came after the source that was read: by the typings of 7.48.0.
    updateConfig: block(computed, {
      maxUnavailable: optional,
      maxUnavailablePercentage: optional,
      updateStrategy: computed,
    }),
    version: computed,
    warmPoolConfig: later,
    ...region,
    ...tags,
  },
};

const addon: ResourceFacts = {
  source: "internal/service/eks/addon.go",
  read: "00a35305dc1b297a6fcdecdfbba33f1e63c3da39",
  attributes: {
    addonName: replaces(required),
    addonVersion: computed,
    clusterName: replaces(required),
    configurationValues: computed,
    // Came after the source that was read: by the typings of 7.48.0.
    namespaceConfig: block(computed, { namespace: replaces(computed) }),
    podIdentityAssociations: blockSet(optional, { roleArn: required, serviceAccount: required }),
    preserve: kept(optional),
    resolveConflictsOnCreate: kept(optional),
    resolveConflictsOnUpdate: kept(optional),
    serviceAccountRoleArn: optional,
    ...region,
    ...tags,
  },
};

const accessEntry: ResourceFacts = {
  source: "internal/service/eks/access_entry.go",
  read: "01f431114674c27cf790fafb67ac274bf8f765e1",
  attributes: {
    clusterName: replaces(required),
    kubernetesGroups: set(computed),
    principalArn: replaces(required),
    type: replaces(byDefault("STANDARD")),
    userName: computed,
    ...region,
    ...tags,
  },
};

const accessPolicyAssociation: ResourceFacts = {
  source: "internal/service/eks/access_policy_association.go",
  read: null,
  attributes: {
    accessScope: replaces(block(required, { namespaces: set(optional), type: required })),
    clusterName: replaces(required),
    policyArn: replaces(required),
    principalArn: replaces(required),
    ...region,
  },
};

const podIdentityAssociation: ResourceFacts = {
  source: "internal/service/eks/pod_identity_association.go",
  read: "00a35305dc1b297a6fcdecdfbba33f1e63c3da39",
  framework: true,
  attributes: {
    clusterName: replaces(required),
    disableSessionTags: byDefault(false),
    namespace: replaces(required),
    // Came after the source that was read: by the typings of 7.48.0.
    policy: optional,
    roleArn: required,
    serviceAccount: replaces(required),
    targetRoleArn: optional,
    ...region,
    ...tags,
  },
};

export const eksFacts: Readonly<Record<string, ResourceFacts>> = {
  "aws:eks/cluster:Cluster": cluster,
  "aws:eks/nodeGroup:NodeGroup": nodeGroup,
  "aws:eks/addon:Addon": addon,
  "aws:eks/accessEntry:AccessEntry": accessEntry,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": accessPolicyAssociation,
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": podIdentityAssociation,
};
