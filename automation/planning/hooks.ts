/** Which of the user's own hooks belong to a move, and what they do. Pure. */
import type { HookConfig, HookPoint } from "../../stacks/config";
import type { MoveKind } from "../../stacks/record";
import type { HookAction } from "../ports/hooks";

const points: Readonly<Partial<Record<MoveKind, HookPoint>>> = {
  provision: "after-provision",
  admit: "before-admit",
  drain: "after-drain",
  retire: "before-retire",
};

export const hooksAround = (hooks: readonly HookConfig[], kind: MoveKind): readonly HookConfig[] =>
  hooks.filter(({ at }) => at === points[kind]);

/** The config has one of the two. */
export const actionOf = ({ command = [], webhook }: HookConfig): HookAction =>
  webhook === undefined
    ? { kind: "command", command }
    : { kind: "webhook", url: webhook.url, tokenVariable: webhook.tokenVariable ?? null };

/** `POST https://…` without a query, which may have a secret. */
export function describeWebhook(url: string): string {
  const { origin, pathname } = new URL(url);
  return `POST ${origin}${pathname}`;
}

/** One line, for people. */
export const describeAction = (action: HookAction): string =>
  action.kind === "command" ? action.command.join(" ") : describeWebhook(action.url);
