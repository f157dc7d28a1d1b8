/** Weights of members' target groups in the action that forwards to them, purely. */
import type * as pulumi from "@pulumi/pulumi";
import { groupsPerAction, weights as limits } from "./aws-limits";
import { type Problem, wholeNumberProblems } from "./problems";

/** What both types of load balancer know of weighted traffic. */
export interface WeightedArgs {
  /**
   * By member, 1 to 5 of them: each service has a target group for each of these members, and a request goes to one of
   * them by weight. Whole numbers from 0 to 999, not all of them 0; what counts is a weight's part of the sum. A member
   * at 0 gets no request, and its targets are checked. Default: one target group for all members.
   */
  weights?: Record<string, number>;
  /**
   * True: what is deployed keeps its weights, whatever `weights` says. For updates that must not move traffic. Default
   * false.
   */
  keepWeights?: boolean;
  /** Members that are gone: their target groups are not protected, so that they can leave `weights`. Default none. */
  goneMembers?: string[];
}

export function weightProblems({ weights }: WeightedArgs): Problem[] {
  if (weights === undefined) return [];
  const members = Object.keys(weights);
  const problems = members.flatMap((member) =>
    wholeNumberProblems(
      `weights.${member}`,
      weights[member],
      limits.least,
      limits.most,
      "API reference TargetGroupTuple, 2026-11-30",
    ),
  );
  if (members.length === 0 || members.length > groupsPerAction.most)
    problems.push({
      path: "weights",
      value: members,
      rule: `must have 1 to ${groupsPerAction.most} members (${groupsPerAction.source})`,
      remedy: "Name the members; leave weights out for one target group that all members share",
    });
  else if (problems.length === 0 && members.every((member) => weights[member] === 0))
    problems.push({
      path: "weights",
      value: weights,
      rule: "must not all be 0: no request would go anywhere",
      remedy: "Give at least one member a weight, like 100",
    });
  return problems;
}

/** A target group, and whose it is; null: all members'. */
export interface Forwarded {
  readonly arn: pulumi.Output<string>;
  readonly member: string | null;
}

/** The one action that sends a request to one of these groups. Every weight is written out: AWS takes a missing one for 1. */
export function forwardAction(groups: readonly Forwarded[], weights: Readonly<Record<string, number>> | undefined) {
  const [only] = groups;
  if (weights === undefined || only?.member === null)
    return { type: "forward", ...(only === undefined ? {} : { targetGroupArn: only.arn }) };
  return {
    type: "forward",
    forward: {
      targetGroups: groups.map(({ arn, member }) => ({ arn, weight: weights[member ?? ""] ?? 0 })),
    },
  };
}
