/** What whoever runs a command gives to it: where events go, what stops it, who is asked. */
import type { HookConfig } from "../../stacks/config";
import type { EventSink } from "../events";

export interface SessionOptions {
  readonly emit: EventSink;
  /** Aborted: stop at the next safe point. */
  readonly stop: AbortSignal;
  /** Aborted: cancel the engine. */
  readonly cancel: AbortSignal;
  /** Whether `retire` may be done; asked once, when it is its turn. */
  readonly approveRetire: (member: string) => Promise<boolean>;
  readonly commandName: string;
  readonly probes: boolean;
  /** Of the project's own config file, never of a state: whoever writes that would choose what is run. Default: none. */
  readonly hooks?: readonly HookConfig[];
}
