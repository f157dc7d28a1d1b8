/**
 * The multi-cluster flag of every binding of the shared groups: one that lacks it evicts everybody else's targets
 * (docs/reference/controller-behaviour.md).
 */
import { kubectl } from "../text/kubectl";
import type { Binding } from "../ports";
import { failed, listing, notYet, type Decided } from "./gate-result";
import type { Observation } from "../observation/observe";
import { shell } from "../text/shell";

/** Turning it on loses no target. */
export const turnOn = (clusterName: string, { namespace, name }: Pick<Binding, "namespace" | "name">): string =>
  kubectl(clusterName) +
  shell` -n ${namespace} patch targetgroupbinding ${name} --type merge -p ` +
  `'{"spec":{"multiClusterTargetGroup":true}}'`;

export interface FlagProblem {
  readonly member: string;
  readonly binding: string;
  readonly message: string;
  readonly remedy: string;
}

export function flagProblems({ members, groupOf }: Observation): FlagProblem[] {
  return Object.values(members).flatMap((member) =>
    Object.entries(member.services).flatMap(([service, seen]) =>
      seen.bindings
        // In a group of its own a member has nobody to evict.
        .filter((binding) => !binding.multiCluster && (groupOf[service]?.member ?? null) === null)
        .map((binding) => ({
          member: member.name,
          binding: `${binding.namespace}/${binding.name}`,
          message:
            `TargetGroupBinding ${binding.namespace}/${binding.name} on ${member.name} binds the shared group of ` +
            `'${service}' without multiClusterTargetGroup: its controller would deregister the targets of every ` +
            "other member",
          remedy: turnOn(member.clusterName, binding),
        })),
    ),
  );
}

export function describeFlagProblems(problems: readonly FlagProblem[]): { message: string; remedy: string } {
  return {
    message: listing(
      problems.map((problem) => problem.message),
      3,
    ),
    remedy: problems[0]?.remedy ?? "",
  };
}

/** The gate's end when a binding lacks the flag; null when all have it. */
export function decideFlags(observation: Observation): Decided | null {
  const problems = flagProblems(observation);
  if (problems.length === 0) return null;
  const { message, remedy } = describeFlagProblems(problems);
  return notYet(failed("one-sided-flag", message, remedy));
}
