/** The environment and its members as their stacks have them. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { parseRecord, withMembers, type EnvironmentRecord } from "../../stacks/record";
import { DriverError } from "../errors";
import type { Ports } from "../ports";
import { withLoadBalancers, withTargetGroups } from "./load-balancers";

export interface Family {
  readonly environment: EnvironmentOutputs;
  readonly record: EnvironmentRecord;
  /** Outputs of the members that have any. */
  readonly members: Readonly<Record<string, MemberOutputs>>;
}

/** @throws EBG-UNKNOWN-STACK, EBG-RECORD-LOST, EBG-RECORD-INVALID */
export async function readFamily(ports: Pick<Ports, "pulumi" | "aws">, name: string): Promise<Family> {
  const reading = await ports.pulumi.readEnvironment();
  if (!reading.exists)
    throw new DriverError(
      "EBG-UNKNOWN-STACK",
      `there is no stack ${name}`,
      `create it: pulumi stack init ${name}; then: eks-blue-green up --stack ${name}`,
    );
  const environment = reading.outputs;
  if (environment === null && reading.resources === 0)
    throw new DriverError("EBG-UNKNOWN-STACK", `stack ${name} was never deployed`, `eks-blue-green up --stack ${name}`);
  if (environment?.record === undefined)
    throw new DriverError(
      "EBG-RECORD-LOST",
      `stack ${name} has no record among its outputs`,
      "is it a member's stack? Name the environment's own; else restore the record from a state backup " +
        "(docs/how-to/runbook.md)",
    );
  const parsed = parseRecord(environment.record);
  if (parsed.record === null)
    throw new DriverError(
      "EBG-RECORD-INVALID",
      `the record of ${name} can't be read: ${parsed.problems.join("; ")}`,
      "restore it from a state backup (docs/how-to/runbook.md)",
    );
  const record = parsed.record;
  const names = Object.keys(record.placement).filter(
    (member) => record.placement[member]?.role !== "absent" || record.intent?.move.member === member,
  );
  const readings = await Promise.all(
    names.map(async (member) => [member, (await ports.pulumi.readMember(member)).outputs] as const),
  );
  const members = Object.fromEntries(
    readings.flatMap(([member, outputs]) => (outputs === null ? [] : [[member, outputs]])),
  );
  const whole = await withLoadBalancers(ports.aws, environment, record);
  return {
    environment: whole,
    record,
    members: Object.fromEntries(
      Object.entries(members).map(([member, outputs]) => [member, withTargetGroups(outputs, whole)]),
    ),
  };
}

/**
 * A member remembers the record that its last update followed; a record that is older was put back from a backup, and
 * may say of a member
 * that serves that it is to be destroyed. @throws EBG-RECORD-LOST
 */
export async function refuseOlderRecord(
  ports: Pick<Ports, "pulumi">,
  { record, members }: Family,
  environment: string,
): Promise<void> {
  const ahead = Object.entries(members).filter(([, { revision }]) => revision > record.revision);
  if (ahead.length === 0) return;
  // The members were read later: another driver may have moved on in between, and whoever is overtaken is fenced.
  const { outputs } = await ports.pulumi.readEnvironment();
  const now = parseRecord(outputs?.record).record?.revision ?? record.revision;
  if (ahead.every(([, { revision }]) => revision <= now)) return;
  const list = ahead.map(([member, { revision }]) => `${member} (${revision})`).join(", ");
  throw new DriverError(
    "EBG-RECORD-LOST",
    `the record of ${environment} is at revision ${record.revision}, but members were updated after later ones: ` +
      `${list}. It was restored from an older state, and what it says of where traffic is may be wrong`,
    `restore the newest state of stack ${environment}; or, when eks-blue-green status --stack ${environment} ` +
      "shows that it is right all the same, raise its revision to " +
      `${Math.max(...ahead.map(([, { revision }]) => revision))} (docs/how-to/runbook.md, "The record is lost or ` +
      `unreadable")`,
  );
}

/**
 * The family for whoever is going to change something. @throws as `readFamily`, and EBG-RECORD-LOST for a record that
 * is older than its members
 */
export async function readFamilyToAct(ports: Pick<Ports, "pulumi" | "aws">, name: string): Promise<Family> {
  const family = await readFamily(ports, name);
  await refuseOlderRecord(ports, family, name);
  return family;
}

/** The record with members that the config has named since. */
export const knowing = (record: EnvironmentRecord, members: readonly string[]): EnvironmentRecord =>
  withMembers(record, members);
