/** Add-ons: records only. What they would run (kube-proxy, coredns …) the sandbox's nodes don't need. */
import { randomUUID } from "node:crypto";
import {
  activeCluster,
  type Addon,
  type EksContext,
  epoch,
  inUse,
  invalid,
  type Json,
  notFound,
  pageOf,
  requiredString,
  stringOf,
  tagsFrom,
  tagsOut,
  theCluster,
} from "./store";
import { carryOut, newUpdate, updateView } from "./updates";
import { versionsOf } from "./versions";

const view = (cluster: string, one: Addon): Json => ({
  addonName: one.name,
  clusterName: cluster,
  status: one.status,
  addonVersion: one.version,
  addonArn: one.arn,
  createdAt: epoch(one.createdAt),
  modifiedAt: epoch(one.modifiedAt),
  tags: tagsOut(one.tags),
  health: { issues: [] },
  serviceAccountRoleArn: one.body["serviceAccountRoleArn"],
  configurationValues: one.body["configurationValues"],
  podIdentityAssociations: [],
});

function theAddon(context: EksContext, cluster: string, name: string): Addon {
  const found = theCluster(context, cluster).addons.get(name);
  if (!found)
    throw notFound(`No addon: ${name} found in cluster: ${cluster}`, { clusterName: cluster, addonName: name });
  return found;
}

/**
 * AWS takes any version that it lists for the cluster's Kubernetes; the sandbox's list is short, so any version of the
 * right form is taken.
 */
function versionFor(name: string, kubernetes: string, wanted: string | undefined): string {
  const [standard] = versionsOf(name, kubernetes);
  if (wanted !== undefined && !/^v\d+\.\d+\.\d+-eksbuild\.\d+$/.test(wanted))
    throw invalid(`Addon version specified is not supported: ${wanted}`, { addonName: name });
  return wanted ?? standard ?? "";
}

export function createAddon(context: EksContext, clusterName: string, body: Json): Json {
  const cluster = activeCluster(context, clusterName);
  const name = requiredString(body, "addonName");
  if (cluster.addons.has(name)) throw inUse("Addon already exists.", { clusterName, addonName: name });
  const addon: Addon = {
    name,
    arn: `arn:aws:eks:${context.region}:${context.accountId}:addon/${clusterName}/${name}/${randomUUID()}`,
    createdAt: Date.now(),
    modifiedAt: Date.now(),
    status: "CREATING",
    version: versionFor(name, cluster.version, stringOf(body, "addonVersion")),
    body,
    updates: new Map(),
    tags: tagsFrom(body),
  };
  cluster.addons.set(name, addon);
  void context.wait(context.seconds.addon).then(() => {
    if (addon.status === "CREATING") addon.status = "ACTIVE";
  });
  return { addon: view(clusterName, addon) };
}

export const describeAddon = (context: EksContext, cluster: string, name: string): Json => ({
  addon: view(cluster, theAddon(context, cluster, name)),
});

export function listAddons(context: EksContext, cluster: string, query: URLSearchParams): Json {
  const { part, nextToken } = pageOf(query, [...theCluster(context, cluster).addons.keys()].sort());
  return { addons: part, nextToken };
}

export function updateAddon(context: EksContext, clusterName: string, name: string, body: Json): Json {
  const addon = theAddon(context, clusterName, name);
  if (addon.status !== "ACTIVE")
    throw inUse(`Addon ${name} cannot be updated as it is currently in ${addon.status} state`, {
      clusterName,
      addonName: name,
    });
  const version =
    stringOf(body, "addonVersion") === undefined
      ? addon.version
      : versionFor(name, theCluster(context, clusterName).version, stringOf(body, "addonVersion"));
  const update = newUpdate(addon.updates, "AddonUpdate", {
    AddonVersion: version,
    ResolveConflicts: stringOf(body, "resolveConflicts"),
  });
  addon.status = "UPDATING";
  carryOut(
    context,
    update,
    async () => {
      await context.wait(context.seconds.addon);
      Object.assign(addon, { version, body: { ...addon.body, ...body }, modifiedAt: Date.now() });
    },
    () => (addon.status = "ACTIVE"),
  );
  return { update: updateView(update) };
}

export function deleteAddon(context: EksContext, clusterName: string, name: string): Json {
  const addon = theAddon(context, clusterName, name);
  addon.status = "DELETING";
  void context.wait(context.seconds.addon / 4).then(() => context.clusters.get(clusterName)?.addons.delete(name));
  return { addon: view(clusterName, addon) };
}
