import { parseEnvironmentConfig, type EnvironmentConfig } from "../../stacks/config";
import type { Placement, Rollout, Step } from "../../stacks/record";
import { DriverError } from "../errors";
import { refuseRetiringPrimary } from "../environment/load-balancers";
import { knowing, type Family } from "../environment/state";
import { upgradeSteps } from "./upgrade-steps";

export interface UpgradePlan {
  readonly environment: string;
  readonly from: Placement;
  readonly wantedVersion: string;
  readonly strategy: "replace" | "cycle";
  /** What is left to do; none when nothing is. */
  readonly steps: readonly Step[];
  /** The rollout that is under way, which `upgrade` would go on with. */
  readonly underWay: Rollout | null;
}

/** @throws EBG-CONFIG with every problem of the config */
export function wantedConfig(values: Readonly<Record<string, string>>, environment: string): EnvironmentConfig {
  try {
    return parseEnvironmentConfig(values, { environment });
  } catch (error) {
    throw new DriverError(
      "EBG-CONFIG",
      error instanceof Error ? error.message : String(error),
      `correct Pulumi.${environment}.yaml`,
      error,
    );
  }
}

export function runPlan(family: Family, values: Readonly<Record<string, string>>): UpgradePlan {
  const config = wantedConfig(values, family.environment.environment);
  const record = knowing(family.record, config.members);
  const underWay = record.rollout;
  const common = { environment: family.environment.environment, from: record.placement, underWay };
  if (underWay !== null)
    return {
      ...common,
      wantedVersion: underWay.wantedVersion,
      strategy: underWay.strategy,
      steps: underWay.steps.slice(underWay.done),
    };
  const steps = upgradeSteps(record, config);
  refuseRetiringPrimary(record, config, steps, family.environment.environment);
  return { ...common, wantedVersion: config.kubernetesVersion, strategy: config.rollout.strategy, steps };
}
