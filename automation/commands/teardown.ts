/**
 * `teardown`: every member is drained, stopped and destroyed, then the environment's stack, then the account is
 * searched for what is left.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { ownershipOf } from "../../stacks/config/target-groups";
import { DriverError, type DriverErrorCode } from "../errors";
import type { Finding } from "../finding";
import { assertAllowed } from "../policy/move-policy";
import type { Leftover, Ports, StackRef, TeardownPort } from "../ports";
import { steps } from "../rollout/rollout";
import { Session } from "../rollout/session";
import type { SessionOptions } from "../rollout/session-options";
import { Stop, GateFailed, stopRequested } from "../rollout/interruptions";
import { backendGroups } from "../teardown/shared-security-groups";
import { startTeardown } from "../planning/teardown";
import { releaseLoadBalancers } from "../teardown/delete-load-balancers";
import { logGroups, namingWhatIsInTheWay } from "../teardown/left-by-clusters";
import { hookFindings } from "../preflight/hook-programs";
import { refuseDuringEvacuation } from "./evacuate";
import { readFamilyToAct, type Family } from "../environment/state";
import { wantedConfig } from "./plan";
import { report } from "./settle-stacks";
import { describeAsked, typed } from "../text/command-line";
import { counted } from "../text/sentences";
import { shell } from "../text/shell";

export interface TeardownPorts extends Ports {
  readonly teardown: TeardownPort;
}
export interface TeardownRun extends SessionOptions {
  readonly environment: string;
  /** Answers the name that was typed; anything but the environment's refuses. */
  readonly confirm: (environment: string) => Promise<string>;
}
/** How `teardown` ended, and what it left in AWS. */
export interface TeardownResult {
  readonly outcome: "done" | "stopped" | "leftovers";
  readonly code: DriverErrorCode | null;
  readonly message: string;
  readonly remedy: string | null;
  readonly leftovers: readonly Leftover[];
}

const none: readonly Leftover[] = [];

/** Why it can't begin now; nothing was changed. */
function refuse({ record, environment }: Family): void {
  const name = environment.environment;
  if (record.rollout !== null && record.rollout.command?.name !== "teardown")
    throw new DriverError(
      "EBG-TEARDOWN",
      `'${describeAsked(record.rollout.command ?? null)}' of ${name} is under way, since ${record.rollout.startedAt}`,
      `finish it first: ${typed(name, describeAsked(record.rollout.command ?? null))}`,
    );
  refuseDuringEvacuation(record, name);
  if (record.adoption != null)
    throw new DriverError(
      "EBG-TEARDOWN",
      `a load balancer of ${name} is being handed over`,
      `finish it first: eks-blue-green adopt --stack ${name}`,
    );
  const ownership = ownershipOf(record, environment.config);
  if (ownership.owner !== "service") return;
  const handedOver = Object.keys(ownership.adopted ?? {});
  // Their load balancers may use the security group that goes with the last Service.
  if (handedOver.length > 0)
    throw new DriverError(
      "EBG-TEARDOWN",
      `the load balancers of ${handedOver.join(", ")} were handed over, the others of ${name} were not`,
      `finish that first: eks-blue-green adopt --stack ${name}`,
    );
  const others = environment.config.services.flatMap((service) => (service.existing == null ? [] : [service.name]));
  if (others.length > 0)
    throw new DriverError(
      "EBG-TEARDOWN",
      `the workload and the Service of ${others.join(", ")} on ${ownership.primary ?? "the primary"} are ` +
        "somebody else's, and a teardown would take their load balancer and stop them",
      `take the other members out (eks-blue-green drain MEMBER --stack ${name}), or hand the load balancer over ` +
        `first: eks-blue-green adopt --stack ${name}`,
    );
}

/** Programs of hooks that it would stop at. */
function hooksMissing(ports: Ports, { record }: Family, config: EnvironmentConfig): Promise<Finding[]> {
  const { rollout } = record.rollout === null ? startTeardown(record, config, "") : record;
  const ahead = rollout?.steps.slice(rollout.done) ?? [];
  return hookFindings(ports.hooks, config, ahead, record.rollout !== null);
}

async function confirmed(run: TeardownRun): Promise<void> {
  const answer = await run.confirm(run.environment);
  if (answer !== run.environment)
    throw new DriverError(
      "EBG-TEARDOWN",
      `a teardown destroys the load balancer and every cluster of ${run.environment}; it was not confirmed ` +
        `(expected '${run.environment}', got '${answer}')`,
      `${run.commandName}`,
    );
}

async function destroyMembers(ports: TeardownPorts, session: Session): Promise<TeardownResult | null> {
  const { primary } = ownershipOf(session.record, session.environment.config);
  try {
    // The Services that own the load balancers go with everybody else gone, while their controller still runs.
    await steps(session, async (step) => {
      if (step.type === "move" && step.kind === "retire" && step.member === primary)
        await releaseLoadBalancers(session, ports.teardown);
    });
    await session.writer.flush();
    return null;
  } catch (error) {
    const stop =
      error instanceof Stop ||
      error instanceof GateFailed ||
      (error instanceof DriverError && error.code === "EBG-STOPPED");
    if (!stop) throw error;
    // What is ahead of the record is kept; an open intent stays open.
    if (!session.options.cancel.aborted) await session.writer.flush();
    return {
      outcome: "stopped",
      code: error.code,
      message: error.message,
      remedy: error.remedy.includes(session.options.commandName)
        ? error.remedy
        : `${error.remedy}; then go on with: ${session.options.commandName}`,
      leftovers: none,
    };
  }
}

type Tell = (
  message: string,
  status: "started" | "finished",
  seconds?: number | null,
  changes?: Readonly<Record<string, number>> | null,
) => void;

/** Checked like a move. */
async function liftProtection(ports: TeardownPorts, session: Session, run: TeardownRun, tell: Tell): Promise<void> {
  const stack: StackRef = { kind: "environment" };
  const groups = await backendGroups(ports.aws, session.environment, session.record);
  for (const { id, name, cluster } of groups.leave)
    run.emit({
      kind: "finding",
      code: "EBG-TEARDOWN",
      severity: "recommended",
      message:
        `security group ${id} (${name}) stays: the load balancer controller of ${cluster}, a cluster that is still ` +
        "there, shares it out to everything that it balances",
      remedy:
        "nothing, while that controller runs: it deletes the group with the last Service or Ingress that needs it. " +
        shell`If nothing uses it any more: aws ec2 delete-security-group --group-id ${id}`,
    });
  const context = { kind: "unprotect", expectedRevision: session.writer.written.revision, takes: groups.take } as const;
  const lifted = await ports.pulumi.preview(stack, context, run.cancel);
  assertAllowed("unprotect", run.environment, lifted.operations);
  tell("lifting the protection of the load balancer", "started");
  const update = await ports.pulumi.apply(stack, context, lifted.plan, run.cancel);
  tell("protection lifted", "finished", update.seconds, update.changes);
}

/** Protection is lifted by an update of its own; then the stack goes. */
async function destroyEnvironment(ports: TeardownPorts, session: Session, run: TeardownRun): Promise<void> {
  const stack: StackRef = { kind: "environment" };
  const tell: Tell = (message, status, seconds = null, changes = null) =>
    run.emit({ kind: "stack", stack: run.environment, status, message, seconds, changes });
  await ports.pulumi.settle(stack);
  await ports.pulumi.backUpState(stack);
  // Once it is lifted that update must not run again: it would make anew what an interrupted destroy has deleted.
  if ((await ports.teardown.protectedResources()) > 0) await liftProtection(ports, session, run, tell);
  if (run.stop.aborted) throw stopRequested(run.commandName);
  const previewed = await ports.teardown.previewEnvironmentDestroy(run.cancel);
  assertAllowed("destroy-environment", run.environment, previewed.operations);
  tell("destroying", "started");
  const destroyed = await ports.teardown.destroyEnvironment(run.cancel);
  tell("destroyed", "finished", destroyed.seconds, destroyed.changes);
}

async function lookAround(
  ports: TeardownPorts,
  run: TeardownRun,
  clusterNames: readonly string[],
  adoptedArns: readonly string[] = [],
): Promise<TeardownResult> {
  run.emit({ kind: "note", message: "looking for what is left in AWS" });
  const leftovers = await ports.teardown.leftovers(run.environment, clusterNames, adoptedArns);
  if (leftovers.length === 0)
    return {
      outcome: "done",
      code: null,
      message:
        `nothing of ${run.environment} is left: no cluster, load balancer, target group or anything of EC2's with ` +
        "its tags",
      remedy: null,
      leftovers,
    };
  for (const { what, id, command } of leftovers)
    run.emit({
      kind: "finding",
      code: "EBG-TEARDOWN",
      severity: "required",
      message: `${what} ${id} is still there`,
      remedy: command,
    });
  return {
    outcome: "leftovers",
    code: "EBG-TEARDOWN",
    message:
      `${run.environment}: ${counted(leftovers.length, "thing")} still there: ` +
      `${leftovers.map(({ what, id }) => `${what} ${id}`).join(", ")}`,
    remedy: leftovers.map(({ command }) => command).join("\n"),
    leftovers,
  };
}

/**
 * What is open in the stack of an evacuated member may be a call to a cluster that is gone for good: it is looked at
 * when the member is destroyed.
 */
async function settle(ports: TeardownPorts, stack: StackRef, { record }: Family, run: TeardownRun): Promise<void> {
  try {
    await ports.pulumi.settle(stack);
  } catch (error) {
    if (
      !(error instanceof DriverError) ||
      stack.kind !== "member" ||
      record.placement[stack.member]?.evacuated === undefined
    )
      throw error;
    run.emit({
      kind: "finding",
      code: error.code,
      severity: "recommended",
      message: error.message,
      remedy: error.remedy,
    });
  }
}

export async function runTeardown(
  ports: TeardownPorts,
  values: Readonly<Record<string, string>>,
  run: TeardownRun,
): Promise<TeardownResult> {
  const config = wantedConfig(values, run.environment);
  // A cluster that was there before stays: it is not ours.
  const made = (members: readonly string[]): string[] =>
    members
      .filter((member) => config.memberClusters?.[member]?.existing == null)
      .map((member) => `${run.environment}-${member}`);
  const reading = await ports.pulumi.readEnvironment();
  if (!reading.exists || (reading.outputs === null && reading.resources === 0))
    return await lookAround(ports, run, made(config.members));
  const family = await readFamilyToAct(ports, run.environment);
  refuse(family);
  report(await hooksMissing(ports, family, config), run);
  await confirmed(run);
  const names = Object.keys(family.record.placement);
  const stacks: StackRef[] = [
    { kind: "environment" },
    ...names
      .filter((name) => family.record.placement[name]?.role !== "absent")
      .map((member) => ({ kind: "member", member }) as const),
  ];
  await Promise.all(stacks.map((stack) => settle(ports, stack, family, run)));
  const session = new Session(ports, { ...family.environment, config }, family.record, {
    ...run,
    hooks: config.hooks ?? [],
  });
  Object.assign(session.members, family.members);
  Object.assign(session.foreign, family.foreign);
  await session.caller.identify();
  if (family.record.rollout === null) {
    session.record = startTeardown(family.record, config, session.isoNow());
    await session.writer.flush();
  }
  const { rollout } = session.record;
  if (rollout === null) throw new DriverError("EBG-INTERNAL", "the teardown is not in the record", run.commandName);
  run.emit({
    kind: "rollout-started",
    environment: run.environment,
    rolloutId: rollout.id,
    strategy: "teardown",
    from: null,
    to: "nothing",
    steps: rollout.steps,
    done: rollout.done,
    resumed: family.record.rollout !== null,
    direction: rollout.direction,
  });
  const stopped = await destroyMembers(ports, session);
  if (stopped !== null) return stopped;
  const clusterNames = made([...new Set([...names, ...config.members])]);
  try {
    await namingWhatIsInTheWay(ports.teardown, run, clusterNames, () => destroyEnvironment(ports, session, run));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { outcome: "stopped", code: error.code, message: error.message, remedy: error.remedy, leftovers: none };
  }
  for (const finding of logGroups(config.cluster.logTypes ?? [], clusterNames))
    run.emit({ kind: "finding", ...finding });
  const adopted = Object.values(ownershipOf(family.record, config).adopted ?? {}).flatMap(({ arn, targetGroups }) => [
    arn,
    ...targetGroups.map((group) => group.arn),
  ]);
  return await lookAround(ports, run, clusterNames, adopted);
}
