/** The steps of an `upgrade` that has not begun. Pure. */
import type { EnvironmentConfig } from "../../stacks/config";
import { boundMembers, type EnvironmentRecord, type RolloutCommand, type Step } from "../../stacks/record";
import type { Family } from "../environment/state";
import { standsByAt } from "../planning/cancel-rollout";
import { planCommand } from "../planning/member-commands";
import { outdatedMembers } from "../planning/outdated";
import { limitsOf, plan } from "../planning/replace";
import { impossible } from "../planning/step-builder";

type Made = Pick<Family, "environment" | "members">;

/** What `upgrade` would do from where the members stand. `made`: what they were made with. */
export function upgradeSteps({ placement }: EnvironmentRecord, config: EnvironmentConfig, made: Made): readonly Step[] {
  const { kubernetesVersion: version, members, rollout } = config;
  const limits = limitsOf(config);
  if (standsByAt(placement, version))
    return planCommand(placement, { name: "rollback", member: null, percent: null }, limits);
  return plan(placement, { version, members, outdated: outdatedOf(config, made) }, rollout.strategy, limits);
}

const outdatedOf = (config: EnvironmentConfig, { environment, members }: Made): string[] =>
  Object.keys(outdatedMembers(config, environment, members));

/**
 * An upgrade for which this member, or all that are bound, were made with other settings. `member` null: all.
 * @throws EBG-PLAN-IMPOSSIBLE for one that is not bound
 */
export function replaceSteps(
  { placement }: EnvironmentRecord,
  config: EnvironmentConfig,
  made: Made,
  member: string | null,
): readonly Step[] {
  const bound = boundMembers(placement);
  if (member !== null && !bound.includes(member))
    throw impossible(
      `${member} is not in traffic, so there is nothing that another member would replace`,
      `name one that is: ${bound.map((name) => `eks-blue-green upgrade --replace ${name}`).join("; ")}`,
    );
  const outdated = [...new Set([...outdatedOf(config, made), ...(member === null ? bound : [member])])];
  const { kubernetesVersion: version, members, rollout } = config;
  return plan(placement, { version, members, outdated }, rollout.strategy, limitsOf(config));
}

/** Of whatever is asked for; null: an upgrade. `dead`: members that serve nobody, as it is seen now. */
export function stepsOf(
  asked: RolloutCommand | null,
  record: EnvironmentRecord,
  config: EnvironmentConfig,
  made: Made,
  dead: readonly string[] = [],
): readonly Step[] {
  if (asked === null) return upgradeSteps(record, config, made);
  if (asked.name === "replace") return replaceSteps(record, config, made, asked.member);
  return planCommand(record.placement, asked, limitsOf(config), dead);
}
