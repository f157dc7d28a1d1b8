/** Whether what hooks would run is there: a rollout is not begun that would stop at the first of them. */
import type { EnvironmentConfig } from "../../stacks/config";
import type { Step } from "../../stacks/record";
import type { Finding } from "../finding";
import { actionOf, hooksAround } from "../planning/hooks";
import type { HooksPort } from "../ports/hooks";

/** `midway`: in the middle of a rollout it is advice; the hook itself stops it where it is needed. */
export async function hookFindings(
  port: HooksPort | undefined,
  { hooks = [] }: Pick<EnvironmentConfig, "hooks">,
  ahead: readonly Step[],
  midway: boolean,
): Promise<Finding[]> {
  const used = new Set(ahead.flatMap((step) => (step.type === "move" ? hooksAround(hooks, step.kind) : [])));
  const found = await Promise.all(
    [...used].map(async (hook): Promise<Finding[]> => {
      const { name, at } = hook;
      const action = actionOf(hook);
      const why = (await port?.lacks(action)) ?? null;
      if (why === null) return [];
      return [
        {
          code: "EBG-PREFLIGHT",
          severity: midway ? "recommended" : "required",
          message: `hook ${name} (${at}) can't be run: ${why}`,
          remedy:
            action.kind === "command"
              ? "put the program there (a path is from the project's folder, and it must be executable), or correct " +
                "hooks[].command"
              : "set the variable where the driver runs, or correct hooks[].webhook",
        },
      ];
    }),
  );
  return found.flat();
}
