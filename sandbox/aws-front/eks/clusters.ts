/**
 * Clusters: each is a real control plane, ready neither before AWS's scaled time nor before the control plane answers.
 */
import { randomBytes } from "node:crypto";
import { invalidRequest } from "../aws-error";
import { items, str, numbered } from "../ec2";
import { callerArn, clusterAdminPolicy, newEntry } from "./access";
import {
  activeCluster,
  type Cluster,
  type EksContext,
  epoch,
  inUse,
  invalid,
  type Json,
  listOf,
  objectOf,
  pageOf,
  requiredString,
  stringOf,
  tagsFrom,
  tagsOut,
  theCluster,
} from "./store";
import { carryOut, newUpdate, updateView } from "./updates";
import { checkVersion, minor, newest } from "./versions";
import { refuseZones } from "./zones";

/** `creator`: whom the new cluster's access entry is for; by default the sandbox's own identity. */
export async function createCluster(context: EksContext, body: Json, creator = callerArn(context)): Promise<Json> {
  const name = requiredString(body, "name");
  if (!/^[0-9A-Za-z][A-Za-z0-9-_]{0,99}$/.test(name))
    throw invalid(
      "The cluster name must begin with a letter or number, contain letters, numbers, hyphens and underscores " +
        "only, and have at most 100 characters",
      { clusterName: name },
    );
  if (context.clusters.has(name)) throw inUse(`Cluster already exists with name: ${name}`, { clusterName: name });
  const version = checkVersion(stringOf(body, "version") ?? newest);
  const roleArn = requiredString(body, "roleArn");
  const wanted = objectOf(body, "resourcesVpcConfig");
  const subnetIds = listOf(wanted, "subnetIds");
  const subnets =
    subnetIds.length > 0
      ? await context.ec2.subnets(subnetIds).catch((error: unknown) => {
          throw invalid(`The subnet ID does not exist: ${(error as Error).message}`, { clusterName: name });
        })
      : [];
  if (new Set(subnets.map((one) => one.zone)).size < 2)
    throw invalid("Subnets specified must be in at least two different AZs", { clusterName: name });
  if (new Set(subnets.map((one) => one.vpcId)).size > 1)
    throw invalid("Subnets specified belong to different VPCs", { clusterName: name });
  const vpcId = subnets[0]?.vpcId ?? "";
  await refuseZones(context, name, subnets);
  const accessConfig = objectOf(body, "accessConfig");
  const id = randomBytes(16).toString("hex").toUpperCase();
  const securityGroupId = await clusterSecurityGroup(context, name, vpcId);
  // EC2 was asked meanwhile; a second call of the same name may have come through.
  if (context.clusters.has(name)) {
    await context.ec2.call("DeleteSecurityGroup", { GroupId: securityGroupId });
    throw inUse(`Cluster already exists with name: ${name}`, { clusterName: name });
  }
  const cluster: Cluster = {
    name,
    id,
    arn: `arn:aws:eks:${context.region}:${context.accountId}:cluster/${name}`,
    createdAt: Date.now(),
    roleArn,
    vpcId,
    securityGroupId,
    status: "CREATING",
    version,
    platform: 1,
    endpoint: null,
    certificate: null,
    vpc: {
      subnetIds,
      securityGroupIds: listOf(wanted, "securityGroupIds"),
      endpointPublicAccess: wanted["endpointPublicAccess"] ?? true,
      endpointPrivateAccess: wanted["endpointPrivateAccess"] ?? false,
      publicAccessCidrs: wanted["publicAccessCidrs"] ?? ["0.0.0.0/0"],
    },
    access: {
      authenticationMode: stringOf(accessConfig, "authenticationMode") ?? "CONFIG_MAP",
      bootstrapClusterCreatorAdminPermissions: accessConfig["bootstrapClusterCreatorAdminPermissions"] ?? true,
    },
    body,
    issues: [],
    nodegroups: new Map(),
    addons: new Map(),
    entries: new Map(),
    identities: new Map(),
    updates: new Map(),
    tags: tagsFrom(body),
  };
  if (cluster.access["bootstrapClusterCreatorAdminPermissions"] === true)
    newEntry(context, cluster, creator, { policies: [clusterAdminPolicy] });
  context.clusters.set(name, cluster);
  void provision(context, cluster);
  return { cluster: clusterView(context, cluster) };
}

async function provision(context: EksContext, cluster: Cluster): Promise<void> {
  try {
    const [made] = await Promise.all([
      context.backend.createControlPlane(cluster.name, cluster.version),
      context.wait(context.seconds.cluster),
    ]);
    Object.assign(cluster, { endpoint: made.endpoint, certificate: made.certificateAuthorityData, status: "ACTIVE" });
  } catch (error) {
    cluster.status = "FAILED";
    cluster.issues = [
      { code: "InternalFailure", message: String((error as Error).message ?? error), resourceIds: [cluster.name] },
    ];
    context.log({ event: "control-plane-failed", cluster: cluster.name, message: String(error) });
  }
}

/** The group that EKS makes by itself: traffic inside the group, and everything out. */
async function clusterSecurityGroup(context: EksContext, name: string, vpcId: string): Promise<string> {
  const tags = {
    "aws:eks:cluster-name": name,
    [`kubernetes.io/cluster/${name}`]: "owned",
    Name: `eks-cluster-sg-${name}`,
  };
  const answer = await context.ec2.call("CreateSecurityGroup", {
    GroupName: `eks-cluster-sg-${name}-${randomBytes(5).readUIntBE(0, 5) % 1e10}`,
    GroupDescription:
      "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as " +
      "any managed workloads.",
    VpcId: vpcId,
  });
  const groupId = str(answer, "groupId");
  await context.ec2.call("AuthorizeSecurityGroupIngress", {
    GroupId: groupId,
    "IpPermissions.1.IpProtocol": "-1",
    "IpPermissions.1.Groups.1.GroupId": groupId,
  });
  // moto refuses tag keys of aws: as AWS does for callers; EKS itself may set them.
  const own = Object.entries(tags).filter(([key]) => !key.startsWith("aws:"));
  await context.ec2.call("CreateTags", {
    "ResourceId.1": groupId,
    ...Object.fromEntries(
      own.flatMap(([key, value], index) => [
        [`Tag.${index + 1}.Key`, key],
        [`Tag.${index + 1}.Value`, value],
      ]),
    ),
  });
  const groups = await context.ec2.call("DescribeSecurityGroups", numbered("GroupId", [groupId]));
  if (
    !items(items(groups["securityGroupInfo"])[0]?.["ipPermissionsEgress"]).some(
      (one) => str(one, "ipProtocol") === "-1",
    )
  )
    await context.ec2.call("AuthorizeSecurityGroupEgress", {
      GroupId: groupId,
      "IpPermissions.1.IpProtocol": "-1",
      "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0",
    });
  return groupId;
}

export function clusterView(context: EksContext, cluster: Cluster): Json {
  const ready = cluster.endpoint !== null;
  return {
    name: cluster.name,
    arn: cluster.arn,
    createdAt: epoch(cluster.createdAt),
    version: cluster.version,
    roleArn: cluster.roleArn,
    status: cluster.status,
    platformVersion: `eks.${cluster.platform}`,
    tags: tagsOut(cluster.tags),
    ...(ready
      ? { endpoint: cluster.endpoint, certificateAuthority: { data: cluster.certificate } }
      : { certificateAuthority: {} }),
    identity: ready
      ? { oidc: { issuer: `https://oidc.eks.${context.region}.amazonaws.com/id/${cluster.id}` } }
      : undefined,
    resourcesVpcConfig: { ...cluster.vpc, clusterSecurityGroupId: cluster.securityGroupId, vpcId: cluster.vpcId },
    kubernetesNetworkConfig: {
      serviceIpv4Cidr: "172.20.0.0/16",
      ipFamily: "ipv4",
      elasticLoadBalancing: { enabled: false },
      ...objectOf(cluster.body, "kubernetesNetworkConfig"),
    },
    accessConfig: cluster.access,
    logging: objectOf(cluster.body, "logging"),
    encryptionConfig: cluster.body["encryptionConfig"] ?? [],
    health: { issues: cluster.issues },
    upgradePolicy: { supportType: "EXTENDED", ...objectOf(cluster.body, "upgradePolicy") },
    zonalShiftConfig: objectOf(cluster.body, "zonalShiftConfig"),
    deletionProtection: cluster.body["deletionProtection"] === true,
  };
}

export const describeCluster = (context: EksContext, name: string): Json => ({
  cluster: clusterView(context, theCluster(context, name)),
});

export function listClusters(context: EksContext, query: URLSearchParams): Json {
  const { part, nextToken } = pageOf(query, [...context.clusters.keys()].sort());
  return { clusters: part, nextToken };
}

export function deleteCluster(context: EksContext, name: string): Json {
  const cluster = theCluster(context, name);
  if (cluster.nodegroups.size > 0)
    throw inUse("Cluster has nodegroups attached", {
      clusterName: name,
      nodegroupName: [...cluster.nodegroups.keys()][0],
    });
  if (cluster.status === "CREATING" || cluster.status === "UPDATING")
    throw inUse(`Cluster ${name} is currently in ${cluster.status} status`, { clusterName: name });
  if (cluster.status === "DELETING") return { cluster: clusterView(context, cluster) };
  // Of one that failed EKS does not mind it (user guide, deletion-protection; 2026-12-01).
  if (cluster.status === "ACTIVE" && cluster.body["deletionProtection"] === true) throw protectedCluster(name);
  cluster.status = "DELETING";
  void Promise.all([context.backend.deleteControlPlane(name), context.wait(context.seconds.clusterDelete)]).then(
    async () => {
      context.clusters.delete(name);
      await context.ec2
        .call("DeleteSecurityGroup", { GroupId: cluster.securityGroupId })
        .catch((error: unknown) =>
          context.log({ event: "cluster-security-group-left", group: cluster.securityGroupId, message: String(error) }),
        );
    },
    (error: unknown) => {
      cluster.status = "FAILED";
      cluster.issues = [{ code: "InternalFailure", message: String(error), resourceIds: [name] }];
    },
  );
  return { cluster: clusterView(context, cluster) };
}

/** The code is the user guide's (deletion-protection; 2026-12-01); it does not tell the words. */
const protectedCluster = (name: string): Error =>
  invalidRequest(`Cluster ${name} cannot be deleted because deletion protection is enabled`, { clusterName: name });

export function updateClusterVersion(context: EksContext, name: string, body: Json): Json {
  const cluster = activeCluster(context, name);
  if (cluster.status === "UPDATING")
    throw inUse(`Cannot UpdateClusterVersion because cluster ${name} currently has an update in progress`, {
      clusterName: name,
    });
  const version = checkVersion(requiredString(body, "version"));
  const step = minor(version) - minor(cluster.version);
  if (step === 0)
    throw invalid(`Cluster is already at the desired configuration with version: ${version}`, { clusterName: name });
  if (step !== 1)
    throw invalid(`Unsupported Kubernetes minor version update from ${cluster.version} to ${version}`, {
      clusterName: name,
    });
  const behind = [...cluster.nodegroups.values()].find((group) => minor(version) - minor(group.version) > 3);
  if (behind)
    throw invalid(
      `Nodegroups ${behind.name} must be updated to match cluster version ${cluster.version} before updating ` +
        "cluster version",
      { clusterName: name },
    );
  const update = newUpdate(cluster.updates, "VersionUpdate", { Version: version, PlatformVersion: "eks.1" });
  cluster.status = "UPDATING";
  carryOut(
    context,
    update,
    async () => {
      await Promise.all([context.backend.upgradeControlPlane(name, version), context.wait(context.seconds.upgrade)]);
      Object.assign(cluster, { version, platform: 1 });
    },
    () => (cluster.status = "ACTIVE"),
  );
  return { update: updateView(update) };
}
