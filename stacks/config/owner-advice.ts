/**
 * What to write into the config once all load balancers were handed over; only what the config's own rules then accept.
 */
import { ConfigError, parseEnvironmentConfig } from ".";

const key = "eks-blue-green:loadBalancer";

/**
 * `values`: the whole config map of the environment's stack, which is valid as it is. Null: with owner `stack` it would
 * be refused (its services
 * are `existing`, or share listener ports or quotas that one load balancer does not have). It may go on saying
 * `service`: the record wins.
 */
export function ownerAdvice(values: Readonly<Record<string, string>>, environment: string): string | null {
  const { primary, ...rest } = JSON.parse(values[key] ?? "{}") as Record<string, unknown>;
  try {
    parseEnvironmentConfig({ ...values, [key]: JSON.stringify({ ...rest, owner: "stack" }) }, { environment });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return null;
  }
  return `set ${key}.owner to stack${primary === undefined ? "" : " and remove loadBalancer.primary"}`;
}
