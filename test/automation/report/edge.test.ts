import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import fc from "fast-check";
import { rehearsalSummary } from "../../../automation/cli/rehearsal/summary";
import type { DriverEvent, DriverEventBody } from "../../../automation/events";
import type { StatusReport, UpgradePlan } from "../../../automation/index";
import { jsonLine, print, printableRows, printMessage, viewLines } from "../../../automation/report/edge";
import { renderView } from "../../../automation/report/live";
import { ndjsonReporter, plainReporter } from "../../../automation/report/reporters";
import { tellEnding } from "../../../automation/report/result-line";
import { sandboxStatusLines } from "../../../automation/report/sandbox-status";
import { planLines } from "../../../automation/report/plan";
import { statusLines } from "../../../automation/report/status";
import { verifyLines } from "../../../automation/report/verify";
import { emptyView, reduceView } from "../../../automation/report/view-model";
import type { VerifyReport } from "../../../automation/verify/report";
import type { Step } from "../../../stacks/record";
import { assertHarmless, hostile, poisoned } from "../../support/hostile";

function captured(): { readonly stream: NodeJS.WritableStream; readonly text: () => string } {
  let text = "";
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
}
const active = { role: "active", version: "1.35", workload: "running" } as const;
const step: Step = { type: "move", kind: "admit", member: "green", from: active, to: active };
const counts = { healthy: 1, initial: 0, draining: 0, unhealthy: 0 };
const events: readonly DriverEventBody[] = [
  {
    kind: "rollout-started",
    environment: "",
    rolloutId: "",
    strategy: "replace",
    from: "",
    to: "",
    steps: [step],
    done: 0,
    resumed: false,
    direction: "back",
  },
  { kind: "finding", code: "EBG-DRIFT", severity: "required", message: "", remedy: "" },
  { kind: "step-started", index: 0, step, resumed: true },
  { kind: "phase-started", index: 0, phase: "act", message: "" },
  { kind: "gate", index: 0, gate: "", status: "waiting", reason: "", message: "", remedy: "" },
  { kind: "gate", index: 0, gate: "", status: "failed", reason: "", message: "", remedy: "" },
  {
    kind: "hook",
    index: 0,
    hook: "",
    point: "before-admit",
    member: "green",
    status: "failed",
    attempt: 2,
    message: "",
    seconds: 1,
  },
  { kind: "step-finished", index: 0, step, seconds: 1, phases: {} },
  { kind: "walk-back", code: "EBG-GATE", message: "", steps: [step] },
  { kind: "stack", stack: "", status: "failed", message: "", seconds: 1, changes: null },
  { kind: "adoption", service: "", step: "untag", status: "waiting", message: "" },
  { kind: "note", message: "" },
  { kind: "caller", by: "", arn: "" },
  { kind: "phase-finished", index: 0, phase: "act", seconds: 1 },
  { kind: "targets", byMember: { [hostile]: counts } },
  { kind: "activity", message: "" },
  { kind: "progress", stack: "", done: 1, current: "" },
  { kind: "load", sent: 1, failed: 1, requestsPerSecond: 1, byMember: { [hostile]: 1 } },
  { kind: "error", code: "EBG-GATE", message: "", remedy: "" },
  { kind: "stage", name: "", status: "started", message: "", seconds: null },
  { kind: "stage", name: "", status: "failed", message: "", seconds: 1 },
  { kind: "rollout-finished", outcome: "failed", placement: {}, seconds: 1, code: null, message: "", remedy: "" },
];
const told: readonly DriverEvent[] = events.map((body) => poisoned({ at: "2026-11-30T07:00:00.000Z", ...body }));

/** Kinds that hold nothing from outside but names of members, or are drawn with other events' text. */
const quiet = new Set<string>(["phase-finished", "targets", "activity", "progress", "load"]);

describe("whatever comes from outside", () => {
  it("is tried in every kind of event that there is", () => {
    const kinds = [
      ...readFileSync(join(__dirname, "../../../automation/events.ts"), "utf8").matchAll(/kind: "([a-z-]+)"/g),
    ];
    assert.deepEqual(
      [...new Set(kinds.map(([, kind = ""]) => kind))].filter((kind) => !events.some((event) => event.kind === kind)),
      [],
    );
  });
  for (const event of told) {
    const name = `${event.kind}${"status" in event ? ` ${event.status}` : ""}`;
    it(`steers nobody from an event ${name}`, () => {
      const plain = captured();
      plainReporter(plain.stream).tell(event);
      assertHarmless(plain.text(), "plain line", !quiet.has(event.kind));
      assert.ok(
        plain
          .text()
          .split("\n")
          .slice(1, -1)
          .every((line) => line === "" || line.startsWith("  ")),
      );
      const view = [told[0] as DriverEvent, event].reduce(
        (before, one) => reduceView(before, printableRows(one)),
        emptyView,
      );
      assertHarmless(`${renderView(view, 0, { columns: 2000, rows: 100 }).join("\n")}\nforged`, "live view");
      const json = captured();
      ndjsonReporter(json.stream).tell(event);
      assertHarmless(json.text(), "NDJSON", !quiet.has(event.kind));
      assert.equal(json.text().split("\n").length, 2);
      assert.deepEqual(JSON.parse(json.text()), event);
    });
  }
  it("steers nobody from an error or an ending", () => {
    const out = captured();
    printMessage(out.stream, `EBG-KUBERNETES: ${hostile}`);
    printMessage(out.stream, `→ ${hostile}`);
    assertHarmless(out.text(), "error");
    const said: string[] = [];
    const [stdout, stderr] = [process.stdout.write, process.stderr.write];
    const take = (text: string | Uint8Array): boolean => said.push(String(text)) > 0;
    try {
      process.stdout.write = process.stderr.write = take as typeof stdout;
      for (const json of [true, false])
        tellEnding(json, "teardown", { outcome: "failed", message: hostile, remedy: hostile });
    } finally {
      process.stdout.write = stdout;
      process.stderr.write = stderr;
    }
    assertHarmless(said.join(""), "ending");
  });
  it("steers nobody from status, plan and verify", () => {
    const surroundings = { timeScale: 1, sandbox: null, connectTo: "/t" };
    const record = {
      revision: 1,
      placement: { blue: { ...active, evacuated: { at: "", by: "", why: "" } } },
      rollout: { id: "", wantedVersion: "", steps: [step], done: 0, direction: "back", reason: "", command: null },
      intent: { move: step, startedAt: "", by: "", caller: "" },
      evacuation: { member: "", startedAt: "", by: "", caller: "" },
      lastTraffic: { kind: "drain", member: "", startedAt: "", by: "", caller: "" },
      hold: { version: "", at: "", by: "", caller: "" },
      halt: { revision: 1, at: "", by: "", caller: "", code: "", message: "", remedy: "" },
      adoption: { service: "", member: "", step: "", direction: "back", reason: "", startedAt: "", by: "", caller: "" },
    };
    const findings = [{ code: "EBG-DRIFT", severity: "required", message: "", remedy: "" }];
    const status = {
      environment: "",
      record,
      health: { blue: "" },
      targets: { blue: counts },
      observation: { members: { blue: { reachable: false, refusal: "" } } },
      findings,
      addresses: { web: "" },
      surroundings,
    };
    const plan = {
      environment: "",
      from: record.placement,
      wantedVersion: "",
      strategy: "replace",
      steps: [step],
      underWay: record.rollout,
      times: [{ seconds: 60, what: "" }],
      command: "",
      advice: findings,
      asksForApproval: true,
      surroundings,
    };
    const checks = (["passed", "failed", "unknown", "skipped"] as const).map((one) => ({
      code: "EBG-V-API",
      status: one,
      severity: "required",
      subject: "",
      message: "",
      meaning: "",
      remedy: "",
    }));
    const report = {
      environment: "",
      verdict: "findings",
      checks,
      findings: checks,
      traffic: [{ group: "", member: "", healthy: 1, registered: 1, draining: 0, answers: 1 }],
    };
    for (const [name, lines] of [
      ["status", statusLines(printableRows(poisoned(status)) as unknown as StatusReport)],
      ["plan", planLines(printableRows(poisoned(plan)) as unknown as UpgradePlan)],
      ["verify", verifyLines(printableRows(poisoned(report)) as unknown as VerifyReport)],
    ] as const) {
      const out = captured();
      print(out.stream, lines);
      assertHarmless(out.text(), name);
      assert.ok(
        !out
          .text()
          .split("\n")
          .some((line) => line.startsWith("forged")),
        name,
      );
    }
    assertHarmless(jsonLine(poisoned(status)), "status --json");
  });
  it("steers nobody from a sandbox's status", () => {
    const cluster = {
      name: "",
      version: "",
      endpoint: "",
      apiServer: "",
      controller: "",
      failure: "",
      nodes: 1,
      pods: 1,
    };
    const status = {
      pid: 1,
      dir: "",
      timeScale: 60,
      startedAt: "2026-11-30T07:00:00.000Z",
      awsEndpoint: "",
      memoryBytes: 1,
      processes: [{ name: "", pid: 1, memoryBytes: 1 }],
      clusters: [cluster],
      listeners: 1,
      faults: [{ id: "", kind: "", message: "" }],
    };
    const out = captured();
    print(out.stream, sandboxStatusLines(printableRows(poisoned(status))));
    assertHarmless(out.text(), "sandbox status");
  });
  it("steers nobody from a rehearsal's summary", () => {
    const figures = {
      title: "",
      ending: { good: false, message: "" },
      timeScale: 60,
      events: told,
      load: {
        sent: 10,
        failed: 1,
        idleResets: 0,
        seconds: 1,
        byConnection: { new: { sent: 5, failed: 1 }, "kept-alive": { sent: 5, failed: 0 } },
        failuresByKind: { [hostile]: 1 },
        latencyMs: { p50: 1, p99: 2, max: 3 },
        schedulingLagMs: { p99: 1, max: 2 },
        void: false,
      },
      claims: [{ step: "", title: "", holds: false, seen: "" }],
      ledgerFile: "",
      setupSeconds: 1,
      totalSeconds: 2,
    };
    const out = captured();
    print(out.stream, rehearsalSummary(printableRows(poisoned(figures)) as Parameters<typeof rehearsalSummary>[0]));
    assertHarmless(out.text(), "summary");
  });
});

describe("a line that is broken", () => {
  const commands = [
    "::error::forged",
    "::set-output name=x::y",
    "::add-mask::x",
    "##vso[task.setvariable variable=PATH]x",
    "##[error]x",
    "##teamcity[x]",
  ];
  const assertNoCommand = (text: string, what: string): void => {
    for (const line of text.split("\n")) assert.doesNotMatch(line, /^\s*::|##\[|##vso\[|##teamcity\[/i, what);
  };
  for (const command of commands)
    it(`never makes ${command} begin one, wherever the terminal's edge is`, () => {
      const text = `EBG-KUBERNETES: the API server said ${"so "}${command} and more ${command} %0A${command} x${command}`;
      for (let columns = 12; columns < 130; columns += 1) {
        const out = captured();
        printMessage(Object.assign(out.stream, { isTTY: true, columns }), text);
        assertNoCommand(out.text(), `message of ${columns}`);
        assertNoCommand(viewLines(text, columns).join("\n"), `view of ${columns}`);
        assertNoCommand(wrapAnsi(viewLines(text, columns).join("\n"), columns), `terminal of ${columns}`);
      }
      assertNoCommand(bareOf(text), "a log");
    });

  it("nor in a word without a space, nor behind characters that take two columns", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 90 }),
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom("x", "本", "é", "🙂", "\u00a0", "→"),
        fc.constantFrom(...commands),
        (columns, before, filler, command) => {
          const lines = viewLines(`${filler.repeat(before)}${command}`, columns);
          assertNoCommand(lines.join("\n"), "view");
          assertNoCommand(wrapAnsi(lines.join("\n"), columns), "terminal");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** As a terminal's view is broken: at the edge, also within a word. */
function wrapAnsi(text: string, columns: number): string {
  const width = (character: string): number =>
    /[\u1100-\u115f\u2e80-\uffdc]|[\u{1f000}-\u{1ffff}]/u.test(character) ? 2 : 1;
  return text
    .split("\n")
    .flatMap((line) => {
      const lines = [""];
      let used = 0;
      for (const character of line) {
        if (used + width(character) > columns) {
          lines.push("");
          used = 0;
        }
        lines[lines.length - 1] += character;
        used += width(character);
      }
      return lines;
    })
    .join("\n");
}
function bareOf(text: string): string {
  const out = captured();
  printMessage(out.stream, text);
  return out.text();
}

describe("a message for people", () => {
  const written = (text: string, terminal: object): string => {
    const out = captured();
    printMessage(Object.assign(out.stream, terminal), text);
    return out.text();
  };
  const message = "EBG-GATE: green is ready: 2 of 3 pods of web are ready, and one has failed to pull its image";

  it("has its lines end between words on a terminal", () => {
    const text = written(message, { isTTY: true, columns: 50 });
    assert.equal(
      text,
      "EBG-GATE: green is ready: 2 of 3 pods of web are\n  ready, and one has failed to pull its image\n",
    );
  });
  it("is one line in a log", () => assert.equal(written(message, {}), `${message}\n`));
  it("stays one line when it is a remedy: that is pasted", () => {
    assert.equal(written(`→ ${message}`, { isTTY: true, columns: 50 }), `→ ${message}\n`);
  });
});
