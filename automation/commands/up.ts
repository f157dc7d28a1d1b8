/** `up`: deploys the environment and its members as they stand, and moves no traffic. */
import { parseRecord, servingMembers, type EnvironmentRecord, type Placement } from "../../stacks/record";
import { clusterNameOf, isExternal, ownershipOf } from "../../stacks/config/target-groups";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { switchProtection, wantsProtection } from "../environment/deletion-protection";
import { addressesOf } from "../environment/load-balancers";
import { readFamily, readFamilyToAct } from "../environment/state";
import { DriverError } from "../errors";
import { describeLost, lostObjects } from "../observation/deleted-objects";
import { observe, plainLook } from "../observation/observe";
import type { Ports } from "../ports";
import { ownDeployments } from "../preflight/manual-changes";
import { proveIdentities } from "../rollout/prove-identities";
import { typed } from "../text/command-line";
import { stackName } from "../text/stack-name";
import { theirsAreThere, whoWaits } from "./external-workloads";
import { refuseToLoseReplicas } from "./keep-replicas";
import { refuseToTakePodsAway, withFiles } from "./keep-serving";
import { lookBefore } from "./look-before-up";
import { updateStack, type Changes, type UpRun } from "./update-stack";
import { untilServing } from "./wait-until-serving";

export type { UpRun } from "./update-stack";

/** What `up` deployed. */
export interface UpResult {
  readonly placement: Placement;
  /** Changes by stack. */
  readonly changes: Readonly<Record<string, Changes>>;
  /** Where clients send their requests, by target group key: `NAME:PORT`. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** The record that the environment's update wrote or kept. @throws EBG-RECORD-LOST */
async function readRecord(
  ports: Ports,
  environment: string,
): Promise<{ readonly record: EnvironmentRecord; readonly outputs: EnvironmentOutputs }> {
  const { outputs } = await ports.pulumi.readEnvironment();
  const { record } = parseRecord(outputs?.record);
  if (outputs === null || record === null)
    throw new DriverError(
      "EBG-RECORD-LOST",
      `stack ${environment} was deployed but has no record among its outputs`,
      "does the project's main export the environment's program?",
    );
  return { record, outputs };
}

/** Members that are there, but for evacuated ones and one that is being destroyed. */
function membersToUpdate({ placement, intent }: EnvironmentRecord, run: UpRun): string[] {
  const out = Object.keys(placement).filter((name) => placement[name]?.evacuated !== undefined);
  if (out.length > 0)
    run.emit({
      kind: "note",
      message:
        `not updated: ${out.join(", ")}, evacuated and not in order yet (when its cluster is back: ` +
        `${typed(run.environment, `drain ${out[0]}`)})`,
    });
  return Object.keys(placement).filter(
    (name) =>
      !out.includes(name) &&
      placement[name]?.role !== "absent" &&
      !(intent?.move.kind === "retire" && intent.move.member === name),
  );
}

/**
 * Members whose clusters lack what their stacks declare; a plain update of those would see nothing to do. Nothing is
 * known of members that were never deployed or don't answer.
 */
async function lostOf(
  ports: Ports,
  run: UpRun,
  members: readonly string[],
  active: readonly string[],
): Promise<ReadonlySet<string>> {
  const family = await readFamilyToAct(ports, run.environment);
  const observation = await observe(ports, family.environment, family.members, { ...plainLook, workload: true });
  refuseToLoseReplicas(
    observation,
    members.filter((name) => active.includes(name)),
    family.environment,
  );
  const lost = lostObjects(observation, members, ownDeployments(family.environment.config));
  for (const one of lost) run.emit({ kind: "note", message: `${describeLost(one)}; it is declared again` });
  return new Set(lost.map(({ member }) => member));
}

/** @throws the only failure, or EBG-UPDATE-FAILED with all messages */
function throwFailures(results: readonly PromiseSettledResult<void>[], environment: string): void {
  const reasons = results.flatMap((result): unknown[] => (result.status === "rejected" ? [result.reason] : []));
  if (reasons.length === 0) return;
  if (reasons.length === 1) throw reasons[0];
  throw new DriverError(
    "EBG-UPDATE-FAILED",
    reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("\n"),
    [
      ...new Set(reasons.flatMap((reason) => (reason instanceof DriverError ? [reason.remedy] : []))),
      `repair what the messages name, then: ${typed(environment, "up")}`,
    ].join("; "),
  );
}

/**
 * A retirement that ended half-way may have taken EKS's protection off, of which the member's stack knows nothing: its
 * update would leave the cluster as it is.
 */
async function protectCluster(
  ports: Ports,
  run: UpRun,
  environment: EnvironmentOutputs,
  member: string,
): Promise<void> {
  if (!wantsProtection(environment.config, member)) return;
  const clusterName = clusterNameOf(environment, member);
  await switchProtection(ports, clusterName, true, {
    stop: run.stop,
    stopped: () =>
      new DriverError(
        "EBG-STOPPED",
        `stopped while EKS puts the deletion protection back on ${clusterName}; its stack is deployed`,
        typed(run.environment, "up"),
      ),
    asking: () =>
      run.emit({ kind: "note", message: `EKS did not protect ${clusterName} against deletion: it is put back` }),
  });
}

/** Pods of a service that got its role just now may have been made before EKS knew of it. @throws EBG-GATE, EBG-STOPPED */
async function credentialsOf(ports: Ports, run: UpRun, member: MemberOutputs | undefined): Promise<void> {
  if (member === undefined) return;
  await proveIdentities(ports, member, {
    token: new Date(ports.clock.wall()).toISOString(),
    stop: run.stop,
    stopped: () =>
      new DriverError(
        "EBG-STOPPED",
        `stopped while pods of ${member.member} got no credentials; its stack is deployed`,
        typed(run.environment, "up"),
      ),
    tell: (status, _reason, message) => {
      if (status === "waiting") run.emit({ kind: "note", message });
    },
  });
}

/**
 * The environment first, because members read its outputs; then (owner `service`) the primary, then every other member
 * that is not absent, side by side; those in traffic whose workloads come from files one after the other, when none of
 * their pods would be taken away. Plain updates: they keep the placement, and make again what somebody deleted by
 * hand. Done when every active member serves and requests are answered.
 */
export async function runUp(ports: Ports, run: UpRun): Promise<UpResult> {
  const changes: Record<string, Changes> = {};
  await lookBefore(ports, run);
  changes[run.environment] = await updateStack(ports, run, { kind: "environment" });
  const { record, outputs } = await readRecord(ports, run.environment);
  if (outputs.config.services.some(isExternal)) await theirsAreThere(ports, await readFamily(ports, run.environment));
  const members = membersToUpdate(record, run);
  // Of a member whose move is open a killed update may have taken it out: that is settled first.
  const settled = members.filter((name) => record.intent?.move.member !== name);
  const active = servingMembers(record.placement);
  const lost = await lostOf(ports, run, settled, active);
  const deploy = async (member: string): Promise<void> => {
    const stack = { kind: "member", member } as const;
    await ports.pulumi.ensureMemberStack(member);
    if (lost.has(member)) await ports.pulumi.refresh(member, run.cancel);
    changes[stackName(run.environment, stack)] = await updateStack(ports, run, stack);
    await protectCluster(ports, run, outputs, member);
  };
  const serving = await withFiles(
    ports,
    members.filter((name) => active.includes(name)),
    outputs.config,
  );
  // What is gone already is no more taken away.
  for (const member of serving.filter((name) => lost.has(name))) await ports.pulumi.refresh(member, run.cancel);
  const unplanned = await refuseToTakePodsAway(ports, run, serving);
  // Its Services make the load balancers that the others bind to.
  const { owner, primary } = ownershipOf(record, outputs.config);
  if (owner === "service" && primary !== null && members.includes(primary)) await deploy(primary);
  const left = members.filter((member) => owner === "stack" || member !== primary);
  const inTurn = left.filter((member) => serving.includes(member) && !unplanned.has(member));
  const atOnce = left.filter((member) => !serving.includes(member));
  const results = await Promise.allSettled([
    ...[...unplanned.values()].map((error) => Promise.reject(error)),
    ...atOnce.map(deploy),
  ]);
  // How their pods are exchanged is for the files to say: a mistake in them must not meet all members at once.
  for (const [at, member] of inTurn.entries()) {
    const [result] = await Promise.allSettled([deploy(member)]);
    results.push(result);
    if (result.status === "fulfilled") continue;
    const others = inTurn.slice(at + 1);
    if (others.length > 0) run.emit({ kind: "note", message: `not updated: ${others.join(", ")}` });
    break;
  }
  throwFailures(results, run.environment);
  const family = await readFamily(ports, run.environment);
  // One whose workload is stopped has no pods, and passes.
  await Promise.all(settled.map((name) => credentialsOf(ports, run, family.members[name])));
  const waits = whoWaits(family);
  if (waits !== null) run.emit({ kind: "note", message: waits });
  const environment = run.probes ? await untilServing(ports, family, run.emit, run.stop) : family.environment;
  return { placement: record.placement, changes, addresses: addressesOf(environment) };
}
