/** The steps of an `upgrade` that has not begun. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentRecord, Step } from "../../stacks/record";
import { standsByAt } from "../planning/cancel-rollout";
import { planCommand } from "../planning/member-commands";
import { limitsOf, plan } from "../planning/replace";

/** What `upgrade` would do from where the members stand. */
export function upgradeSteps({ placement }: EnvironmentRecord, config: EnvironmentConfig): readonly Step[] {
  const { kubernetesVersion: version, members, rollout } = config;
  const limits = limitsOf(config);
  if (standsByAt(placement, version))
    return planCommand(placement, { name: "rollback", member: null, percent: null }, limits);
  return plan(placement, { version, members }, rollout.strategy, limits);
}
