/** The steps of an `upgrade` that has not begun. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { EnvironmentRecord, Step } from "../../stacks/record";
import type { Family } from "../environment/state";
import { standsByAt } from "../planning/cancel-rollout";
import { planCommand } from "../planning/member-commands";
import { outdatedMembers } from "../planning/outdated";
import { limitsOf, plan } from "../planning/replace";

/** What `upgrade` would do from where the members stand. `made`: what they were made with. */
export function upgradeSteps(
  { placement }: EnvironmentRecord,
  config: EnvironmentConfig,
  made: Pick<Family, "environment" | "members">,
): readonly Step[] {
  const { kubernetesVersion: version, members, rollout } = config;
  const limits = limitsOf(config);
  if (standsByAt(placement, version))
    return planCommand(placement, { name: "rollback", member: null, percent: null }, limits);
  const outdated = Object.keys(outdatedMembers(config, made.environment, made.members));
  return plan(placement, { version, members, outdated }, rollout.strategy, limits);
}
