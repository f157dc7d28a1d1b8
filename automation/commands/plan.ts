import { parseEnvironmentConfig, type EnvironmentConfig, type HookPoint } from "../../stacks/config";
import { isExternal } from "../../stacks/config/target-groups";
import type { Placement, Rollout, RolloutCommand, Step } from "../../stacks/record";
import { DriverError } from "../errors";
import { refuseRetiringPrimary } from "../environment/load-balancers";
import { knowing, type Family } from "../environment/state";
import type { Finding } from "../finding";
import { halfShareFindings } from "../preflight/half-shares";
import { largerFindings } from "../preflight/larger-members";
import { outdatedMembers, type MadeDifference } from "../planning/outdated";
import { atRisk, type AtRisk } from "../planning/at-risk";
import { stepTimes, type StepTime } from "../planning/duration";
import { describeAsked } from "../text/command-line";
import { ownAround, type PlannedOwn } from "../planning/own-resources";
import { hooksAround } from "../planning/hooks";
import { stepsOf } from "./upgrade-steps";

/** What `upgrade` would do, or what is left of what is under way. */
export interface UpgradePlan {
  readonly environment: string;
  readonly from: Placement;
  readonly wantedVersion: string;
  readonly strategy: "replace" | "cycle";
  /** What is left to do; none when nothing is. */
  readonly steps: readonly Step[];
  /** How long each of `steps` takes on AWS, in the same order: estimates. */
  readonly times: readonly StepTime[];
  /** What to type to do it, as after `eks-blue-green`: `upgrade`, or what is under way. */
  readonly command: string;
  /** What there is to put in order when nothing else is. */
  readonly advice: readonly Finding[];
  /** The last step of a rollout waits for a person's approval, which no estimate has. */
  readonly asksForApproval: boolean;
  /**
   * Services whose workloads somebody else deploys: before a member is let in they are waited for, which no estimate
   * has. Absent: none, or nobody is let in.
   */
  readonly waitsForExternal?: readonly string[];
  /**
   * Members that were made with other settings than the config has now, of those that only a new member can have: they
   * are replaced like members of another version. Absent: none.
   */
  readonly outdated?: Readonly<Record<string, readonly MadeDifference[]>>;
  /**
   * Only where traffic is weighted: how many of the requests a member that turns out to be bad gets by each of `steps`
   * that gives it more. Absent: no step does.
   */
  readonly atRisk?: readonly AtRisk[];
  /** Commands of the config's `hooks` that are run around these steps. Absent: none. */
  readonly hooks?: readonly PlannedHook[];
  /** What these steps do with what your own program declares. Absent: it declares nothing. */
  readonly own?: readonly PlannedOwn[];
  /** The rollout that is under way, which `upgrade` would go on with. */
  readonly underWay: Rollout | null;
}

/** A hook of the user's own, with the step around which it is run. */
export interface PlannedHook {
  /** Index in `steps`. */
  readonly step: number;
  readonly name: string;
  readonly at: HookPoint;
  /** Empty: it is a webhook. */
  readonly command: readonly string[];
  /** Where the webhook goes. Absent: it is a command. */
  readonly webhook?: string;
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

/** `asked`: null, or an upgrade that makes members anew. */
export function runPlan(
  family: Family,
  values: Readonly<Record<string, string>>,
  asked: RolloutCommand | null = null,
): UpgradePlan {
  const { environment } = family.environment;
  const config = wantedConfig(values, environment);
  const record = knowing(family.record, config.members);
  const underWay = record.rollout;
  const of = (steps: readonly Step[], wantedVersion: string, strategy: UpgradePlan["strategy"]): UpgradePlan => ({
    environment,
    from: record.placement,
    wantedVersion,
    strategy,
    steps,
    times: stepTimes(steps, config),
    command: describeAsked(underWay === null ? asked : (underWay.command ?? null)),
    advice: [...halfShareFindings(record, environment), ...largerFindings(record, environment)],
    // Where pods of an external workload still run then, `automatic` asks as well.
    asksForApproval:
      (config.rollout.retire === "ask" || config.services.some(isExternal)) && steps.some((step) => isRetire(step)),
    ...waitsForExternal(steps, config),
    ...hooksOf(steps, config),
    ...ownOf(steps, family),
    ...riskOf(record.placement, steps, config),
    ...outdatedOf(family, config),
    underWay,
  });
  if (underWay !== null) return of(underWay.steps.slice(underWay.done), underWay.wantedVersion, underWay.strategy);
  const steps = stepsOf(asked, record, config, family);
  refuseRetiringPrimary(record, config, steps, environment);
  return of(steps, config.kubernetesVersion, config.rollout.strategy);
}

function ownOf(steps: readonly Step[], { members }: Family): Pick<UpgradePlan, "own"> {
  const own = ownAround(steps, members);
  return own.length === 0 ? {} : { own };
}

function hooksOf(steps: readonly Step[], { hooks = [] }: EnvironmentConfig): Pick<UpgradePlan, "hooks"> {
  const planned = steps.flatMap((step, index) =>
    step.type === "move"
      ? hooksAround(hooks, step.kind).map(({ name, at, command = [], webhook }): PlannedHook => ({
          step: index,
          name,
          at,
          command,
          ...(webhook === undefined ? {} : { webhook: webhook.url }),
        }))
      : [],
  );
  return planned.length === 0 ? {} : { hooks: planned };
}

function outdatedOf({ environment, members }: Family, config: EnvironmentConfig): Pick<UpgradePlan, "outdated"> {
  const outdated = outdatedMembers(config, environment, members);
  return Object.keys(outdated).length === 0 ? {} : { outdated };
}

function riskOf(from: Placement, steps: readonly Step[], config: EnvironmentConfig): Pick<UpgradePlan, "atRisk"> {
  const all = atRisk(from, steps, config);
  return all.length === 0 ? {} : { atRisk: all };
}

function waitsForExternal(
  steps: readonly Step[],
  { services }: EnvironmentConfig,
): Pick<UpgradePlan, "waitsForExternal"> {
  const names = services.filter(isExternal).map(({ name }) => name);
  const admits = steps.some((step) => step.type === "move" && step.kind === "admit");
  return admits && names.length > 0 ? { waitsForExternal: names } : {};
}

const isRetire = (step: Step): boolean => step.type === "move" && step.kind === "retire";
