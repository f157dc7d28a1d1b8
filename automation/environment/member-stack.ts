/**
 * Whose a member's stack is. Names may have dashes, so `dev` with `eu-blue` and `dev-eu` with `blue` mean one stack:
 * what is read, taken over or destroyed must say itself that it is this environment's and this member's.
 */
import type { MemberOutputs } from "../../stacks/contract";
import type { EnvironmentRecord, Step } from "../../stacks/record";
import { DriverError } from "../errors";
import type { PulumiPort, StackOwner, StackReading } from "../ports";
import { withSoundNames } from "./member-names";

/** What the stack says of itself; null: nothing (it is missing, empty, or none of ours). */
export function ownerOf({ outputs, owner }: Pick<StackReading<unknown>, "outputs" | "owner">): StackOwner | null {
  const said = (outputs ?? {}) as { readonly environment?: unknown; readonly member?: unknown };
  if (typeof said.environment !== "string") return owner ?? null;
  return { environment: said.environment, member: typeof said.member === "string" ? said.member : null };
}

/** Whom the stack belongs to instead, in words; null when it is this member's, or holds nothing yet. */
export function foreignTo(
  reading: Pick<StackReading<unknown>, "outputs" | "owner" | "resources">,
  environment: string,
  member: string,
): string | null {
  const owner = ownerOf(reading);
  if (owner === null) {
    if (reading.outputs !== null) return "a program that is none of this package's (its outputs name no member)";
    return reading.resources > 0 ? "nobody can tell whom (it has resources, and nothing names their member)" : null;
  }
  if (owner.member === null) return `the environment '${owner.environment}' itself`;
  return owner.environment === environment && owner.member === member
    ? null
    : `member '${owner.member}' of environment '${owner.environment}'`;
}

export const foreignStack = (environment: string, member: string, whose: string): DriverError =>
  new DriverError(
    "EBG-FOREIGN-STACK",
    `stack ${environment}-${member} is not that of member '${member}' of '${environment}': it belongs to ${whose}. ` +
      "It was not touched",
    `give the member another name in eks-blue-green:members (of ${environment}), or deploy it from a project of ` +
      `another name; when Pulumi.${environment}-${member}.yaml merely names the wrong keys, correct them`,
  );

/** The stack of one member. @throws EBG-FOREIGN-STACK, EBG-RECORD-INVALID */
export async function readMemberStack(
  pulumi: Pick<PulumiPort, "readMember">,
  environment: string,
  member: string,
): Promise<StackReading<MemberOutputs>> {
  const reading = await pulumi.readMember(member);
  const whose = foreignTo(reading, environment, member);
  if (whose !== null) throw foreignStack(environment, member, whose);
  withSoundNames(reading.outputs, `${environment}-${member}`);
  return reading;
}

/**
 * An open provision of a name that is somebody else's can't go on; it can only be taken back, and nothing of it is
 * there. @throws EBG-FOREIGN-STACK
 */
export function refuseForeignProvision(
  { intent }: Pick<EnvironmentRecord, "intent">,
  foreign: Readonly<Record<string, string>>,
  environment: string,
): void {
  if (intent?.move.kind !== "provision") return;
  const whose = foreign[intent.move.member];
  if (whose === undefined) return;
  const { message } = foreignStack(environment, intent.move.member, whose);
  throw new DriverError(
    "EBG-FOREIGN-STACK",
    message,
    `take the rollout back, which leaves that stack as it is: eks-blue-green rollback --stack ${environment}; then ` +
      "give the member another name in eks-blue-green:members",
  );
}

/** Before anything is written: names that are to be made must be free, or their own. @throws EBG-FOREIGN-STACK */
export async function refuseForeignStacks(
  pulumi: Pick<PulumiPort, "readMember">,
  environment: string,
  steps: readonly Step[],
): Promise<void> {
  const made = steps.flatMap((step) => (step.type === "move" && step.kind === "provision" ? [step.member] : []));
  await Promise.all(made.map((member) => readMemberStack(pulumi, environment, member)));
}
