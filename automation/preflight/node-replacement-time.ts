/** Whether the nodes of members that are upgraded in place can be replaced in the time that EKS and an update give them. */
import { nodeDrain } from "../../components/internal/aws-limits";
import type { EnvironmentConfig } from "../../stacks/config";
import { nodePercentOf, nodesAt, type MemberMove, type Step } from "../../stacks/record";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";

/**
 * Seconds until a new node runs pods and an old one is gone, beside the time that its pods take to end. An estimate:
 * EKS promises none.
 */
const nodeSeconds = 240;
/** What a node's drain takes beside the preStop: evictions that wait for a budget, and the end of the process. */
const drainMarginSeconds = 120;
/** The aws provider's own limit of a node group's update. */
const updateSeconds = 3600;

type Config = Pick<EnvironmentConfig, "cluster" | "services" | "rollout">;

const minutes = (seconds: number): number => Math.round(seconds / 60);

/** As many as there may be: an autoscaler's are not the config's, and whoever carried others' load has more. */
const nodesOf = ({ nodes }: Config["cluster"], move: MemberMove): number =>
  nodes.autoscaled === true
    ? nodes.maxSize
    : nodesAt(nodes, Math.max(nodePercentOf(move.from), nodePercentOf(move.to)));

/**
 * EKS drains a node for so long and then ends the whole update (`PodEvictionFailure`); a second attempt ends in the same
 * way. In the middle of a rollout it is only told: what keeps it from going on is then the smaller harm.
 */
function endlessDrains({ services }: Config, names: readonly string[], underWay: boolean): Finding[] {
  const most = nodeDrain.seconds - drainMarginSeconds;
  const slow = services.filter(({ preStopSeconds }) => preStopSeconds > most);
  if (slow.length === 0) return [];
  return [
    {
      code: "EBG-PREFLIGHT",
      severity: underWay ? "recommended" : "required",
      message:
        `EKS gives each node of ${names.join(", ")} ${minutes(nodeDrain.seconds)} min to end its pods, and those of ` +
        `${listing(slow.map(({ name, preStopSeconds }) => `'${name}' take ${preStopSeconds} s`))} in their preStop ` +
        "alone: the upgrade in place would fail with PodEvictionFailure",
      remedy:
        `set services[].preStopSeconds to ${most} at most (eks-blue-green up), or rollout.strategy to replace, which ` +
        "makes a new member instead",
    },
  ];
}

/**
 * EKS replaces the nodes of a managed node group one at a time, and each waits for its pods, which run through their
 * preStop though their member is drained. Nothing is lost when that takes too long; but the rollout stops there.
 */
function longUpdates(config: Config, upgrades: readonly MemberMove[]): Finding[] {
  const each = nodeSeconds + Math.max(0, ...config.services.map(({ preStopSeconds }) => preStopSeconds));
  const long = upgrades.filter((move) => nodesOf(config.cluster, move) * each > updateSeconds);
  if (long.length === 0) return [];
  const nodes = Math.max(...long.map((move) => nodesOf(config.cluster, move)));
  const names = [...new Set(long.map(({ member }) => member))];
  return [
    {
      code: "EBG-PREFLIGHT",
      severity: "recommended",
      message:
        `EKS replaces the ${config.cluster.nodes.autoscaled === true ? "up to " : ""}${nodes} nodes of ` +
        `${names.join(", ")} one at a time, each in about ${minutes(each)} min (its pods' preStop among it): about ` +
        `${minutes(nodes * each)} min, and an update ends as failed after ${minutes(updateSeconds)}`,
      remedy:
        "use fewer, larger nodes or rollout.strategy replace; if it stops there, nothing is lost (the member is " +
        "out of traffic): when `aws eks describe-nodegroup` says ACTIVE, run the same command again",
    },
  ];
}

/** `underWay`: the rollout has begun. */
export function longNodeUpdates(config: Config, steps: readonly Step[], underWay = false): Finding[] {
  const upgrades = steps.flatMap((step) => (step.type === "move" && step.kind === "upgrade" ? [step] : []));
  if (upgrades.length === 0) return [];
  const names = [...new Set(upgrades.map(({ member }) => member))];
  return [...endlessDrains(config, names, underWay), ...longUpdates(config, upgrades)];
}
