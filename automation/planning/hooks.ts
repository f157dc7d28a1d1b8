/** Which of the user's own commands belong to a move. Pure. */
import type { HookConfig, HookPoint } from "../../stacks/config";
import type { MoveKind } from "../../stacks/record";

const points: Readonly<Partial<Record<MoveKind, HookPoint>>> = {
  provision: "after-provision",
  admit: "before-admit",
  drain: "after-drain",
  retire: "before-retire",
};

export const hooksAround = (hooks: readonly HookConfig[], kind: MoveKind): readonly HookConfig[] =>
  hooks.filter(({ at }) => at === points[kind]);
