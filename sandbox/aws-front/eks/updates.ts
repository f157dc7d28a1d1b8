/** Updates: what DescribeUpdate and ListUpdates show. */
import { randomUUID } from "node:crypto";
import { NodeFailure } from "../../shared/errors";
import { type EksContext, epoch, type Json, notFound, pageOf, theCluster, type Update } from "./store";

export function newUpdate(
  into: Map<string, Update>,
  type: string,
  params: Readonly<Record<string, string | undefined>>,
): Update {
  const update: Update = {
    id: randomUUID(),
    type,
    params: Object.entries(params).flatMap(([key, value]) => (value === undefined ? [] : [{ type: key, value }])),
    createdAt: Date.now(),
    status: "InProgress",
    errors: [],
  };
  into.set(update.id, update);
  return update;
}

export const updateView = (update: Update): Json => ({
  id: update.id,
  status: update.status,
  type: update.type,
  params: update.params,
  createdAt: epoch(update.createdAt),
  errors: update.errors,
});

/** Runs `work` and marks the update by how it ended; `after` runs in either case. */
export function carryOut(
  context: EksContext,
  update: Update,
  work: () => Promise<void>,
  after: (failed: boolean) => void,
): void {
  void work().then(
    () => {
      update.status = "Successful";
      after(false);
    },
    (error: unknown) => {
      update.status = "Failed";
      const known =
        error instanceof NodeFailure
          ? { errorCode: error.code, resourceIds: error.nodes }
          : { errorCode: "Unknown", resourceIds: [] };
      update.errors = [{ ...known, errorMessage: String((error as Error).message ?? error) }];
      context.log({ event: "eks-update-failed", id: update.id, type: update.type, message: String(error) });
      after(true);
    },
  );
}

function updatesOf(context: EksContext, name: string, query: URLSearchParams): Map<string, Update> {
  const cluster = theCluster(context, name);
  const [nodegroup, addon] = [query.get("nodegroupName"), query.get("addonName")];
  const found =
    nodegroup !== null
      ? cluster.nodegroups.get(nodegroup)?.updates
      : addon !== null
        ? cluster.addons.get(addon)?.updates
        : cluster.updates;
  if (!found)
    throw notFound(
      nodegroup !== null
        ? `No node group found for name: ${nodegroup}.`
        : `No addon: ${String(addon)} found in cluster: ${name}`,
    );
  return found;
}

export function describeUpdate(context: EksContext, name: string, id: string, query: URLSearchParams): Json {
  const update = updatesOf(context, name, query).get(id);
  if (!update) throw notFound(`No update found for ID: ${id}`);
  return { update: updateView(update) };
}

export function listUpdates(context: EksContext, name: string, query: URLSearchParams): Json {
  const { part, nextToken } = pageOf(query, [...updatesOf(context, name, query).keys()]);
  return { updateIds: part, nextToken };
}
