/** Several load clients' figures as one. Pure. */
import type { LoadSummary } from "../../../sandbox/contract";

export function addUp(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const part of parts) for (const [name, value] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

/** Counts add up. Percentiles can't be joined, so the worst client's stand for all: never better than the truth. */
export function joinSummaries(all: readonly LoadSummary[]): LoadSummary {
  const [first, ...others] = all;
  if (first === undefined) throw new Error("no load client has a summary");
  return others.reduce(
    (joined, one): LoadSummary => ({
      startedAt: joined.startedAt < one.startedAt ? joined.startedAt : one.startedAt,
      seconds: Math.max(joined.seconds, one.seconds),
      sent: joined.sent + one.sent,
      succeeded: joined.succeeded + one.succeeded,
      failed: joined.failed + one.failed,
      idleResets: joined.idleResets + one.idleResets,
      byConnection: {
        new: sumOf(joined.byConnection.new, one.byConnection.new),
        "kept-alive": sumOf(joined.byConnection["kept-alive"], one.byConnection["kept-alive"]),
      },
      failuresByKind: addUp([joined.failuresByKind, one.failuresByKind]),
      byMember: addUp([joined.byMember, one.byMember]),
      failedByMember: addUp([joined.failedByMember, one.failedByMember]),
      latencyMs: worst(joined.latencyMs, one.latencyMs),
      schedulingLagMs: worst(joined.schedulingLagMs, one.schedulingLagMs),
      void: joined.void || one.void,
      firstFailures: [...joined.firstFailures, ...one.firstFailures],
    }),
    first,
  );
}

type Counts = LoadSummary["byConnection"]["new"];
const sumOf = (a: Counts, b: Counts): Counts => ({ sent: a.sent + b.sent, failed: a.failed + b.failed });

type Percentiles = LoadSummary["latencyMs"];
const worst = (a: Percentiles, b: Percentiles): Percentiles => ({
  p50: Math.max(a.p50, b.p50),
  p99: Math.max(a.p99, b.p99),
  max: Math.max(a.max, b.max),
});
