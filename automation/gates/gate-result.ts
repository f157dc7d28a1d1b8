/** What a gate answers. Deciding is pure: observation, memory of earlier rounds and the time come in as data. */

/** Why a gate waits or fails. Stable texts: they are in the NDJSON events. */
export type GateReason =
  | "unknown"
  | "api-server"
  | "nodes"
  | "controller"
  | "workload"
  | "external"
  | "before-admission"
  | "images"
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
  | "weights"
  | "lost";

export type Decision =
  | { readonly status: "passed"; readonly message: string }
  | {
      readonly status: "waiting";
      readonly reason: GateReason;
      readonly message: string;
      /** Milliseconds since 1970; null: look again at the next round. */ readonly retryAt: number | null;
      /** All is as it should be and takes its time: the gate's timeout does not count it. Absent: it does. */
      readonly expected?: true;
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
  /** Since when nothing was bad, though not all need be as it must be yet. */
  readonly calmSince?: number;
  /** Of targets that are held one by one, since when each has been good. */
  readonly held?: HeldTargets;
  /** Since when nothing is registered any more and connections are let to their end. */
  readonly drainingSince?: number;
  /** Since when every route has had the weights that it should have. */
  readonly weightsSince?: number;
  /** Since when every request has been answered, and whether that has been so for as long as failures are tolerated. */
  readonly answeredSince?: number;
  readonly answered?: true;
  /** Since when nobody else who serves has had a healthy target. */
  readonly aloneSince?: number;
  /** Since when targets are missing that the driver is getting back. */
  readonly driftSince?: number;
}
export interface HeldTargets {
  /** Milliseconds since 1970 by `service|ip:port`; without those that are not good now. */
  readonly since: Readonly<Record<string, number>>;
  /** By service: how many were good together when it was all of them. Those that come later need not be held. */
  readonly count: Readonly<Record<string, number>> | null;
}
export const freshMemory: GateMemory = { goodSince: null, badSince: null };
export interface Decided {
  readonly decision: Decision;
  readonly memory: GateMemory;
}

export const passed = (message: string): Decision => ({ status: "passed", message });
export type Waiting = Extract<Decision, { readonly status: "waiting" }>;
export const waiting = (reason: GateReason, message: string, retryAt: number | null = null): Waiting => ({
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
  const { calmSince: _calm, held, ...rest } = memory;
  // Whoever is held begins anew; how many there were is remembered.
  const begun = { ...rest, goodSince: null, ...(held === undefined ? {} : { held: { ...held, since: {} } }) };
  if (decision.status === "waiting" && decision.reason === "drift") {
    const driftSince = memory.driftSince ?? now;
    const late = now - driftSince >= Math.max(repairMs, toleratedMs);
    return { decision: late ? failed("drift", decision.message, remedy) : decision, memory: { ...begun, driftSince } };
  }
  const badSince = memory.badSince ?? now;
  const late = decision.status === "waiting" && now - badSince >= toleratedMs;
  return {
    decision: late ? failed(decision.reason, decision.message, remedy) : decision,
    memory: { ...begun, badSince, forgivenAfterMs: toleratedMs },
  };
}

/** What was not told is neither good nor bad: the memory stays as it is. */
export const untold = (memory: GateMemory, decision: Decision): Decided => ({ decision, memory });

/** Nothing is bad now. What was bad is forgotten when that has been so for `forgivenAfterMs`. */
function calm(memory: GateMemory, now: number): GateMemory {
  const { driftSince: _repaired, ...rest } = memory;
  const calmSince = memory.calmSince ?? now;
  const forgiven = now - calmSince >= (memory.forgivenAfterMs ?? 0);
  return { ...rest, calmSince, ...(forgiven ? { badSince: null } : {}) };
}

/** Nothing is bad, but something is not as it must be yet: what must stay good for a time begins anew. */
export const incomplete = (memory: GateMemory, now: number, decision: Decision): Decided => ({
  decision,
  memory: { ...calm(memory, now), goodSince: null },
});

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
  const next: GateMemory = { ...calm(memory, now), goodSince };
  if (now >= until) return { decision: passed(done), memory: next };
  return { decision: holding(waitingFor, what, until, now), memory: next };
}

export const holding = (reason: "hold" | "bake", what: string, until: number, now: number): Decision => ({
  status: "waiting",
  reason,
  message: `${what} (${Math.ceil((until - now) / 1000)} s left)`,
  retryAt: until,
  expected: true,
});

export const isUnknown = (decision: Decision | null): boolean =>
  decision?.status === "waiting" && decision.reason === "unknown";

/** `a, b and 3 more`: messages stay readable with hundreds of targets. */
export function listing(names: readonly string[], most = 4): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
