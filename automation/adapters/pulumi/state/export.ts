/** A stack's state as a whole, out of the backend; `edit.ts` puts one back. Secrets stay encrypted. */
import { DriverError } from "../../../errors";
import type { Clock } from "../../../ports";

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  external?: boolean;
  delete?: boolean;
  protect?: boolean;
  parent?: string;
  provider?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  /** It exists, and an update did not get it ready: the next one goes on with it. */
  /** When it was last written, as RFC 3339. */
  modified?: string;
  initErrors?: string[];
}
export interface State {
  deployment?: { resources?: StateResource[]; pending_operations?: { resource: StateResource; type: string }[] };
}

export interface EksName {
  readonly name: string;
  readonly region: string;
}

/** What reading and mending a state needs of the engine. */
export interface StackCli {
  readonly options: { readonly clock: Clock; readonly note: (message: string) => void };
  /** A plain CLI command; answers its stdout. Waits for whoever holds the stack, and is then repeated. */
  command(stack: string, args: readonly string[], seconds?: number): Promise<string>;
  /** The same, never repeated. @throws LockedError when somebody holds the stack */
  commandOnce(stack: string, args: readonly string[]): Promise<string>;
  /**
   * Resolves when nobody holds the stack, as far as the backend tells without taking its lock: whether somebody did.
   */
  untilFree(stack: string): Promise<boolean>;
  /**
   * Resolves when the backend has said that nobody holds the stack, whichever backend it is: whether somebody did.
   * @throws EBG-STACK-LOCKED
   */
  untilProvenFree(stack: string): Promise<boolean>;
  /** The driver's own region of AWS. */
  region(): Promise<string>;
  /** The EKS cluster that is the stack's own, by the config and not by the state; null: it has none. */
  clusterOf(stack: string): Promise<EksName | null>;
}

/** Seconds of AWS's time for reading a handful of resources. */
const refreshSeconds = 1800;

/** null when there is no such stack. `secrets`: as the backend has them unless they are asked for. */
export async function exportText(
  engine: StackCli,
  stack: string,
  secrets: "encrypted" | "with secrets" = "encrypted",
): Promise<string | null> {
  const shown = secrets === "with secrets" ? ["--show-secrets"] : [];
  try {
    return await engine.command(stack, ["stack", "export", ...shown, "--stack", stack]);
  } catch (error) {
    if (error instanceof DriverError && error.code === "EBG-UNKNOWN-STACK") return null;
    throw error;
  }
}
/** null when there is no such stack. */
export async function exported(
  engine: StackCli,
  stack: string,
  secrets: "encrypted" | "with secrets" = "encrypted",
): Promise<State | null> {
  const text = await exportText(engine, stack, secrets);
  return text === null ? null : (JSON.parse(text) as State);
}

/** Reads these resources alone; what is not there any more leaves the state. */
export async function refreshOnce(engine: StackCli, stack: string, urns: readonly string[]): Promise<void> {
  await engine.command(
    stack,
    ["refresh", "--yes", "--skip-preview", "--stack", stack, ...urns.flatMap((urn) => ["--target", urn])],
    refreshSeconds,
  );
}
