/**
 * Stacks' names are `<environment>-<member>`, and both may have dashes: `dev` with `eu-blue` and `dev-eu` with `blue`
 * are one stack, and a member's stack may have an environment's name. Such names are refused when the other exists.
 */
import type { Problem } from "../../components/internal/problems";
import { RECORD_LOST } from "../contract";
import { readStackOutputs } from "../shared/stack-outputs";

/** Reads a stack's last outputs; null: there is none, or it has none. Throws when nobody can tell. */
export type ReadOutputs = (stack: string) => Promise<Readonly<Record<string, unknown>> | null>;

const outputsOf: ReadOutputs = async (stack) => {
  const reading = await readStackOutputs(stack);
  if (reading.kind === "failed")
    throw new Error(
      `${RECORD_LOST}: whether stack '${stack}' is an environment of its own can't be found out: ${reading.message}. ` +
        "Check the backend and your permission to read that stack, then run the command again",
    );
  return reading.kind === "outputs" ? reading.outputs : null;
};

/** Every way to read a stack's name as environment and member. */
export function readingsOf(stack: string): readonly { readonly environment: string; readonly member: string }[] {
  return [...stack.matchAll(/-/g)].flatMap(({ index }) => {
    const [environment, member] = [stack.slice(0, index), stack.slice(index + 1)];
    return environment === "" || member === "" ? [] : [{ environment, member }];
  });
}

const membersOf = (outputs: Readonly<Record<string, unknown>> | null): readonly string[] => {
  const placement = (outputs?.["record"] as { readonly placement?: unknown } | undefined)?.placement;
  return typeof placement === "object" && placement !== null ? Object.keys(placement) : [];
};

/** The environment that has this stack as a member's; null: none. */
export async function memberStackOf(
  stack: string,
  read: ReadOutputs = outputsOf,
): Promise<{ readonly environment: string; readonly member: string } | null> {
  for (const { environment, member } of readingsOf(stack))
    if (membersOf(await read(environment)).includes(member)) return { environment, member };
  return null;
}

/** For members that the record does not know yet; nothing is read for names that have one reading only. */
export async function nameCollisions(
  environment: string,
  members: readonly string[],
  read: ReadOutputs = outputsOf,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const member of members) {
    const stack = `${environment}-${member}`;
    const refuse = (whose: string): void =>
      void problems.push({
        path: "members",
        value: member,
        rule: `its stack would be '${stack}', which is ${whose}`,
        remedy: `Give the member another name, or keep this environment in a project of another name`,
      });
    if (membersOf(await read(stack)).length > 0) {
      refuse(`the environment '${stack}' itself`);
      continue;
    }
    for (const other of readingsOf(stack)) {
      if (other.environment === environment || !membersOf(await read(other.environment)).includes(other.member))
        continue;
      refuse(`that of member '${other.member}' of environment '${other.environment}'`);
    }
  }
  return problems;
}
