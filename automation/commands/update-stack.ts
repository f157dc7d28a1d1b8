/** A plain update of one stack, with the events that tell of it. */
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import type { Ports, StackRef } from "../ports";
import { typed } from "../text/command-line";
import { stackName } from "../text/stack-name";

export interface UpRun {
  readonly environment: string;
  readonly emit: EventSink;
  /** Aborted: no further stack is begun. */
  readonly stop: AbortSignal;
  /** Aborted: cancel the engine. */
  readonly cancel: AbortSignal;
  /** The config of the environment's stack. */
  readonly config: Readonly<Record<string, string>>;
  /** Whether to send requests to the load balancer; see EKS_BLUE_GREEN_PROBE. */
  readonly probes: boolean;
}

/** Counts of changes by operation, as the engine has them. */
export type Changes = Readonly<Record<string, number>>;

/** What a killed engine left is put in order first. @throws EBG-STOPPED, EBG-UPDATE-FAILED, … */
export async function updateStack(ports: Ports, run: UpRun, stack: StackRef): Promise<Changes> {
  const name = stackName(run.environment, stack);
  const tell = (
    status: "started" | "finished" | "failed",
    message: string,
    seconds: number | null = null,
    changes: Changes | null = null,
  ): void => run.emit({ kind: "stack", stack: name, status, message, seconds, changes });
  if (run.stop.aborted) throw new DriverError("EBG-STOPPED", `stopped before ${name}`, typed(run.environment, "up"));
  tell("started", "updating");
  try {
    await ports.pulumi.settle(stack);
    const { seconds, changes } = await ports.pulumi.update(stack, run.cancel);
    tell("finished", "updated", seconds, changes);
    return changes;
  } catch (error) {
    tell("failed", error instanceof Error ? error.message : String(error));
    throw error;
  }
}
