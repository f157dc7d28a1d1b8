import assert from "node:assert/strict";
import { addUp, joinSummaries } from "../../../../automation/cli/rehearsal/load-figures";
import type { LoadSummary } from "../../../../sandbox/contract";

const summary = (change: Partial<LoadSummary>): LoadSummary => ({
  startedAt: "2026-11-21T12:00:00Z",
  seconds: 10,
  sent: 100,
  succeeded: 100,
  failed: 0,
  idleResets: 0,
  byConnection: { new: { sent: 50, failed: 0 }, "kept-alive": { sent: 50, failed: 0 } },
  failuresByKind: {},
  byMember: { blue: 100 },
  failedByMember: {},
  latencyMs: { p50: 1, p99: 5, max: 9 },
  schedulingLagMs: { p50: 0, p99: 1, max: 2 },
  void: false,
  firstFailures: [],
  ...change,
});

describe("figures of several load clients", () => {
  it("one client's are its own", () => assert.deepEqual(joinSummaries([summary({})]), summary({})));

  it("counts add up, and a failure or a starved client anywhere is everybody's", () => {
    const joined = joinSummaries([
      summary({}),
      summary({
        sent: 7,
        succeeded: 5,
        failed: 2,
        idleResets: 1,
        byConnection: { new: { sent: 4, failed: 1 }, "kept-alive": { sent: 3, failed: 1 } },
        byMember: { blue: 2, green: 3 },
        failuresByKind: { reset: 2 },
        latencyMs: { p50: 2, p99: 3, max: 4 },
        void: true,
      }),
    ]);
    assert.deepEqual([joined.sent, joined.failed, joined.idleResets, joined.void], [107, 2, 1, true]);
    assert.deepEqual(joined.byMember, { blue: 102, green: 3 });
    assert.deepEqual(joined.byConnection, { new: { sent: 54, failed: 1 }, "kept-alive": { sent: 53, failed: 1 } });
    assert.deepEqual(joined.failuresByKind, { reset: 2 });
  });

  it("percentiles are never better than the worst client's", () => {
    assert.deepEqual(
      joinSummaries([
        summary({ latencyMs: { p50: 1, p99: 50, max: 60 } }),
        summary({ latencyMs: { p50: 3, p99: 5, max: 90 } }),
      ]).latencyMs,
      { p50: 3, p99: 50, max: 90 },
    );
  });

  it("names that only some know count", () => assert.deepEqual(addUp([{ a: 1 }, {}, { a: 2, b: 3 }]), { a: 3, b: 3 }));
});
