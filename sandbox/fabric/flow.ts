/** One flow: a client's connection and the one to its target, joined both ways as TCP would show it. */
import type { Socket } from "node:net";
import { breakOff } from "./break-off";

/**
 * Bytes and ends go on to the other side, each way for itself (half-close). An error of a socket is a reset or a
 * time-out of
 * its peer: the other side must see a reset too, and not an orderly end.
 */
export class Flow {
  /** Date.now() of the last byte, either way. */
  lastActive = Date.now();
  private open = 2;
  private over = false;
  private connected = false;
  private brokenByTarget = false;

  /** `brokenByTarget`: it was the target that refused or broke off the connection, not the client. */
  constructor(
    private readonly client: Socket,
    private readonly target: Socket,
    private readonly ended: (
      flow: Flow,
      how: { readonly connected: boolean; readonly brokenByTarget: boolean },
    ) => void,
  ) {
    target.once("connect", () => (this.connected = true));
    this.carry(client, target);
    this.carry(target, client);
  }

  /** By hand, not pipe(): a third of the handlers, at a thousand new flows a second. */
  private carry(from: Socket, to: Socket): void {
    from.on("data", (data) => {
      this.lastActive = Date.now();
      if (!to.write(data)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    from.on("error", () => this.broken(from));
    from.on("close", () => {
      // Closed before it ended both ways: a reset that came without 'error'.
      if (!from.readableEnded || !from.writableFinished) this.broken(from);
      else if (--this.open === 0) this.finish();
    });
  }

  private broken(by: Socket): void {
    if (!this.over) this.brokenByTarget = by === this.target;
    this.cut();
  }

  /** Resets both sides. */
  cut(): void {
    if (this.over) return;
    breakOff(this.client);
    breakOff(this.target);
    // Not left to 'close': node doesn't emit it when the reset meets a shutdown under way.
    this.finish();
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.ended(this, { connected: this.connected, brokenByTarget: this.brokenByTarget });
  }
}
