/** How a rollout goes where traffic is weighted: `rollout` of the config, with its defaults. Pure. */
import { weightLagSeconds } from "../../components/internal/aws-limits";
import { typeOf } from "./listeners";
import type { EnvironmentConfig } from "./types";

export interface WeightedRollout {
  /** Percents of what moves, ascending; the last is 100. */
  readonly steps: readonly number[];
  /** How long each step but the last is looked at. */
  readonly stepSeconds: number;
  /** How long the load balancer may still route by its former weights after it shows the new ones. */
  readonly weightHoldSeconds: number;
}

export function weightedRolloutOf(config: Pick<EnvironmentConfig, "rollout" | "loadBalancer">): WeightedRollout {
  const { steps, stepSeconds, weightHoldSeconds } = config.rollout;
  return {
    steps: steps ?? [10, 50, 100],
    stepSeconds: stepSeconds ?? 300,
    weightHoldSeconds: weightHoldSeconds ?? weightLagSeconds[typeOf(config)],
  };
}
