/** What a gate answers. Deciding is pure: observation, memory of earlier rounds and the time come in as data. */

/** Why a gate waits or fails. Stable texts: they are in the NDJSON events. */
export type GateReason =
  | "unknown"
  | "api-server"
  | "nodes"
  | "controller"
  | "workload"
  | "no-endpoints"
  | "not-recorded"
  | "not-registered"
  | "initial"
  | "unhealthy"
  | "one-sided-flag"
  | "peers-missing"
  | "peers-unhealthy"
  | "probe"
  | "hold"
  | "still-registered"
  | "draining"
  | "leftovers"
  | "pods"
  | "alarm"
  | "bake"
  | "not-declared"
  | "last-active"
  | "timeout"
  | "version"
  | "addons"
  | "capacity"
  | "drift"
  | "lost";

export type Decision =
  | { readonly status: "passed"; readonly message: string }
  | {
      readonly status: "waiting";
      readonly reason: GateReason;
      readonly message: string;
      /** Milliseconds since 1970; null: look again at the next round. */ readonly retryAt: number | null;
    }
  | { readonly status: "failed"; readonly reason: GateReason; readonly message: string; readonly remedy: string };

/** What a gate remembers from round to round, as milliseconds since 1970; null: not so now. */
export interface GateMemory {
  readonly goodSince: number | null;
  /**
   * Since when it has been bad, again and again: good rounds in between are forgotten until there were
   * `forgivenAfterMs` of them in a row.
   */
  readonly badSince: number | null;
  readonly forgivenAfterMs?: number;
  /** Since when targets are missing that the driver is getting back. */
  readonly driftSince?: number;
}
export const freshMemory: GateMemory = { goodSince: null, badSince: null };
export interface Decided {
  readonly decision: Decision;
  readonly memory: GateMemory;
}

export const passed = (message: string): Decision => ({ status: "passed", message });
export const waiting = (reason: GateReason, message: string, retryAt: number | null = null): Decision => ({
  status: "waiting",
  reason,
  message,
  retryAt,
});
export const failed = (reason: GateReason, message: string, remedy: string): Decision => ({
  status: "failed",
  reason,
  message,
  remedy,
});

/**
 * Not good now: what was good before starts anew. `toleratedMs` of it become a failure, also when some rounds in
 * between look good: where
 * half the targets fail, every few rounds all requests happen to reach the other half. `repairMs`: as long as targets
 * that were taken away
 * may need to come back; nothing else is tolerated for longer meanwhile.
 */
export function bad(
  memory: GateMemory,
  now: number,
  toleratedMs: number,
  decision: Decision,
  remedy: string,
  repairMs = toleratedMs,
): Decided {
  if (decision.status === "waiting" && decision.reason === "drift") {
    const driftSince = memory.driftSince ?? now;
    const late = now - driftSince >= Math.max(repairMs, toleratedMs);
    return {
      decision: late ? failed("drift", decision.message, remedy) : decision,
      memory: { ...memory, goodSince: null, driftSince },
    };
  }
  const badSince = memory.badSince ?? now;
  if (decision.status === "waiting" && now - badSince >= toleratedMs) {
    return {
      decision: failed(decision.reason, decision.message, remedy),
      memory: { goodSince: null, badSince, forgivenAfterMs: toleratedMs },
    };
  }
  return { decision, memory: { goodSince: null, badSince, forgivenAfterMs: toleratedMs } };
}

/** Still waiting for something that takes its time; only the gate's timeout ends it. */
export const notYet = (decision: Decision): Decided => ({ decision, memory: freshMemory });

/** Everything is good: passes once it has been so for `holdMs`. */
export function goodFor(
  memory: GateMemory,
  now: number,
  holdMs: number,
  waitingFor: "hold" | "bake",
  what: string,
  done: string,
): Decided {
  const goodSince = memory.goodSince ?? now;
  const until = goodSince + holdMs;
  const forgiven = now - goodSince >= (memory.forgivenAfterMs ?? 0);
  const { driftSince: _repaired, ...rest } = memory;
  const next: GateMemory = forgiven ? { goodSince, badSince: null } : { ...rest, goodSince };
  if (now >= until) return { decision: passed(done), memory: next };
  return { decision: waiting(waitingFor, `${what} (${Math.ceil((until - now) / 1000)} s left)`, until), memory: next };
}

/** `a, b and 3 more`: messages stay readable with hundreds of targets. */
export function listing(names: readonly string[], most = 4): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
