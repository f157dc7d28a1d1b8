/** Whether the nodes of members that are upgraded in place can be replaced in the time that an update has. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { Step } from "../../stacks/record";
import type { Finding } from "../finding";

/**
 * Seconds until a new node runs pods and an old one is gone, beside the time that its pods take to end. An estimate:
 * EKS promises none.
 */
const nodeSeconds = 240;
/** The aws provider's own limit of a node group's update. */
const updateSeconds = 3600;

/**
 * EKS replaces the nodes of a managed node group one at a time, and each waits for its pods, which run through their
 * preStop though their
 * member is drained. Nothing is lost when that takes too long; but the rollout stops there.
 */
export function longNodeUpdates(
  config: Pick<EnvironmentConfig, "cluster" | "services" | "rollout">,
  steps: readonly Step[],
): Finding[] {
  const members = [
    ...new Set(steps.flatMap((step) => (step.type === "move" && step.kind === "upgrade" ? [step.member] : []))),
  ];
  const each = nodeSeconds + Math.max(0, ...config.services.map(({ preStopSeconds }) => preStopSeconds));
  const nodes = config.cluster.nodes.desiredSize;
  if (members.length === 0 || nodes * each <= updateSeconds) return [];
  const minutes = (seconds: number): number => Math.round(seconds / 60);
  return [
    {
      code: "EBG-PREFLIGHT",
      severity: "recommended",
      message:
        `EKS replaces the ${nodes} nodes of ${members.join(", ")} one at a time, each in about ${minutes(each)} ` +
        `min (its pods' preStop among it): about ${minutes(nodes * each)} min, and an update ends as failed after ` +
        `${minutes(updateSeconds)}`,
      remedy:
        "use fewer, larger nodes or rollout.strategy replace; if it stops there, nothing is lost (the member is " +
        "out of traffic): when `aws eks describe-nodegroup` says ACTIVE, run the same command again",
    },
  ];
}
