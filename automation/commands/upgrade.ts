/** `upgrade` and the commands on one member: preflight, then the rollout that the record has, or a new one. */
import type { EnvironmentConfig } from "../../stacks/config";
import { startRollout, turnBack, type EnvironmentRecord, type RolloutCommand, type Step } from "../../stacks/record";
import { abandon } from "../planning/cancel-rollout";
import { DriverError } from "../errors";
import { learnOwners } from "../observation/target-owners";
import { limitsOf, plan } from "../planning/replace";
import { planCommand } from "../planning/member-commands";
import type { Ports, StackRef } from "../ports";
import type { Finding } from "../finding";
import { preflight } from "../preflight/preflight";
import { refuseRetiringPrimary } from "../environment/load-balancers";
import { refuseForeignProvision, refuseForeignStacks } from "../environment/member-stack";
import { runRollout, type RolloutResult } from "../rollout/rollout";
import { Session, type SessionOptions } from "../rollout/session";
import { refuseDuringAdoption } from "./adopt";
import { asAsked, describeAsked, refuseOthers, turnAround } from "./resume";
import { refuseDuringEvacuation } from "./evacuate";
import { knowing, readFamily, refuseOlderRecord, type Family } from "../environment/state";
import { wantedConfig } from "./plan";

export interface UpgradeRun extends SessionOptions {
  readonly environment: string;
}

/** What is asked for: `upgrade` (null), or planned work. */
export type Asked = RolloutCommand | null;

const stepsOf = (asked: Asked, { placement }: EnvironmentRecord, config: EnvironmentConfig): readonly Step[] =>
  asked === null
    ? plan(
        placement,
        { version: config.kubernetesVersion, members: config.members },
        config.rollout.strategy,
        limitsOf(config),
      )
    : planCommand(placement, asked, limitsOf(config));

export function runUpgrade(
  ports: Ports,
  values: Readonly<Record<string, string>>,
  run: UpgradeRun,
): Promise<RolloutResult> {
  return runAsked(ports, values, run, null);
}

/**
 * Goes on with the same command's rollout, turns any around (`rollback`), or begins a new one. @throws
 * EBG-ROLLOUT-UNDER-WAY, …
 */
export async function runAsked(
  ports: Ports,
  values: Readonly<Record<string, string>>,
  run: UpgradeRun,
  asked: Asked,
): Promise<RolloutResult> {
  const started = ports.clock.now();
  const config = wantedConfig(values, run.environment);
  const found = await readFamily(ports, run.environment);
  refuseOthers(found.record, asked, run.environment);
  const family = await settledFamily(ports, run, found);
  await refuseOlderRecord(ports, family, run.environment);
  refuseDuringAdoption(family.record, run.environment);
  refuseDuringEvacuation(family.record, run.environment);
  const environment = { ...family.environment, config };
  const record = knowing(family.record, config.members);
  if (record.rollout?.command?.name === "teardown")
    throw new DriverError(
      "EBG-TEARDOWN",
      `${run.environment} is being torn down, since ${record.rollout.startedAt}`,
      `finish it: eks-blue-green teardown --stack ${run.environment}`,
    );
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
    refuseOthers(record, asked, run.environment);
    const steps = record.rollout === null ? stepsOf(asked, record, config) : record.rollout.steps;
    if (record.rollout === null && steps.length === 0) {
      return finish({
        outcome: "nothing-to-do",
        placement: record.placement,
        code: null,
        message:
          asked === null
            ? `every active member runs ${config.kubernetesVersion}`
            : `${describeAsked(asked)}: it is so already`,
        remedy: null,
      });
    }
    refuseRetiringPrimary(record, config, steps, run.environment);
    // Going back, whoever asks for it, needs nothing of a stack that is somebody else's.
    const back =
      asked?.name === "rollback" || (asked === null && record.rollout?.wantedVersion !== config.kubernetesVersion);
    if (!back) refuseForeignProvision(record, family.foreign, run.environment);
    await refuseForeignStacks(
      ports.pulumi,
      run.environment,
      back && record.rollout !== null ? [] : steps.slice(record.rollout?.done ?? 0),
    );
    const session = new Session(ports, environment, family.record, run);
    // Members that the config has named since are known from the next write on.
    session.record = record;
    Object.assign(session.members, family.members);
    Object.assign(session.foreign, family.foreign);
    const { findings, observation } = await preflight({
      ports,
      deployed: family.environment.config,
      environment,
      record,
      members: family.members,
      probes: run.probes,
      steps,
    });
    session.owners = learnOwners(session.owners, observation);
    report(findings, run);
    const stop = await begin(session, steps, config.kubernetesVersion, record, asked);
    if (stop !== null) return finish(stop);
    // The way back of a rollback that planned its own moves is no rollback: what was asked for was not done.
    const turnsAround = asked?.name === "rollback" && session.record.rollout?.command?.name !== "rollback";
    const unapproved = turnsAround ? await turnAround(session, observation) : null;
    if (unapproved !== null) return finish(unapproved);
    const result = await runRollout(session);
    return finish(turnsAround ? asAsked(session, result) : result);
  } catch (error) {
    if (error instanceof DriverError)
      finish({
        outcome: "failed",
        placement: record.placement,
        code: error.code,
        message: error.message,
        remedy: error.remedy,
      });
    throw error;
  }
}

/**
 * The family after whatever a killed driver or engine left behind is in order; what can't be put in order is a finding.
 */
async function settledFamily(ports: Ports, run: UpgradeRun, family: Family): Promise<Family> {
  const { placement, intent } = family.record;
  const members = Object.keys(placement).filter(
    (name) =>
      (placement[name]?.role !== "absent" || intent?.move.member === name) && family.foreign[name] === undefined,
  );
  const stacks: StackRef[] = [
    { kind: "environment" },
    ...members.map((member) => ({ kind: "member", member }) as const),
  ];
  const results = await Promise.allSettled(stacks.map((stack) => ports.pulumi.settle(stack)));
  const findings = results.flatMap((result, index): Finding[] => {
    if (result.status === "fulfilled") return [];
    const stack = stacks[index];
    // An evacuated cluster may be gone for good; what is open in its stack is looked at when it is acted on.
    const severity =
      stack?.kind === "member" && placement[stack.member]?.evacuated !== undefined ? "recommended" : "required";
    const error: unknown = result.reason;
    if (!(error instanceof DriverError)) throw error;
    return [{ code: error.code, severity, message: error.message, remedy: error.remedy }];
  });
  report(findings, run);
  // An engine that was waited for may have changed outputs as well.
  const changed = results.some((result) => result.status === "fulfilled" && result.value !== null);
  return !changed ? family : await readFamily(ports, run.environment);
}

/** @throws EBG-PREFLIGHT (or the code of the only required finding) */
function report(findings: readonly Finding[], run: UpgradeRun): void {
  for (const finding of findings) run.emit({ kind: "finding", ...finding });
  const required = findings.filter((finding) => finding.severity === "required");
  const [first, ...others] = required;
  if (first === undefined) return;
  const code = others.every((finding) => finding.code === first.code) ? first.code : "EBG-PREFLIGHT";
  throw new DriverError(code, required.map((finding) => finding.message).join("\n"), first.remedy);
}

/**
 * Gives up a rollout whose config was set back before it moved traffic: the way back is written into the record like
 * any other, so a
 * kill in its middle is resumed. What it destroys needs the same approval as `retire`.
 */
async function giveUp(session: Session, wantedVersion: string, goingTo: string): Promise<RolloutResult | null> {
  const { emit, commandName, approveRetire } = session.options;
  const way = abandon(session.record, wantedVersion);
  if (way.kind === "no") {
    if (session.record.rollout?.direction === "forward")
      emit({
        kind: "note",
        message:
          `the config wants ${wantedVersion}, but a rollout to ${goingTo} is under way and can't be given up ` +
          `(${way.why}): it is finished first; run the command again afterwards`,
      });
    return null;
  }
  const open = session.record.intent?.move.member;
  if (
    open !== undefined &&
    session.foreign[open] === undefined &&
    session.rules.retire !== "automatic" &&
    !(await approveRetire(open))
  ) {
    return {
      outcome: "stopped",
      placement: session.record.placement,
      code: "EBG-STOPPED",
      message:
        `the config wants ${wantedVersion} again: giving up the rollout to ${goingTo} destroys the half-made ` +
        `${open}, which needs approval`,
      remedy: `${commandName} --approve-retire`,
    };
  }
  const reason = `given up: the config wants ${wantedVersion} again`;
  emit({ kind: "walk-back", code: "EBG-STOPPED", message: reason, steps: way.steps });
  session.record = turnBack(session.record, {
    reason,
    steps: way.steps,
    startedAt: session.isoNow(),
    by: session.by,
    givenUp: true,
  });
  await session.flush();
  return null;
}

async function begin(
  session: Session,
  steps: readonly Step[],
  wantedVersion: string,
  record: EnvironmentRecord,
  asked: Asked,
): Promise<RolloutResult | null> {
  const resumed = record.rollout !== null;
  if (!resumed) {
    const startedAt = session.isoNow();
    const id = `${startedAt.replace(/[-:]|\.\d+/g, "")}-${asked === null ? wantedVersion : asked.name}`;
    session.record = startRollout(record, {
      id,
      ...(asked === null ? {} : { command: asked }),
      strategy: session.rules.strategy,
      wantedVersion,
      steps,
      startedAt,
    });
  } else if (
    asked === null &&
    record.rollout !== null &&
    record.rollout.command === undefined &&
    record.rollout.wantedVersion !== wantedVersion
  ) {
    const stop = await giveUp(session, wantedVersion, record.rollout.wantedVersion);
    if (stop !== null) return stop;
  }
  const rollout = session.record.rollout;
  if (rollout === null) return null;
  const from = Object.values(record.placement).find((placement) => placement.role === "active")?.version ?? null;
  session.options.emit({
    kind: "rollout-started",
    environment: session.environment.environment,
    rolloutId: rollout.id,
    strategy: rollout.strategy,
    from,
    to: rollout.wantedVersion,
    steps: rollout.steps,
    done: rollout.done,
    resumed,
    direction: rollout.direction,
  });
  return null;
}
