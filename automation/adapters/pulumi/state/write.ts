/** A stack's state as a whole, out of the backend and back into it; secrets stay encrypted. */
import { join } from "node:path";
import { DriverError } from "../../../errors";
import type { Clock } from "../../../ports";
import { withTemporaryFolder, writePrivateFile } from "../../temporary-folders";

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  external?: boolean;
  delete?: boolean;
  parent?: string;
  provider?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}
export interface State {
  deployment?: { resources?: StateResource[]; pending_operations?: { resource: StateResource; type: string }[] };
}

/** What reading and mending a state needs of the engine. */
export interface StackCli {
  readonly options: { readonly clock: Clock; readonly note: (message: string) => void };
  /** A plain CLI command; answers its stdout. */
  command(stack: string, args: readonly string[], seconds?: number): Promise<string>;
  /** Resolves when nobody holds the stack: whether somebody did. */
  untilFree(stack: string): Promise<boolean>;
}

/** Seconds of AWS's time for reading a handful of resources. */
const refreshSeconds = 1800;

/** null when there is no such stack. `secrets`: as the backend has them unless they are asked for. */
export async function exported(
  engine: StackCli,
  stack: string,
  secrets: "encrypted" | "with secrets" = "encrypted",
): Promise<State | null> {
  const shown = secrets === "with secrets" ? ["--show-secrets"] : [];
  try {
    return JSON.parse(await engine.command(stack, ["stack", "export", ...shown, "--stack", stack])) as State;
  } catch (error) {
    if (error instanceof DriverError && error.code === "EBG-UNKNOWN-STACK") return null;
    throw error;
  }
}

export async function writeState(engine: StackCli, stack: string, state: State): Promise<void> {
  await withTemporaryFolder("state", async (folder) => {
    const file = join(folder, "state.json");
    writePrivateFile(file, JSON.stringify(state));
    await engine.command(stack, ["stack", "import", "--file", file, "--stack", stack]);
  });
}

/** Reads these resources alone; what is not there any more leaves the state. */
export async function refreshOnce(engine: StackCli, stack: string, urns: readonly string[]): Promise<void> {
  await engine.command(
    stack,
    ["refresh", "--yes", "--skip-preview", "--stack", stack, ...urns.flatMap((urn) => ["--target", urn])],
    refreshSeconds,
  );
}
