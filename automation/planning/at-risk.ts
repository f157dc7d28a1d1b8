/**
 * How many requests a member that turns out to be bad can get, while traffic goes to it step by step: its part of them,
 * for as long as it takes to see that and to take it away again. Pure.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { weightedRolloutOf } from "../../stacks/config/weighted-rollout";
import { partOf, type Placement, type Step } from "../../stacks/record";
import { usualSeconds } from "./duration";
import { raisedBy } from "./shares";
import { afterStep } from "./step-builder";

/** Of one step of a plan. */
export interface AtRisk {
  /** Index in the plan's steps. */
  readonly step: number;
  /** The member that gets more by this step. */
  readonly member: string;
  /** Its part of all requests from then on, 0 to 1. */
  readonly part: number;
  /**
   * From when it fails until no request reaches it any more, at most: it is seen, the weights of before are written,
   * and every node of the load balancer has followed.
   */
  readonly seconds: number;
}

/** So long something may look bad before a gate fails, unscaled: the tolerance `short` of a run's policy. */
const seenSeconds = 30;

/** Of each step that gives a member more of the requests; none where traffic is not weighted. */
export function atRisk(
  from: Placement,
  steps: readonly Step[],
  config: Pick<EnvironmentConfig, "rollout" | "loadBalancer">,
): AtRisk[] {
  const seconds =
    seenSeconds + usualSeconds.move + usualSeconds.readWeights + weightedRolloutOf(config).weightHoldSeconds;
  let placement = from;
  return steps.flatMap((step, index) => {
    placement = afterStep(placement, step);
    const now = placement;
    return raisedBy(step).map((member): AtRisk => ({ step: index, member, part: partOf(now, member) ?? 0, seconds }));
  });
}
