/**
 * How long steps take on AWS, for people who book a time for it. Estimates: what the config sets (holds, bakes, preStop)
 * is known, EKS promises none of its own times. Pure.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { weightedRolloutOf } from "../../stacks/config/weighted-rollout";
import { capacityOf, nodePercentOf, type MemberMove, type Move, type Step } from "../../stacks/record";

/** Seconds that EKS and its nodes usually take, rather more than less (docs/reference/aws-behaviour.md). */
export const usualSeconds = {
  makeCluster: 16 * 60,
  makeNodes: 240,
  upgradeControlPlane: 12 * 60,
  /** One node of a group is replaced, without the time that its pods take to end. */
  replaceNode: 240,
  deleteCluster: 15 * 60,
  /** Pods are started and found healthy by the load balancer. */
  startPods: 60,
  /** Weights are read back from AWS, twice. */
  readWeights: 15,
  /** A move's previews, updates of stacks and looks. */
  move: 30,
} as const;

/** How long a step usually takes: EKS's usual times and the config's holds, not a promise. */
export interface StepTime {
  readonly seconds: number;
  /** What most of it is; an empty text when the step's name says it. */
  readonly what: string;
}

type Config = Pick<EnvironmentConfig, "cluster" | "services" | "rollout" | "loadBalancer">;

const longest = (values: readonly number[]): number => Math.max(0, ...values);

function scaleTime({ from, to }: MemberMove, config: Config): StepTime {
  const hold = config.rollout.propagationHoldSeconds;
  const nodes = nodePercentOf(to) > nodePercentOf(from) ? usualSeconds.makeNodes : 0;
  const end = longest(config.services.map(({ preStopSeconds }) => preStopSeconds));
  if (to.workload === "stopped") return { seconds: end, what: "pods run their preStop" };
  if (capacityOf(to) > capacityOf(from) && to.role === "active")
    return { seconds: nodes + usualSeconds.startPods + hold, what: "new nodes and pods, then the hold" };
  if (capacityOf(to) < capacityOf(from)) return { seconds: end, what: "pods run their preStop" };
  return { seconds: nodes + usualSeconds.startPods, what: nodes > 0 ? "new nodes and pods" : "" };
}

function moveTime(move: Move, config: Config): StepTime {
  const { propagationHoldSeconds: hold } = config.rollout;
  const { desiredSize } = config.cluster.nodes;
  const preStop = longest(config.services.map(({ preStopSeconds }) => preStopSeconds));
  switch (move.kind) {
    case "provision":
      return {
        seconds: usualSeconds.makeCluster + usualSeconds.makeNodes + usualSeconds.startPods,
        what: "EKS makes a cluster and its nodes",
      };
    case "admit":
      return { seconds: usualSeconds.startPods + hold, what: "targets become healthy, then the hold" };
    case "drain": {
      const delay = longest(config.services.map(({ deregistrationDelaySeconds }) => deregistrationDelaySeconds));
      return delay > hold ? { seconds: delay, what: "the deregistration delay" } : { seconds: hold, what: "the hold" };
    }
    case "upgrade":
      return {
        seconds: usualSeconds.upgradeControlPlane + desiredSize * (usualSeconds.replaceNode + preStop),
        what: `EKS upgrades the control plane, then ${desiredSize} nodes one by one`,
      };
    case "scale":
      return scaleTime(move, config);
    case "shift":
      return {
        seconds: usualSeconds.readWeights + weightedRolloutOf(config).weightHoldSeconds,
        what: "the load balancer's nodes follow",
      };
    case "retire":
      return { seconds: usualSeconds.deleteCluster, what: "EKS deletes the cluster" };
    default:
      return move satisfies never;
  }
}

/** Of each step, in the same order. */
export const stepTimes = (steps: readonly Step[], config: Config): StepTime[] =>
  steps.map((step) => {
    if (step.type === "bake") return { seconds: step.seconds, what: "" };
    const { seconds, what } = moveTime(step, config);
    return { seconds: seconds + usualSeconds.move, what };
  });
