/**
 * A node group's update, phase by phase as EKS documents it: more nodes of the new version, the old ones marked,
 * emptied and ended, the size as before.
 */
import type { NodeRemoval, NodeSpec } from "../../contract";
import { NodeFailure } from "../../shared/errors";
import { launch, settle } from "./nodes";
import { type Cluster, type EksContext, type Json, type Nodegroup, objectOf } from "./store";

export interface Replacement {
  readonly version: string;
  readonly removal: NodeRemoval;
  readonly old: readonly NodeSpec[];
}

const whole = (body: Json, key: string): number | null =>
  typeof body[key] === "number" ? (body[key] as number) : null;

/** How many old nodes may be empty at once: `maxUnavailable`, or its percentage; 1 by default. */
function mostUnavailable(group: Nodegroup): number {
  const config = objectOf(group.body, "updateConfig");
  const percentage = whole(config, "maxUnavailablePercentage");
  return Math.max(
    1,
    whole(config, "maxUnavailable") ?? (percentage === null ? 1 : Math.ceil((group.nodes.length * percentage) / 100)),
  );
}

export async function replaceNodes(
  context: EksContext,
  cluster: Cluster,
  group: Nodegroup,
  { version, removal, old }: Replacement,
): Promise<void> {
  const names = new Set(old.map((one) => one.name));
  const desired = whole(objectOf(group.body, "scalingConfig"), "desiredSize") ?? old.length;
  const fresh = (): number => group.nodes.filter((one) => !names.has(one.name)).length;
  const batch = mostUnavailable(group);
  // "The larger of up to twice the number of availability zones, and maxUnavailable."
  const surge = Math.max(2 * new Set(old.map((one) => one.availabilityZone)).size, batch);
  await grow(context, cluster, group, Math.min(surge, desired - fresh()), version);
  group.nodes = group.nodes.map((one) => (names.has(one.name) ? { ...one, leaving: true } : one));
  for (
    let left = group.nodes.filter((one) => names.has(one.name));
    left.length > 0;
    left = group.nodes.filter((one) => names.has(one.name))
  ) {
    await end(context, cluster, group, left.slice(0, batch), removal);
    await grow(context, cluster, group, Math.min(batch, desired - fresh()), version);
  }
}

/** A node that never gets ready fails the update; it does not stay. */
async function grow(
  context: EksContext,
  cluster: Cluster,
  group: Nodegroup,
  count: number,
  version: string,
): Promise<void> {
  if (count <= 0) return;
  const added = await launch(context, cluster, group, count, version);
  group.nodes = [...group.nodes, ...added];
  try {
    await settle(context, cluster, []);
  } catch (error) {
    const names = added.map((one) => one.name);
    group.nodes = group.nodes.filter((one) => !names.includes(one.name));
    void settle(context, cluster, added).catch((late: unknown) =>
      context.log({ event: "nodes-left", nodes: names, message: String(late) }),
    );
    throw new NodeFailure(
      "NodeCreationFailure",
      `Couldn't proceed with upgrade process as new nodes are not joining node group ${group.name}: ` +
        `${String((error as Error).message ?? error)}`,
      names,
    );
  }
}

async function end(
  context: EksContext,
  cluster: Cluster,
  group: Nodegroup,
  nodes: readonly NodeSpec[],
  removal: NodeRemoval,
): Promise<void> {
  const before = group.nodes;
  group.nodes = before.filter((one) => !nodes.some((node) => node.name === one.name));
  try {
    await settle(context, cluster, nodes, removal);
  } catch (error) {
    // They are still there, with the pods that no budget lets go.
    group.nodes = before;
    await settle(context, cluster, []);
    throw error;
  }
}
