/** How a command of the user's own is run, and a webhook called. */

/** Variables that a command gets (docs/how-to/hooks.md). */
export const hookVariable = (name: string): string => `EKS_BLUE_GREEN_HOOK_${name}`;

/** What a hook does: one of the two. */
export type HookAction =
  | { readonly kind: "command"; readonly command: readonly string[] }
  /** `tokenVariable`: environment variable with the bearer token; null: none is sent. */
  | { readonly kind: "webhook"; readonly url: string; readonly tokenVariable: string | null };

/** For which member of what it is run. */
export interface HookFacts {
  /** The same for every attempt at the same step, also of a driver that takes it over. */
  readonly id: string;
  readonly name: string;
  readonly at: string;
  readonly environment: string;
  readonly member: string;
  /** Name of the EKS cluster. */
  readonly cluster: string;
  readonly region: string;
  /** Kubernetes minor; empty: not known. */
  readonly kubernetesVersion: string;
  /** What is under way, as typed. */
  readonly command: string;
  readonly direction: "forward" | "back";
}

export interface HookCall {
  readonly action: HookAction;
  /** A command gets them as variables on top of the driver's own environment, a webhook as its JSON. */
  readonly facts: HookFacts;
  /** Of real time: what is outside knows no other. */
  readonly timeoutMs: number;
}
/** `why`: for people; other people's text in it is one line. */
export type HookEnd = { readonly kind: "done" } | { readonly kind: "failed"; readonly why: string };

export interface HooksPort {
  /** Never rejects. Aborted: it is ended, and counts as failed. */
  run(call: HookCall, cancel: AbortSignal): Promise<HookEnd>;
  /** Why it can't be begun, as far as can be seen; null: nothing speaks against it. */
  lacks(action: HookAction): Promise<string | null>;
}
