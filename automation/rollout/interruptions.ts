import type { DriverErrorCode } from "../errors";
import type { GateReason } from "../gates/gate-result";

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
