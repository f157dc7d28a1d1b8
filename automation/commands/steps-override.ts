/** Steps of one run instead of the config's. Pure. */

import type { Rollout } from "../../stacks/record";

const key = "eks-blue-green:rollout";

/** Values of the config with these steps: they are checked as if the config said them. */
export function withSteps(
  values: Readonly<Record<string, string>>,
  steps: readonly number[] | undefined,
): Readonly<Record<string, string>> {
  if (steps === undefined) return values;
  let rollout: unknown;
  try {
    rollout = JSON.parse(values[key] ?? "{}");
  } catch {
    // What is wrong with it is said by whoever reads the config.
    return values;
  }
  if (typeof rollout !== "object" || rollout === null) return values;
  return { ...values, [key]: JSON.stringify({ ...rollout, steps }) };
}

/** What people who named steps are told when a rollout under way keeps those that it began with; null: nothing. */
export const stepsKept = (
  rollout: Pick<Rollout, "startedAt"> | null,
  steps: readonly number[] | undefined,
): string | null =>
  rollout === null || steps === undefined
    ? null
    : `--steps ${steps.join(",")} is not used: the rollout that is under way since ${rollout.startedAt} keeps the steps ` +
      "that it began with";
