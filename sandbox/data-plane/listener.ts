/** What the listeners of both kinds of load balancer have in common. */
import type net from "node:net";
import type { DataPlaneListener, DataPlaneTimes } from "../contract";
import type { Fabric } from "../fabric/dial";
import type { LossLog } from "./loss-log";
import type { NodeViews } from "./node-views";
import type { Random } from "./random";
import type { TargetGroups } from "./targets";

export interface ListenerCounts {
  open: number;
  accepted: number;
  refused: number;
}

/** By `ip:port` of a target. */
export interface TargetCounts {
  open: number;
  accepted: number;
  failed: number;
  reset: number;
}

/** What all listeners share. */
export interface Surroundings {
  readonly fabric: Fabric;
  readonly groups: TargetGroups;
  readonly timeScale: number;
  readonly times: DataPlaneTimes;
  readonly losses: LossLog;
  readonly random: Random;
  readonly counts: Map<string, TargetCounts>;
}

export function countsOf(
  { counts }: Surroundings,
  { id, port }: { readonly id: string; readonly port: number },
): TargetCounts {
  const key = `${id}:${port}`;
  const found = counts.get(key) ?? { open: 0, accepted: 0, failed: 0, reset: 0 };
  counts.set(key, found);
  return found;
}

/** A listener that serves; the balancer opens its socket. */
export interface Service {
  readonly server: net.Server;
  /** Nobody may listen before. */
  readonly ready: Promise<void>;
  readonly views: NodeViews;
  readonly counts: ListenerCounts;
  /** Its settings have changed, besides routing and socket. */
  update(spec: DataPlaneListener): void;
  cutIdle(now: number): void;
  /** Takes nothing new; what is under way goes on. */
  close(): void;
  /** Ends everything at once. */
  destroy(): void;
}
