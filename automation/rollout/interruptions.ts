import type { DriverErrorCode } from "../errors";
import type { GateReason } from "../gates/gate-result";
import type { Ports } from "../ports";

/**
 * The rollout ends here, on purpose: everything is in order, the record says where to go on, and a person has to do
 * something first.
 */
export class Stop extends Error {
  constructor(
    readonly code: DriverErrorCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = "Stop";
  }
}

/** A gate failed (or a move could not be made): the rollout turns back, if that is better than staying. */
export class GateFailed extends Error {
  /** What the gate saw; null: no gate, but a move that could not be made. */
  readonly reason: GateReason | null;
  constructor(
    readonly code: DriverErrorCode,
    message: string,
    readonly remedy: string,
    options?: { cause?: unknown; reason?: GateReason },
  ) {
    super(message, options);
    this.name = "GateFailed";
    this.reason = options?.reason ?? null;
  }
}

export const stopRequested = (command: string): Stop =>
  new Stop("EBG-STOPPED", "stopped as asked, at a safe point", `go on with: ${command}`);

/** Ten seconds between two looks at the same. @throws Stop when the run is to stop */
export async function betweenLooks({ ports: { clock }, options }: Resting): Promise<void> {
  await clock.sleep(Math.max(clock.scaled(10), 1000), options.stop);
  if (options.stop.aborted) throw stopRequested(options.commandName);
}

/** What of a session that takes. */
interface Resting {
  readonly ports: Pick<Ports, "clock">;
  readonly options: { readonly stop: AbortSignal; readonly commandName: string };
}
