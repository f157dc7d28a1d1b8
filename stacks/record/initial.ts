/** The record of an environment that was never deployed. */
import { isExternal } from "../config/target-groups";
import type { EnvironmentConfig } from "../config/types";
import { schemaOf } from "./schema";
import { fullShare } from "./serving";
import type { EnvironmentRecord, MemberPlacement } from "./types";

/** Where a member stands that has no resources. */
export const absent: MemberPlacement = { role: "absent", version: null, workload: "running" };

/**
 * The record of an environment that was never deployed: the first member active at the wanted version, the others
 * absent; with the
 * strategy `cycle`, which upgrades members in place, all of them active. Where somebody else deploys a workload, there
 * is none yet on a cluster that is new: who would be active stands by until it is admitted.
 */
export function initialRecord(
  config: Pick<EnvironmentConfig, "members" | "kubernetesVersion"> & {
    readonly rollout?: Pick<EnvironmentConfig["rollout"], "strategy">;
    readonly services?: EnvironmentConfig["services"];
    readonly traffic?: EnvironmentConfig["traffic"];
  },
): EnvironmentRecord {
  const placement: Record<string, MemberPlacement> = {};
  const role = config.services?.some(isExternal) === true ? "standby" : "active";
  const serving = role === "active" && config.traffic === "weighted" ? { share: fullShare } : {};
  config.members.forEach((member, index) => {
    placement[member] =
      index === 0 || config.rollout?.strategy === "cycle"
        ? { role, version: config.kubernetesVersion, workload: "running", ...serving }
        : absent;
  });
  const record = { placement, rollout: null, intent: null };
  return { schemaVersion: schemaOf(record), revision: 1, ...record };
}
