/**
 * Reads what other stacks, and this one, last recorded. The engine's own function behind `StackReference` is called
 * directly: its
 * failure can be caught (a StackReference's can't), and it adds no `read` to the plan of a move.
 */
import * as pulumi from "@pulumi/pulumi";

export type StackReading =
  | {
      readonly kind: "outputs";
      readonly outputs: Readonly<Record<string, unknown>>;
      /** Names of those that are secret: the engine answers all of them in clear. */
      readonly secretNames: readonly string[];
    }
  /** There is no such stack. */
  | { readonly kind: "missing" }
  /** Nothing is known: no permission, no connection, a broken state. */
  | { readonly kind: "failed"; readonly message: string };

/** Full name of a stack of this project. */
export function siblingStack(stack: string): string {
  return `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

async function invoke(token: string, args: Record<string, unknown>): Promise<StackReading> {
  try {
    const answer = (await pulumi.runtime.invoke(token, args, {})) as
      { readonly outputs?: Record<string, unknown>; readonly secretOutputNames?: readonly string[] } | undefined;
    return { kind: "outputs", outputs: answer?.outputs ?? {}, secretNames: answer?.secretOutputNames ?? [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return /unknown stack "|no stack named '/.test(message) ? { kind: "missing" } : { kind: "failed", message };
  }
}

/** The outputs that a stack recorded last; empty when it never finished an update. */
export function readStackOutputs(stack: string): Promise<StackReading> {
  return invoke("pulumi:pulumi:readStackOutputs", { name: siblingStack(stack) });
}

/** URNs of what a stack has; null: nobody can tell. */
export async function readStackUrns(stack: string): Promise<readonly string[] | null> {
  const reading = await invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: siblingStack(stack) });
  return reading.kind === "outputs" ? Object.keys(reading.outputs) : null;
}

/** Whether a stack holds anything besides itself and providers. */
export async function readStackIsEmpty(stack: string): Promise<"empty" | "in-use" | { readonly unknown: string }> {
  const reading = await invoke("pulumi:pulumi:readStackResourceOutputs", { stackName: siblingStack(stack) });
  switch (reading.kind) {
    case "missing":
      return "empty";
    case "failed":
      return { unknown: reading.message };
    case "outputs":
      return Object.keys(reading.outputs).every((urn) => /::pulumi:(pulumi:Stack|providers:[^:]+)::/.test(urn))
        ? "empty"
        : "in-use";
    default:
      return reading satisfies never;
  }
}
