/** What of the config is not deployed yet, though members are made of it. */
import type { EnvironmentConfig } from "../../stacks/config";
import { configDifferences } from "../../stacks/config/differences";
import { ownerOf } from "../../stacks/config/target-groups";

/**
 * Paths of the config whose values members would get with the next update of the environment, which every move begins
 * with: a preview of a member reads what is deployed and sees nothing of them. The declarations of the keys say who
 * reads each; what a rollout is there to change, and what the driver alone reads, is not among them. Of a member that
 * is not deployed nothing is either.
 */
export function undeployed(deployed: EnvironmentConfig, wanted: EnvironmentConfig): string[] {
  const isService = ownerOf(deployed) === "service";
  const added = wanted.members.filter((member) => !deployed.members.includes(member));
  return configDifferences(deployed, wanted)
    .filter(({ readBy }) => readBy.includes("members") || (isService && readBy.includes("primary")))
    .map(({ named }) => named)
    .filter((path) => !added.some((member) => path.startsWith(`memberClusters.${member}`)))
    .sort();
}
