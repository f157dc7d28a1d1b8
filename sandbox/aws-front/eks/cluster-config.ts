/** UpdateClusterConfig: one kind of change at a time, each an update that takes its time. */
import { activeCluster, type EksContext, inUse, invalid, type Json, objectOf } from "./store";
import { carryOut, newUpdate, updateView } from "./updates";

/** Kinds of updates by the member that asks for one (EKS API, Update; 2026-12-01). */
const updateTypes: Readonly<Record<string, string>> = {
  accessConfig: "AccessConfigUpdate",
  logging: "LoggingUpdate",
  resourcesVpcConfig: "VpcConfigUpdate",
  upgradePolicy: "UpgradePolicyUpdate",
  zonalShiftConfig: "ZonalShiftConfigUpdate",
  deletionProtection: "DeletionProtectionUpdate",
};

/** EKS takes one kind of change at a time. */
function updateAsked(clusterName: string, body: Json): { readonly key: string; readonly type: string } {
  const asked = Object.entries(updateTypes).filter(([key]) => body[key] !== undefined && body[key] !== null);
  const [first] = asked;
  if (first === undefined) throw invalid("The type for cluster update was not provided.", { clusterName });
  if (asked.length > 1) throw invalid("Only one type of update can be allowed.", { clusterName });
  const [key, type] = first;
  return { key, type };
}

export function updateClusterConfig(context: EksContext, name: string, body: Json): Json {
  const cluster = activeCluster(context, name);
  if (cluster.status === "UPDATING")
    throw inUse(`Cannot UpdateClusterConfig because cluster ${name} currently has an update in progress`, {
      clusterName: name,
    });
  const { key, type } = updateAsked(name, body);
  const [vpc, access] = [objectOf(body, "resourcesVpcConfig"), objectOf(body, "accessConfig")];
  const params = key === "deletionProtection" ? { deletionProtection: body[key] } : { ...vpc, ...access };
  const update = newUpdate(
    cluster.updates,
    type,
    Object.fromEntries(
      Object.entries(params).map(([name, value]) => [
        `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        JSON.stringify(value),
      ]),
    ),
  );
  cluster.status = "UPDATING";
  carryOut(
    context,
    update,
    async () => {
      await context.wait(context.seconds.addon);
      cluster.vpc = { ...cluster.vpc, ...vpc };
      cluster.access = { ...cluster.access, ...access };
      const rest = Object.fromEntries(
        Object.entries(body).filter(([key]) =>
          ["logging", "upgradePolicy", "zonalShiftConfig", "deletionProtection"].includes(key),
        ),
      );
      cluster.body = { ...cluster.body, ...rest };
    },
    () => (cluster.status = "ACTIVE"),
  );
  return { update: updateView(update) };
}
