import assert from "node:assert/strict";
import fc from "fast-check";
import type { DriverEvent, DriverEventBody } from "../../../automation/events";
import { bar, overTime, seconds, table } from "../../../automation/report/format";
import { plainLine } from "../../../automation/report/plain";
import {
  answersPerSecond,
  healthyTargets,
  rehearsalSummary,
  type LoadFigures,
} from "../../../automation/cli/rehearsal/summary";
import { renderView } from "../../../automation/report/live";
import { emptyView, reduceView, type View } from "../../../automation/report/view-model";
import type { Step } from "../../../stacks/record";

const standby = { role: "standby", version: "1.35", workload: "running" } as const;
const active = { ...standby, role: "active" } as const;
const admit: Step = { type: "move", kind: "admit", member: "green", from: standby, to: active };
const drain: Step = { type: "move", kind: "drain", member: "green", from: active, to: standby };
const at = (body: DriverEventBody, second = 0): DriverEvent => ({ at: new Date(second * 1000).toISOString(), ...body });
const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, "");
const show = (events: readonly DriverEvent[], now = 10_000, columns = 100): string[] =>
  renderView(events.reduce<View>(reduceView, emptyView), now, { columns, rows: 100 }).map(plain);

const started = at({
  kind: "rollout-started",
  environment: "dev",
  rolloutId: "r1",
  strategy: "replace",
  from: "1.34",
  to: "1.35",
  steps: [admit, { type: "bake", seconds: 300, why: "green serves" }],
  done: 0,
  resumed: false,
  direction: "forward",
});
const goodLoad: LoadFigures = {
  sent: 1000,
  failed: 0,
  idleResets: 0,
  seconds: 10,
  byConnection: { new: { sent: 500, failed: 0 }, "kept-alive": { sent: 500, failed: 0 } },
  failuresByKind: {},
  latencyMs: { p50: 1, p99: 2, max: 3 },
  schedulingLagMs: { p99: 1, max: 2 },
  void: false,
};
const finished = at(
  {
    kind: "rollout-finished",
    outcome: "done",
    placement: {},
    seconds: 12,
    code: null,
    message: "green serves",
    remedy: null,
  },
  12,
);

describe("the live view", () => {
  it("lists every step from the start and says what a gate waits for, and why", () => {
    const lines = show([
      started,
      at({ kind: "step-started", index: 0, step: admit, resumed: false }, 4),
      at(
        {
          kind: "gate",
          index: 0,
          gate: "green serves",
          status: "waiting",
          reason: "initial",
          message: "2 of 3 targets are healthy",
          remedy: null,
        },
        5,
      ),
    ]);
    assert.match(lines[0] ?? "", /admit green 6\.0 s {2}waiting until green serves: 2 of 3 targets are healthy/);
    assert.match(lines[1] ?? "", /· bake 5 min 0 s \(green serves\)/);
  });

  it("shows a walk back as lines of its own, below the step that failed", () => {
    const lines = show([
      started,
      at({ kind: "step-started", index: 0, step: admit, resumed: false }),
      at({ kind: "walk-back", code: "EBG-GATE", message: "green answers 500", steps: [drain] }, 3),
    ]);
    assert.match(lines[0] ?? "", /✖ admit green .*green answers 500/);
    assert.ok(lines.some((line) => /walk back \(EBG-GATE\)/.test(line)));
    assert.ok(lines.some((line) => /· drain green/.test(line)));
  });

  it("shows targets by member and the load with its failures", () => {
    const lines = show([
      at({
        kind: "targets",
        byMember: {
          blue: { healthy: 2, initial: 0, draining: 1, unhealthy: 0 },
          green: { healthy: 0, initial: 3, draining: 0, unhealthy: 0 },
        },
      }),
      at({ kind: "load", sent: 12345, failed: 2, requestsPerSecond: 1000, byMember: {} }),
    ]);
    assert.ok(lines.some((line) => line.includes("blue ●●◌") && line.includes("green ◐◐◐")));
    assert.ok(
      lines.some(
        (line) => line.includes("1,000 requests/s") && line.includes("12,345 sent") && line.includes("2 failed"),
      ),
    );
  });

  it("shows the steps of a second command below the first's", () => {
    const lines = show([
      started,
      at({ kind: "step-finished", index: 0, step: admit, seconds: 6, phases: {} }),
      { ...started, steps: [drain] } as DriverEvent,
    ]);
    assert.deepEqual(
      lines.map((line) =>
        line
          .replace(/[^a-z ]/g, "")
          .trim()
          .split("  ")[0]
          ?.split(" ")
          .slice(0, 2)
          .join(" "),
      ),
      ["admit green", "bake", "drain green"],
    );
  });

  it("never draws a line wider than the terminal by more than the title needs", () => {
    const lines = show(
      [
        started,
        at({ kind: "step-started", index: 0, step: admit, resumed: false }),
        at({ kind: "phase-started", index: 0, phase: "act", message: "x".repeat(500) }),
      ],
      1000,
      80,
    );
    assert.ok((lines[0] ?? "").length <= 80, `${(lines[0] ?? "").length} columns`);
  });
});

describe("plain lines", () => {
  it("name the step, the gate, what it waits for and the remedy", () => {
    assert.equal(
      plainLine(
        at({
          kind: "gate",
          index: 3,
          gate: "drained",
          status: "failed",
          reason: "peers-missing",
          message: "3 targets are gone",
          remedy: "look",
        }),
      ),
      "00:00:00 step 4: gate drained failed: 3 targets are gone → look",
    );
  });
  it("are not written for samples", () => {
    assert.equal(plainLine(at({ kind: "targets", byMember: {} })), null);
  });
});

describe("the rehearsal's summary", () => {
  const figures = {
    title: "dev 1.34 → 1.35",
    timeScale: 60,
    events: [
      started,
      at({ kind: "step-finished", index: 0, step: admit, seconds: 6, phases: { begin: 1, act: 2, gate: 3 } }),
      finished,
    ],
    ledgerFile: null,
    setupSeconds: 5,
    totalSeconds: 20,
  };
  it("says that nothing failed only when nothing failed", () => {
    assert.match(
      plain(rehearsalSummary({ ...figures, load: goodLoad }).join("\n")),
      /✔ dev 1\.34 → 1\.35: done, green serves[^]*1,000 sent[^]*0 failed/,
    );
    assert.match(
      plain(rehearsalSummary({ ...figures, load: { ...goodLoad, idleResets: 1 } }).join("\n")),
      /✖ dev 1\.34/,
    );
    assert.match(
      plain(
        rehearsalSummary({ ...figures, load: { ...goodLoad, failed: 7, failuresByKind: { reset: 7 } } }).join("\n"),
      ),
      /✖ [^]*7 failed[^]*failures by kind: reset 7/,
    );
    assert.match(plain(rehearsalSummary({ ...figures, load: { ...goodLoad, void: true } }).join("\n")), /✖ [^]*VOID/);
    assert.match(
      plain(rehearsalSummary({ ...figures, events: [started], load: goodLoad }).join("\n")),
      /✖ .*the upgrade did not finish/,
    );
  });
  it("tells where each step's time went", () => {
    assert.ok(
      rehearsalSummary({ ...figures, load: goodLoad }).some((line) =>
        /admit green\s+6\.0 s\s+1\.0 s\s+-\s+2\.0 s\s+3\.0 s\s+-/.test(line),
      ),
    );
  });
  const stage = (name: string, second: number, status: "finished" | "failed" = "finished") =>
    at({ kind: "stage", name, status, message: "", seconds: 2 }, second);
  const sample = at({ kind: "load", sent: 9, failed: 0, requestsPerSecond: 9, byMember: { blue: 9 } });
  it("lists stages from the first request on, each above its steps, and no verification among them", () => {
    const events = [
      stage("deploy dev", 0),
      sample,
      at({ kind: "step-finished", index: 0, step: admit, seconds: 6, phases: { act: 2 } }, 3),
      stage("admit", 4),
      stage("verify: it holds", 5),
      stage("drain", 6),
      finished,
    ];
    const lines = rehearsalSummary({ ...figures, events, load: goodLoad });
    const from = lines.indexOf("where the time went");
    assert.deepEqual(
      lines.slice(from + 2, lines.indexOf("", from)).map((line) => line.slice(2, 20).trimEnd()),
      ["admit          2.0", "  admit green  6.0", "drain          2.0"],
    );
  });
  it("a verification that does not hold is told, and makes the rehearsal bad", () => {
    const claim = { step: "step 3", title: "the flag is on", seen: "web false" };
    const text = (holds: boolean): string =>
      plain(rehearsalSummary({ ...figures, load: goodLoad, claims: [{ ...claim, holds }] }).join("\n"));
    assert.match(text(true), /✔ dev[^]*✔ step 3 {2}the flag is on: web false/);
    assert.match(text(false), /✖ dev[^]*✖ step 3 {2}the flag is on: web false/);
  });
  it("an ending that is given counts, whatever the last rollout said", () => {
    assert.match(
      plain(
        rehearsalSummary({
          ...figures,
          load: goodLoad,
          ending: { good: false, message: "the teardown did not finish" },
        }).join("\n"),
      ),
      /✖ .*: the teardown did not finish/,
    );
    assert.match(
      plain(rehearsalSummary({ ...figures, load: null, ending: { good: true, message: "done" } }).join("\n")),
      /✖ /,
    );
  });
  it("draws members over time from the samples", () => {
    const events = [
      at({ kind: "targets", byMember: { blue: { healthy: 3, initial: 0, draining: 0, unhealthy: 0 } } }),
      at({ kind: "load", sent: 9, failed: 0, requestsPerSecond: 9, byMember: { blue: 9 } }),
    ];
    assert.deepEqual(healthyTargets(events), { blue: [{ at: 0, value: 3 }] });
    assert.deepEqual(answersPerSecond(events), { blue: [{ at: 0, value: 9 }] });
  });
});

describe("format", () => {
  it("durations", () => {
    assert.deepEqual([0.04, 9.96, 59.4, 60, 119.9, 3600].map(seconds), [
      "0.0 s",
      "10.0 s",
      "59 s",
      "1 min 0 s",
      "2 min 0 s",
      "60 min 0 s",
    ]);
  });
  it("a bar is higher for more, and empty only for nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 1000 }), (a, most) => {
        assert.equal(bar(a, most) === " ", a === 0);
        assert.ok(bar(Math.min(a, most), most) <= "█");
      }),
    );
  });
  it("samples over time keep the range and the width, and a gap repeats what was before", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: 1000 }), value: fc.integer({ min: 0, max: 100 }) }), {
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 80 }),
        (samples, width) => {
          const result = overTime(samples, 0, 1000, width);
          assert.equal(result.length, width);
          assert.ok(
            result.every(
              (value) =>
                value === 0 ||
                (value >= Math.min(...samples.map((one) => one.value)) &&
                  value <= Math.max(...samples.map((one) => one.value))),
            ),
          );
        },
      ),
    );
    assert.deepEqual(
      overTime(
        [
          { at: 0, value: 1 },
          { at: 30, value: 3 },
        ],
        0,
        40,
        4,
      ),
      [1, 1, 1, 3],
    );
  });
  it("tables align their columns", () => {
    assert.deepEqual(
      table(
        [
          ["a", "1"],
          ["long", "100"],
        ],
        [false, true],
      ),
      ["a       1", "long  100"],
    );
  });
});
