/** `upgrade` and the commands on one member: preflight, then the rollout that the record has, or a new one. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { RolloutCommand, Step } from "../../stacks/record";
import { DriverError } from "../errors";
import { refuseRetiringPrimary } from "../environment/load-balancers";
import { refuseForeignProvision, refuseForeignStacks } from "../environment/member-stack";
import { knowing, readFamily, refuseOlderRecord, type Family } from "../environment/state";
import { learnOwners } from "../observation/target-owners";
import { largerThanNeeded } from "../planning/capacity";
import type { Ports } from "../ports";
import { goesBack, stepsAhead } from "../preflight/moves-ahead";
import { preflight } from "../preflight/preflight";
import { withHooksByHand } from "../rollout/hooks";
import { runRollout, type RolloutResult } from "../rollout/rollout";
import { Session } from "../rollout/session";
import type { SessionOptions } from "../rollout/session-options";
import { typed } from "../text/command-line";
import { largerMessage, largerRemedy } from "../text/larger";
import { refuseDuringAdoption } from "./adopt";
import { begin, heldUpgrade } from "./begin-rollout";
import { cutShort, mayCutShort } from "./empty-instead";
import { deadMembers } from "./dead-members";
import { refuseDuringEvacuation } from "./evacuate";
import { nothingToDo } from "./nothing-to-do";
import { wantedConfig } from "./plan";
import { rememberingHalt } from "./remember-halt";
import { asAsked, refuseOthers, turnAround } from "./resume";
import { report, settledFamily } from "./settle-stacks";
import { stepsKept } from "./steps-override";
import { stepsOf } from "./upgrade-steps";

export interface UpgradeRun extends SessionOptions {
  readonly environment: string;
  /** Lifts the hold of a version that was rolled back. Default false. */
  readonly retryVersion?: boolean;
  /** Those of `--steps`, which `values` have already: only for what is told. Absent: the config's. */
  readonly steps?: readonly number[];
}

/** What is asked for: `upgrade` (null), or planned work. */
export type Asked = RolloutCommand | null;

/** The family that may be acted on, or why not: settled, its record the newest, nothing else under way. */
async function familyToAct(ports: Ports, run: UpgradeRun, asked: Asked): Promise<Family> {
  const found = await readFamily(ports, run.environment);
  if (!mayCutShort(found.record, asked)) refuseOthers(found.record, asked, run.environment);
  const family = await settledFamily(ports, run, found);
  await refuseOlderRecord(ports, family, run.environment);
  refuseDuringAdoption(family.record, run.environment);
  refuseDuringEvacuation(family.record, run.environment);
  if (family.record.rollout?.command?.name === "teardown")
    throw new DriverError(
      "EBG-TEARDOWN",
      `${run.environment} is being torn down, since ${family.record.rollout.startedAt}`,
      `finish it: ${typed(run.environment, "teardown")}`,
    );
  return family;
}

/** Stacks that would be made must be free. Going back, whoever asks for it, needs nothing of one that is not ours. */
async function refuseForeign(
  ports: Ports,
  { record, foreign }: Family,
  asked: Asked,
  {
    wanted,
    steps,
    environment,
  }: { readonly wanted: string; readonly steps: readonly Step[]; readonly environment: string },
): Promise<void> {
  if (goesBack(record, asked, wanted)) return;
  refuseForeignProvision(record, foreign, environment);
  await refuseForeignStacks(ports.pulumi, environment, stepsAhead(record, steps, asked, wanted));
}

/** What is left larger than configured is named at the end; who asked for that size knows it. */
function withLarger(session: Session, asked: Asked, result: RolloutResult): RolloutResult {
  const larger = largerThanNeeded(result.placement);
  if (result.outcome !== "done" || result.remedy !== null || asked?.name === "scale" || larger.length === 0)
    return result;
  const { environment } = session.environment;
  return {
    ...result,
    remedy: `${largerMessage(larger, result.placement)}: ${largerRemedy(larger, environment)}`,
  };
}

/** Goes on with the same command's rollout, turns any around, or begins a new one. */
async function perform(
  ports: Ports,
  family: Family,
  config: EnvironmentConfig,
  run: UpgradeRun,
  asked: Asked,
): Promise<RolloutResult> {
  const environment = { ...family.environment, config };
  const known = knowing(family.record, config.members);
  const session = new Session(ports, environment, family.record, { ...run, hooks: config.hooks ?? [] });
  // Members that the config has named since are known from the next write on.
  session.record = known;
  Object.assign(session.members, family.members);
  Object.assign(session.foreign, family.foreign);
  if (asked === null || !mayCutShort(known, asked) || !(await cutShort(session, asked)))
    refuseOthers(known, asked, run.environment);
  const held = asked === null ? await heldUpgrade(session, config.kubernetesVersion, run.retryVersion ?? false) : null;
  if (held !== null) return held;
  const { record } = session;
  const steps =
    record.rollout === null
      ? stepsOf(asked, record, config, family, await deadMembers(session, asked))
      : record.rollout.steps;
  if (record.rollout === null && steps.length === 0) {
    // A hold that was lifted is all that there is to write.
    await session.writer.flush();
    return await nothingToDo(session, asked);
  }
  const kept = stepsKept(record.rollout, run.steps);
  if (kept !== null) run.emit({ kind: "note", message: kept });
  refuseRetiringPrimary(record, config, steps, run.environment);
  await session.caller.identify();
  const wanted = config.kubernetesVersion;
  await refuseForeign(ports, family, asked, { wanted, steps, environment: run.environment });
  const { findings, observation } = await preflight({
    ports,
    deployed: family.environment.config,
    environment,
    record,
    members: family.members,
    probes: run.probes,
    steps,
    asked,
  });
  session.owners = learnOwners(session.owners, observation);
  report(findings, run);
  const stop = await begin(session, steps, config.kubernetesVersion, record, asked, observation);
  if (stop !== null) return stop;
  // The way back of a rollback that planned its own moves is no rollback: what was asked for was not done.
  const turnsAround = asked?.name === "rollback" && session.record.rollout?.command?.name !== "rollback";
  const unapproved = turnsAround ? await turnAround(session, observation) : null;
  if (unapproved !== null) return unapproved;
  const result = await rememberingHalt(session, () => runRollout(session));
  const asWanted = asked?.name === "rollback" ? asAsked(session, result, turnsAround) : result;
  return withHooksByHand(session, withLarger(session, asked, asWanted));
}

/** @throws EBG-ROLLOUT-UNDER-WAY, … */
export async function runAsked(
  ports: Ports,
  values: Readonly<Record<string, string>>,
  run: UpgradeRun,
  asked: Asked,
): Promise<RolloutResult> {
  const started = ports.clock.now();
  const config = wantedConfig(values, run.environment);
  const family = await familyToAct(ports, run, asked);
  const finish = (result: RolloutResult): RolloutResult => {
    run.emit({
      kind: "rollout-finished",
      outcome: result.outcome,
      placement: result.placement,
      seconds: (ports.clock.now() - started) / 1000,
      code: result.code,
      message: result.message,
      remedy: result.remedy,
    });
    return result;
  };
  try {
    return finish(await perform(ports, family, config, run, asked));
  } catch (error) {
    if (error instanceof DriverError)
      finish({
        outcome: "failed",
        placement: family.record.placement,
        code: error.code,
        message: error.message,
        remedy: error.remedy,
      });
    throw error;
  }
}
