/** How a command of the user's own is run. */

/** Variables that a command gets (docs/how-to/hooks.md). */
export const hookVariable = (name: string): string => `EKS_BLUE_GREEN_HOOK_${name}`;

export interface HookCall {
  readonly command: readonly string[];
  /** On top of the driver's own environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Of real time: a command outside knows no other. */
  readonly timeoutMs: number;
}
/** `why`: for people; other people's text in it is one line. */
export type HookEnd = { readonly kind: "done" } | { readonly kind: "failed"; readonly why: string };

export interface HooksPort {
  /** Never rejects. Aborted: the command is ended, and counts as failed. */
  run(call: HookCall, cancel: AbortSignal): Promise<HookEnd>;
  /** Why the command's program can't be started, as far as can be seen; null: nothing speaks against it. */
  lacks(command: readonly string[]): Promise<string | null>;
}
