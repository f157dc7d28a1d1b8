/**
 * What the load balancers could not deliver, and the state that the target was in: without it a lost request can't be
 * explained afterwards.
 */
import type { DataPlaneListener } from "../contract";
import type { RoutedTarget } from "./routing";

/** A target that is gone loses hundreds of connections alike: the first few of each second say all. */
const PER_SECOND = 5;

export type Loss =
  | "no target"
  | "cut off by security groups"
  | "nothing at the address"
  | "refused by the target"
  | "reset by the target"
  | "no answer in time"
  | "deregistration delay over";

export class LossLog {
  private second = 0;
  private inSecond = 0;

  /** `write` gets one line of JSON for each loss. */
  constructor(private readonly write: (line: string) => void) {}

  add(loss: Loss, listener: DataPlaneListener, routed: RoutedTarget | null): void {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.second) [this.second, this.inSecond] = [second, 0];
    if (++this.inSecond > PER_SECOND) return;
    this.write(
      JSON.stringify({
        at: new Date(now).toISOString(),
        event: "connection-lost",
        loss,
        listener: `${listener.dnsName}:${listener.port}`,
        ...(routed === null ? {} : describe(routed, now)),
      }),
    );
  }
}

function describe({ target, health, healthSince }: RoutedTarget, now: number): Record<string, unknown> {
  const ago = (since: number | null): number | null => (since === null || since === 0 ? null : now - since);
  return {
    target: `${target.id}:${target.port}`,
    health,
    healthMs: ago(healthSince),
    registeredMs: ago(target.registeredAt),
    deregisteredMs: ago(target.deregisteredAt),
  };
}
