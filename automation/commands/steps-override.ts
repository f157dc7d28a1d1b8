/** Steps of one run instead of the config's. Pure. */

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
