/** Managed node groups. */
import { randomUUID } from "node:crypto";
import { replaceNodes } from "./node-replacement";
import { launch, settle } from "./nodes";
import {
  activeCluster,
  type Cluster,
  type EksContext,
  epoch,
  inUse,
  invalid,
  type Json,
  listOf,
  type Nodegroup,
  notFound,
  objectOf,
  pageOf,
  requiredString,
  stringOf,
  tagsFrom,
  tagsOut,
  theCluster,
} from "./store";
import { carryOut, newUpdate, updateView } from "./updates";
import { checkVersion, minor } from "./versions";

interface Scaling {
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredSize: number;
}

function scalingOf(body: Json, before: Scaling): Scaling {
  const wanted = { ...before, ...objectOf(body, "scalingConfig") } as Scaling;
  if (
    ![wanted.minSize, wanted.maxSize, wanted.desiredSize].every((one) => Number.isInteger(one) && one >= 0) ||
    wanted.maxSize < 1
  )
    throw invalid("scalingConfig needs whole numbers, and a maxSize of at least 1");
  if (wanted.minSize > wanted.desiredSize)
    throw invalid(`Minimum capacity ${wanted.minSize} can't be greater than desired size ${wanted.desiredSize}`);
  if (wanted.desiredSize > wanted.maxSize)
    throw invalid(`desired capacity ${wanted.desiredSize} can't be greater than max size ${wanted.maxSize}`);
  return wanted;
}

const release = (version: string): string => `${version}.3-20260901`;
const scaling = (group: Nodegroup): Scaling => objectOf(group.body, "scalingConfig") as unknown as Scaling;

function theGroup(context: EksContext, clusterName: string, name: string): { cluster: Cluster; group: Nodegroup } {
  const cluster = theCluster(context, clusterName);
  const group = cluster.nodegroups.get(name);
  if (!group) throw notFound(`No node group found for name: ${name}.`, { clusterName, nodegroupName: name });
  return { cluster, group };
}

function checkSkew(version: string, cluster: Cluster): void {
  if (minor(checkVersion(version)) > minor(cluster.version))
    throw invalid(`Nodegroup Kubernetes version ${version} can't be newer than the cluster's ${cluster.version}`, {
      clusterName: cluster.name,
    });
  if (minor(cluster.version) - minor(version) > 3)
    throw invalid(`Nodegroup Kubernetes version ${version} is too old for the cluster's ${cluster.version}`, {
      clusterName: cluster.name,
    });
}

export async function createNodegroup(context: EksContext, clusterName: string, body: Json): Promise<Json> {
  const cluster = activeCluster(context, clusterName);
  const name = requiredString(body, "nodegroupName");
  if (cluster.nodegroups.has(name))
    throw inUse(`NodeGroup already exists with name ${name} and cluster name ${clusterName}`, {
      clusterName,
      nodegroupName: name,
    });
  requiredString(body, "nodeRole");
  if (listOf(body, "subnets").length === 0)
    throw invalid("Subnets cannot be empty", { clusterName, nodegroupName: name });
  const version = stringOf(body, "version") ?? cluster.version;
  checkSkew(version, cluster);
  const scalingConfig = scalingOf(body, { minSize: 1, maxSize: 2, desiredSize: 2 });
  await context.ec2.subnets(listOf(body, "subnets")).catch((error: unknown) => {
    throw invalid(`The subnets do not exist: ${(error as Error).message}`, { clusterName, nodegroupName: name });
  });
  const group: Nodegroup = {
    name,
    arn: `arn:aws:eks:${context.region}:${context.accountId}:nodegroup/${clusterName}/${name}/${randomUUID()}`,
    body: { updateConfig: { maxUnavailable: 1 }, ...body, scalingConfig },
    createdAt: Date.now(),
    modifiedAt: Date.now(),
    status: "CREATING",
    version,
    releaseVersion: stringOf(body, "releaseVersion") ?? release(version),
    nodes: [],
    issues: [],
    updates: new Map(),
    tags: tagsFrom(body),
  };
  cluster.nodegroups.set(name, group);
  void Promise.all([resize(context, cluster, group), context.wait(context.seconds.nodegroup)]).then(
    () => (group.status = "ACTIVE"),
    (error: unknown) => failed(context, group, "CREATE_FAILED", error),
  );
  return { nodegroup: view(clusterName, group) };
}

function failed(context: EksContext, group: Nodegroup, status: Nodegroup["status"], error: unknown): void {
  group.status = status;
  group.issues = [
    {
      code: "NodeCreationFailure",
      message: String((error as Error).message ?? error),
      resourceIds: group.nodes.map((one) => one.instanceId),
    },
  ];
  context.log({ event: "nodegroup-failed", nodegroup: group.name, status, message: String(error) });
}

/** As many nodes as asked for: the newest stay. */
async function resize(context: EksContext, cluster: Cluster, group: Nodegroup): Promise<void> {
  const { desiredSize } = scaling(group);
  const gone = group.nodes.slice(0, Math.max(0, group.nodes.length - desiredSize));
  const added = await launch(context, cluster, group, Math.max(0, desiredSize - group.nodes.length), group.version);
  group.nodes = [...group.nodes.slice(gone.length), ...added];
  await settle(context, cluster, gone);
}

const view = (clusterName: string, group: Nodegroup): Json => ({
  nodegroupName: group.name,
  nodegroupArn: group.arn,
  clusterName,
  version: group.version,
  releaseVersion: group.releaseVersion,
  createdAt: epoch(group.createdAt),
  modifiedAt: epoch(group.modifiedAt),
  status: group.status,
  capacityType: stringOf(group.body, "capacityType") ?? "ON_DEMAND",
  scalingConfig: group.body["scalingConfig"],
  instanceTypes: group.body["instanceTypes"] ?? ["t3.medium"],
  subnets: group.body["subnets"],
  amiType: stringOf(group.body, "amiType") ?? "AL2023_x86_64_STANDARD",
  nodeRole: group.body["nodeRole"],
  labels: objectOf(group.body, "labels"),
  taints: group.body["taints"] ?? [],
  resources: { autoScalingGroups: [{ name: `eks-${group.name}-${group.arn.split("/").pop() ?? ""}` }] },
  diskSize: group.body["launchTemplate"] ? undefined : (group.body["diskSize"] ?? 20),
  health: { issues: group.issues },
  updateConfig: group.body["updateConfig"],
  launchTemplate: group.body["launchTemplate"],
  remoteAccess: group.body["remoteAccess"],
  nodeRepairConfig: group.body["nodeRepairConfig"],
  tags: tagsOut(group.tags),
});

export const describeNodegroup = (context: EksContext, clusterName: string, name: string): Json => ({
  nodegroup: view(clusterName, theGroup(context, clusterName, name).group),
});

export function listNodegroups(context: EksContext, clusterName: string, query: URLSearchParams): Json {
  const { part, nextToken } = pageOf(query, [...theCluster(context, clusterName).nodegroups.keys()].sort());
  return { nodegroups: part, nextToken };
}

export function deleteNodegroup(context: EksContext, clusterName: string, name: string): Json {
  const { cluster, group } = theGroup(context, clusterName, name);
  if (group.status === "CREATING" || group.status === "UPDATING")
    throw inUse(`Nodegroup ${name} is currently in ${group.status} status`, { clusterName, nodegroupName: name });
  if (group.status === "DELETING") return { nodegroup: view(clusterName, group) };
  group.status = "DELETING";
  const gone = group.nodes;
  group.nodes = [];
  void Promise.all([settle(context, cluster, gone), context.wait(context.seconds.nodegroup)]).then(
    () => cluster.nodegroups.delete(name),
    (error: unknown) => {
      // They are still somebody's: a second delete shall find them.
      group.nodes = gone;
      failed(context, group, "DELETE_FAILED", error);
    },
  );
  return { nodegroup: view(clusterName, group) };
}

function updatable(group: Nodegroup, clusterName: string): void {
  if (group.status !== "ACTIVE")
    throw inUse(`Nodegroup ${group.name} cannot be updated as it is currently in ${group.status} state`, {
      clusterName,
      nodegroupName: group.name,
    });
}

export function updateNodegroupVersion(context: EksContext, clusterName: string, name: string, body: Json): Json {
  const { cluster, group } = theGroup(context, clusterName, name);
  updatable(group, clusterName);
  const version = stringOf(body, "version") ?? cluster.version;
  checkSkew(version, cluster);
  if (minor(version) < minor(group.version))
    throw invalid(`Nodegroup ${name} can't be downgraded from ${group.version} to ${version}`, {
      clusterName,
      nodegroupName: name,
    });
  const releaseVersion = stringOf(body, "releaseVersion") ?? release(version);
  const update = newUpdate(group.updates, "VersionUpdate", { Version: version, ReleaseVersion: releaseVersion });
  group.status = "UPDATING";
  if (body["launchTemplate"] !== undefined) group.body["launchTemplate"] = body["launchTemplate"];
  const removal = body["force"] === true ? "forced" : "within-budgets";
  carryOut(
    context,
    update,
    async () => {
      // Of an update that failed before, the nodes that it made stay; only what is still old goes.
      const old = group.version === version ? group.nodes : group.nodes.filter((one) => one.version !== version);
      await replaceNodes(context, cluster, group, { version, removal, old });
      await context.wait(context.seconds.nodegroup);
      Object.assign(group, { version, releaseVersion, modifiedAt: Date.now() });
    },
    () => (group.status = "ACTIVE"),
  );
  return { update: updateView(update) };
}

export function updateNodegroupConfig(context: EksContext, clusterName: string, name: string, body: Json): Json {
  const { cluster, group } = theGroup(context, clusterName, name);
  updatable(group, clusterName);
  const scalingConfig = scalingOf(body, scaling(group));
  const update = newUpdate(group.updates, "ConfigUpdate", {
    MinSize: String(scalingConfig.minSize),
    MaxSize: String(scalingConfig.maxSize),
    DesiredSize: String(scalingConfig.desiredSize),
  });
  group.status = "UPDATING";
  carryOut(
    context,
    update,
    async () => {
      const labels = objectOf(body, "labels");
      const kept = { ...objectOf(group.body, "labels"), ...objectOf(labels, "addOrUpdateLabels") };
      for (const key of listOf(labels, "removeLabels")) delete kept[key];
      Object.assign(
        group.body,
        { scalingConfig, labels: kept },
        body["updateConfig"] ? { updateConfig: body["updateConfig"] } : {},
      );
      await resize(context, cluster, group);
      group.modifiedAt = Date.now();
    },
    () => (group.status = "ACTIVE"),
  );
  return { update: updateView(update) };
}
