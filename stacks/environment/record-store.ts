/** Finds the record that an update of the environment's stack passes on, starts from, or was told to write. */
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../config";
import { FENCED, RECORD_INVALID, RECORD_LOST } from "../contract";
import type { MoveContext } from "../extension/when";
import {
  describeMove,
  type EnvironmentRecord,
  initialRecord,
  isNewerSchema,
  parseRecord,
  withMembers,
} from "../record";
import { keptExtension } from "../extension/run";
import { ownerOf, ownershipOf } from "../config/target-groups";
import { readStackIsEmpty, readStackOutputs } from "../shared/stack-outputs";

/** The environment's last outputs: the record, and the config that was deployed. */
export interface LastEnvironment {
  readonly record: EnvironmentRecord;
  readonly config: EnvironmentConfig;
  /** Outputs of what the user's own program declares, for updates that leave it as it is. */
  readonly extension: Record<string, unknown>;
}

const restore =
  "Restore the stack's last good state (pulumi stack export --version N, pulumi stack import), then run the " +
  "command again";

/**
 * Reads the environment's last outputs; null when it never finished an update. Throws when they can't be read or make
 * no sense.
 */
export async function readLastEnvironment(environment: string): Promise<LastEnvironment | null> {
  const reading = await readStackOutputs(environment);
  if (reading.kind === "failed") {
    throw new Error(
      `${RECORD_LOST}: the outputs of stack '${environment}' can't be read, so nobody knows where traffic is: ` +
        `${reading.message}. Check the backend and your permission to read that stack (pulumi stack output -s ` +
        `${environment}), then run the command again`,
    );
  }
  if (reading.kind === "missing" || Object.keys(reading.outputs).length === 0) return null;
  if (reading.outputs["record"] === undefined)
    throw new Error(`${RECORD_LOST}: stack '${environment}' has outputs but no record. ${restore}`);
  const parsed = parseRecord(reading.outputs["record"]);
  if (parsed.record === null)
    throw new Error(
      `${RECORD_INVALID}: the record of stack '${environment}' makes no sense: ${parsed.problems.join("; ")}. ` +
        (isNewerSchema(reading.outputs["record"])
          ? "A newer version of eks-blue-green wrote it: use that version, or a newer one"
          : restore),
    );
  if (reading.outputs["environment"] !== environment) {
    const former = String(reading.outputs["environment"]);
    throw new Error(
      `${RECORD_LOST}: stack '${environment}' holds the environment '${former}', whose members are in the stacks ` +
        `${former}-…. Rename it back: pulumi stack rename ${former}`,
    );
  }
  return {
    record: parsed.record,
    config: reading.outputs["config"] as EnvironmentConfig,
    extension: keptExtension(reading),
  };
}

/** The first record, only when nothing contradicts that this environment is new. */
async function firstRecord(environment: string, config: EnvironmentConfig): Promise<EnvironmentRecord> {
  const members = await Promise.all(
    config.members.map(async (member) => ({
      stack: `${environment}-${member}`,
      holds: await readStackIsEmpty(`${environment}-${member}`),
    })),
  );
  const inUse = members.filter(({ holds }) => holds === "in-use").map(({ stack }) => stack);
  if (inUse.length > 0) {
    throw new Error(
      `${RECORD_LOST}: stack '${environment}' has no record, but ${inUse.join(", ")} ` +
        `hold${inUse.length === 1 ? "s" : ""} resources: a new record would be a guess about live traffic. ` +
        `${restore}`,
    );
  }
  for (const { stack, holds } of members) {
    if (typeof holds === "object")
      throw new Error(
        `${RECORD_LOST}: stack '${environment}' has no record, and whether '${stack}' exists can't be found out: ` +
          `${holds.unknown}. Check the backend and your permission to read that stack, then run the command again`,
      );
  }
  const first = initialRecord(config);
  // From now on the record says who owns the load balancers; a config that says something else later is refused.
  return ownerOf(config) === "service" ? { ...first, ownership: ownershipOf(null, config) } : first;
}

/** Who holds what since when, as the record has it; an empty text: nobody anything. */
export function holderOf({ intent, evacuation, adoption, rollout }: EnvironmentRecord): string {
  if (intent !== null) return `'${describeMove(intent.move)}' is held by ${intent.by} since ${intent.startedAt}`;
  if (evacuation != null)
    return `the evacuation of ${evacuation.member} is held by ${evacuation.by} since ${evacuation.startedAt}`;
  if (adoption != null)
    return `the hand-over of '${adoption.service}' is held by ${adoption.by} since ${adoption.startedAt}`;
  return rollout === null ? "" : `rollout ${rollout.id} is under way since ${rollout.startedAt}`;
}

/**
 * Throws (beginning with FENCED) when the record has moved on since the driver looked. Under the stack's lock this is a
 * compare-and-swap.
 */
export function fence(actual: number, expected: number, what: string, holder = ""): void {
  if (actual === expected) return;
  throw new Error(
    `${FENCED}: ${what} expected the record's revision ${expected}, but it is ${actual}: another driver or ` +
      `update has moved on${holder === "" ? "" : ` (${holder})`}. Run the same command again; it reads the record ` +
      "anew",
  );
}

/** The record that this update writes. */
export async function recordToWrite(
  environment: string,
  config: EnvironmentConfig,
  last: LastEnvironment | null,
  context: MoveContext,
): Promise<EnvironmentRecord> {
  const current = last?.record ?? (await firstRecord(environment, config));
  if (context === undefined) return withMembers(current, config.members);
  if (context.kind === "act" && current.intent?.move.kind === "shift") {
    fence(current.revision, context.expectedRevision, "shifting traffic", holderOf(current));
    return withMembers(current, config.members);
  }
  if (context.kind === "act" || context.kind === "release")
    throw new Error(`'${context.kind}' belongs to a member's stack, not to '${environment}' (${pulumi.getProject()})`);
  fence(
    current.revision,
    context.expectedRevision,
    context.kind === "unprotect" ? "lifting the protection" : "writing the record",
    holderOf(current),
  );
  if (context.kind === "unprotect") return withMembers(mayUnprotect(current), config.members);
  if (context.record.revision !== context.expectedRevision + 1) {
    throw new Error(
      `${RECORD_INVALID}: the record to write has revision ${context.record.revision}; after ` +
        `${context.expectedRevision} comes ${context.expectedRevision + 1}`,
    );
  }
  const parsed = parseRecord(context.record);
  if (parsed.record === null)
    throw new Error(`${RECORD_INVALID}: the record to write makes no sense: ${parsed.problems.join("; ")}`);
  return withMembers(parsed.record, config.members);
}

/** Only a teardown that has retired every member may lift the load balancer's protection. */
function mayUnprotect(record: EnvironmentRecord): EnvironmentRecord {
  const present = Object.keys(record.placement).filter((member) => record.placement[member]?.role !== "absent");
  if (record.rollout?.command?.name !== "teardown")
    throw new Error(`${RECORD_INVALID}: the protection is lifted by a teardown alone, and the record has none`);
  if (present.length > 0 || record.intent !== null)
    throw new Error(
      `${RECORD_INVALID}: the protection is lifted when every member is gone; the record still has ` +
        `${present.join(", ")}`,
    );
  return record;
}
