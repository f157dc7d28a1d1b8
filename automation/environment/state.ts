/** The environment and its members as their stacks have them. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { isNewerSchema, parseRecord, withMembers, type EnvironmentRecord } from "../../stacks/record";
import { DriverError } from "../errors";
import type { Ports } from "../ports";
import { withLoadBalancers, withTargetGroups } from "./load-balancers";
import { withSoundNames } from "./member-names";
import { foreignStack, foreignTo } from "./member-stack";

export interface Family {
  readonly environment: EnvironmentOutputs;
  readonly record: EnvironmentRecord;
  /** Outputs of the members that have any. */
  readonly members: Readonly<Record<string, MemberOutputs>>;
  /**
   * A member whose making is open, and whose stack's name turned out to be somebody else's: by name, whose. Nothing of
   * it is ours.
   */
  readonly foreign: Readonly<Record<string, string>>;
}

/**
 * Every member's stack that the record knows, by name. @throws EBG-FOREIGN-STACK for one that was deployed and belongs
 * to somebody else now
 */
async function readMembers(
  ports: Pick<Ports, "pulumi">,
  record: EnvironmentRecord,
  environment: string,
): Promise<Pick<Family, "members" | "foreign">> {
  const names = Object.keys(record.placement).filter(
    (member) => record.placement[member]?.role !== "absent" || record.intent?.move.member === member,
  );
  const members: Record<string, MemberOutputs> = {};
  const foreign: Record<string, string> = {};
  await Promise.all(
    names.map(async (member) => {
      const reading = await ports.pulumi.readMember(member);
      const whose = foreignTo(reading, environment, member);
      if (whose === null) {
        const outputs = withSoundNames(reading.outputs, `${environment}-${member}`);
        if (outputs !== null) members[member] = outputs;
      } else if (record.placement[member]?.role === "absent") foreign[member] = whose;
      else throw foreignStack(environment, member, whose);
    }),
  );
  // In the record's order, whichever answered first.
  const ordered = names.flatMap((name) => (members[name] === undefined ? [] : [[name, members[name]] as const]));
  return { members: Object.fromEntries(ordered), foreign };
}

/** @throws EBG-UNKNOWN-STACK, EBG-RECORD-LOST, EBG-RECORD-INVALID, EBG-FOREIGN-STACK */
export async function readFamily(ports: Pick<Ports, "pulumi" | "aws">, name: string): Promise<Family> {
  const reading = await ports.pulumi.readEnvironment();
  if (!reading.exists)
    throw new DriverError(
      "EBG-UNKNOWN-STACK",
      `there is no stack ${name}`,
      `eks-blue-green up --stack ${name} creates and deploys it`,
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
  if (environment.environment !== name.split("/").at(-1))
    throw new DriverError(
      "EBG-RECORD-LOST",
      `stack ${name} holds the environment '${environment.environment}', whose members are in the stacks ` +
        `${environment.environment}-…`,
      `rename it back: pulumi stack rename ${environment.environment} --stack ${name}`,
    );
  const parsed = parseRecord(environment.record);
  if (parsed.record === null)
    throw new DriverError(
      "EBG-RECORD-INVALID",
      `the record of ${name} can't be read: ${parsed.problems.join("; ")}`,
      isNewerSchema(environment.record)
        ? "a newer version of eks-blue-green wrote it: use that version, or a newer one"
        : "restore it from a state backup (docs/how-to/runbook.md)",
    );
  const record = parsed.record;
  const { members, foreign } = await readMembers(ports, record, name);
  const whole = await withLoadBalancers(ports.aws, environment, record);
  return {
    environment: whole,
    record,
    members: Object.fromEntries(
      Object.entries(members).map(([member, outputs]) => [member, withTargetGroups(outputs, whole)]),
    ),
    foreign,
  };
}

/**
 * A member remembers the record that its last update followed; a record that is older was put back from a backup, and
 * may say of a member
 * that serves that it is to be destroyed. @throws EBG-RECORD-LOST
 */
export async function refuseOlderRecord(
  ports: Pick<Ports, "pulumi">,
  { record, members }: Pick<Family, "record" | "members">,
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
