import type { EnvironmentConfig } from "../../stacks/config";
import { initialRecord, parseRecord, type Placement } from "../../stacks/record";
import { ownershipOf } from "../../stacks/config/target-groups";
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import type { Ports, StackRef } from "../ports";
import { ownDeployments } from "../preflight/manual-changes";
import { lookAtNetwork } from "../preflight/network";
import { networkOfUp } from "../preflight/network-question";
import { describeLost, lostObjects } from "../observation/deleted-objects";
import { observe, plainLook } from "../observation/observe";
import { readFamily, readFamilyToAct } from "../environment/state";
import { wantedConfig } from "./plan";
import { report } from "./settle-stacks";
import { untilServing } from "./wait-until-serving";

export interface UpResult {
  readonly placement: Placement;
  /** Changes by stack. */
  readonly changes: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
export interface UpRun {
  readonly environment: string;
  readonly emit: EventSink;
  readonly stop: AbortSignal;
  readonly cancel: AbortSignal;
  /** The config of the environment's stack. */
  readonly config: Readonly<Record<string, string>>;
  /** Whether to send requests to the load balancer; see EKS_BLUE_GREEN_PROBE. */
  readonly probes: boolean;
}

/**
 * Members whose clusters lack what their stacks declare; a plain update of those would see nothing to do. Nothing is
 * known of members that were never deployed or don't answer.
 */
async function lostOf(ports: Ports, run: UpRun, members: readonly string[]): Promise<ReadonlySet<string>> {
  const family = await readFamilyToAct(ports, run.environment);
  const observation = await observe(ports, family.environment, family.members, { ...plainLook, workload: true });
  const lost = lostObjects(observation, members, ownDeployments(family.environment.config));
  for (const one of lost) run.emit({ kind: "note", message: `${describeLost(one)}; it is declared again` });
  return new Set(lost.map(({ member }) => member));
}

/** The wanted config; null when it has problems, which the program names better: all of them, in their places. */
function configOf({ config, environment }: UpRun): EnvironmentConfig | null {
  try {
    return wantedConfig(config, environment);
  } catch {
    return null;
  }
}

/**
 * What AWS would refuse only after the network is made, and what could not be taken back then.
 * @throws EBG-PREFLIGHT
 */
async function lookBefore(ports: Ports, run: UpRun): Promise<void> {
  const config = configOf(run);
  if (config === null) return;
  const { outputs } = await ports.pulumi.readEnvironment();
  const record = outputs === null ? initialRecord(config) : parseRecord(outputs.record).record;
  if (record === null) return;
  const { placement } = record;
  const deployed = Object.keys(placement).filter((name) => placement[name]?.role !== "absent");
  const made =
    outputs === null
      ? []
      : await Promise.all(deployed.map(async (name) => [name, await ports.pulumi.readMember(name)] as const));
  const known = new Set(made.flatMap(([name, reading]) => (reading.outputs === null ? [] : [name])));
  const makes = deployed.filter((name) => !known.has(name));
  const region = outputs?.region ?? config.region;
  report(await lookAtNetwork(ports, networkOfUp(config, region, outputs, makes)), run);
}

/**
 * The environment first, because members read its outputs; then (owner `service`) the primary, then every other member
 * that is not absent, side by side. Plain updates: they keep the placement, and make again what somebody deleted by
 * hand. Done when every active member serves and requests are answered.
 */
export async function runUp(ports: Ports, run: UpRun): Promise<UpResult> {
  const changes: Record<string, Readonly<Record<string, number>>> = {};
  const one = async (stack: StackRef, name: string): Promise<void> => {
    if (run.stop.aborted)
      throw new DriverError("EBG-STOPPED", `stopped before ${name}`, `eks-blue-green up --stack ${run.environment}`);
    run.emit({ kind: "stack", stack: name, status: "started", message: "updating", seconds: null, changes: null });
    try {
      await ports.pulumi.settle(stack);
      const applied = await ports.pulumi.update(stack, run.cancel);
      changes[name] = applied.changes;
      run.emit({
        kind: "stack",
        stack: name,
        status: "finished",
        message: "updated",
        seconds: applied.seconds,
        changes: applied.changes,
      });
    } catch (error) {
      run.emit({
        kind: "stack",
        stack: name,
        status: "failed",
        message: error instanceof Error ? error.message : String(error),
        seconds: null,
        changes: null,
      });
      throw error;
    }
  };
  await lookBefore(ports, run);
  await one({ kind: "environment" }, run.environment);
  const { outputs } = await ports.pulumi.readEnvironment();
  const parsed = parseRecord(outputs?.record);
  if (outputs === null || parsed.record === null)
    throw new DriverError(
      "EBG-RECORD-LOST",
      `stack ${run.environment} was deployed but has no record among its outputs`,
      "does the project's main export the environment's program?",
    );
  const { placement, intent } = parsed.record;
  const out = Object.keys(placement).filter((name) => placement[name]?.evacuated !== undefined);
  if (out.length > 0)
    run.emit({
      kind: "note",
      message:
        `not updated: ${out.join(", ")}, evacuated and not in order yet (when its cluster is back: eks-blue-green ` +
        `drain ${out[0]} --stack ${run.environment})`,
    });
  const members = Object.keys(placement).filter(
    (name) =>
      !out.includes(name) &&
      placement[name]?.role !== "absent" &&
      !(intent?.move.kind === "retire" && intent.move.member === name),
  );
  // Of a member whose move is open a killed update may have taken it out: that is settled first.
  const lost = await lostOf(
    ports,
    run,
    members.filter((name) => intent?.move.member !== name),
  );
  const deploy = async (member: string): Promise<void> => {
    await ports.pulumi.ensureMemberStack(member);
    if (lost.has(member)) await ports.pulumi.refresh(member, run.cancel);
    await one({ kind: "member", member }, `${run.environment}-${member}`);
  };
  // Its Services make the load balancers that the others bind to.
  const { owner, primary } = ownershipOf(parsed.record, outputs.config);
  if (owner === "service" && primary !== null && members.includes(primary)) await deploy(primary);
  const results = await Promise.allSettled(
    members.filter((member) => owner === "stack" || member !== primary).map(deploy),
  );
  const failures = results.filter((result) => result.status === "rejected");
  if (failures.length === 1) throw failures[0]?.reason;
  if (failures.length > 1) {
    const messages = failures.map((failure) =>
      failure.reason instanceof Error ? failure.reason.message : String(failure.reason),
    );
    throw new DriverError(
      "EBG-UPDATE-FAILED",
      messages.join("\n"),
      `repair what the messages name, then: eks-blue-green up --stack ${run.environment}`,
    );
  }
  if (run.probes) await untilServing(ports, await readFamily(ports, run.environment), run.emit, run.stop);
  return { placement, changes };
}
