/**
 * A Service that was given back: the state has it as it was in between. A refresh reads those fields alone that the
 * state's inputs have, with Pulumi's kubernetes provider (v4.34.2): what the Service had lost meanwhile is a change that
 * every later command would meet.
 */
import { DriverError } from "../errors";
import { onlyServices } from "../policy/adoption-policy";
import type { PulumiPort } from "../ports";

type Pulumi = Pick<PulumiPort, "preview" | "apply" | "backUpState">;

/**
 * Writes the Service as the program has it, which is how it is in the cluster. Anything else that the stack would change
 * keeps it from that, and whoever comes next is told of what is pending.
 */
export async function writeServiceAgain(
  pulumi: Pulumi,
  member: string,
  expectedRevision: number,
  cancel: AbortSignal,
): Promise<void> {
  const stack = { kind: "member", member } as const;
  const context = { kind: "act", expectedRevision } as const;
  try {
    const previewed = await pulumi.preview(stack, context, cancel);
    if (!onlyServices(previewed.operations)) return;
    await pulumi.backUpState(stack);
    await pulumi.apply(stack, context, previewed.plan, cancel);
  } catch (error) {
    // The hand-over is undone, whatever becomes of this.
    if (!(error instanceof DriverError)) throw error;
  }
}
