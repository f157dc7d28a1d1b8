/** The live view as a person sees it, at the sizes that terminals have. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { DriverEvent, DriverEventBody } from "../../../automation/events";
import { renderView, targetSigns, type Size } from "../../../automation/report/live";
import { emptyView, reduceView, type View } from "../../../automation/report/view-model";
import type { MemberMoveKind, Step } from "../../../stacks/record";

const at = (body: DriverEventBody, second = 0): DriverEvent => ({ at: new Date(second * 1000).toISOString(), ...body });
const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, "");
const standby = { role: "standby", version: "1.35", workload: "running" } as const;
const active = { ...standby, role: "active" } as const;
const move = (kind: MemberMoveKind, member: string): Step => ({
  type: "move",
  kind,
  member,
  from: { ...standby, version: "1.34" },
  to: active,
});
const bake: Step = { type: "bake", seconds: 600, why: "green serves" };
/** As a cycle of three members has them: each leaves, is upgraded, comes back, is looked at. */
const cycle: readonly Step[] = ["blue", "green", "red"].flatMap((member) => [
  move("scale", member),
  move("drain", member),
  move("upgrade", member),
  move("admit", member),
  bake,
  move("retire", member),
  move("scale", member),
]);
const started = (steps: readonly Step[], done = 0): DriverEvent =>
  at({
    kind: "rollout-started",
    environment: "dev",
    rolloutId: "r1",
    strategy: "cycle",
    from: "1.34",
    to: "1.35",
    steps,
    done,
    resumed: done > 0,
    direction: "forward",
  });
const begun = (index: number, steps = cycle): DriverEvent =>
  at({ kind: "step-started", index, step: steps[index] ?? bake, resumed: false });
const waiting = (index: number): DriverEvent =>
  at({
    kind: "gate",
    index,
    gate: "green serves",
    status: "waiting",
    reason: "initial",
    message: "5 of 6 targets are healthy, and one is looked at for the first time by the load balancer",
    remedy: null,
  });
const targets = at({
  kind: "targets",
  byMember: {
    blue: { healthy: 9, initial: 0, draining: 2, unhealthy: 1 },
    green: { healthy: 5, initial: 1, draining: 0, unhealthy: 0 },
    red: { healthy: 9, initial: 0, draining: 0, unhealthy: 0 },
  },
});
const load = at({ kind: "load", sent: 123_456, failed: 0, requestsPerSecond: 1000, byMember: {} });

const show = (events: readonly DriverEvent[], columns: number, rows: number, now = 83_000): string[] =>
  renderView(events.reduce<View>(reduceView, emptyView), now, { columns, rows }).map(plain);
/** With `#` for the sign that turns. */
const text = (lines: readonly string[]): string => `\n${lines.join("\n")}\n`.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, "#");

describe("the live view of a cycle", () => {
  const events = [started(cycle, 10), begun(10), waiting(10), targets, load];

  it("keeps the running step in view on a terminal of 16 rows and 60 columns", () => {
    assert.equal(
      text(show(events, 60, 15)),
      `
  ↑ 7 done
  ✔ scale green up  done before
  ✔ drain green  done before
  ✔ upgrade green 1.34 → 1.35  done before
  # admit green 1 min 23 s  waiting until green serves: 5 o…
  · bake 10 min 0 s (green serves)
  · retire green
  · scale green up
  · scale red up
  · drain red
  · upgrade red 1.34 → 1.35
  ↓ 4 to come

  targets  blue ●●●●●●●●●◌◌✖   green ●●●●●◐   red ●●●●●●●●●
  load     1,000 requests/s   123,456 sent   0 failed
`,
    );
  });

  it("shows all of it where there is room: 160 columns, 50 rows", () => {
    const lines = show(events, 160, 50);
    assert.equal(lines.length, cycle.length + 3);
    assert.match(
      lines[10] ?? "",
      /admit green 1 min 23 s {2}waiting until green serves: 5 of 6 .*first time by the load/,
    );
    assert.equal(lines.at(-2), "  targets  blue ●●●●●●●●●◌◌✖   green ●●●●●◐   red ●●●●●●●●●");
  });

  it("gives each member a row of its own where one is too narrow: 40 columns", () => {
    assert.equal(
      text(show([targets, load], 40, 20)),
      `

  targets  blue ●●●●●●●●●◌◌✖
           green ●●●●●◐
           red ●●●●●●●●●
  load     0 failed
`,
    );
  });

  it("says in numbers what there is no room to sign", () => {
    assert.equal(
      plain(targetSigns({ healthy: 9, initial: 0, draining: 2, unhealthy: 1 }, 11)),
      "9 healthy, 2 draining, 1 unhealthy",
    );
    assert.equal(plain(targetSigns({ healthy: 40, initial: 0, draining: 0, unhealthy: 0 })), "40 healthy");
    assert.equal(plain(targetSigns({ healthy: 0, initial: 0, draining: 0, unhealthy: 0 })), "none");
  });

  it("counts what failed above the fold by itself", () => {
    const back: Step[] = [move("drain", "green"), move("admit", "blue")];
    const lines = show(
      [
        ...events,
        at({ kind: "walk-back", code: "EBG-GATE", message: "green answers 500", steps: back }),
        begun(1, back),
      ],
      80,
      12,
    );
    assert.match(lines[0] ?? "", /↑ \d+ done, 1 failed, \d+ to come|↑ .*1 failed/);
    assert.ok(lines.some((line) => /admit blue/.test(line)));
  });

  it("is never wider or higher than the terminal, and always has the step that runs", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 200 }),
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 0, max: cycle.length - 1 }),
        fc.boolean(),
        (columns, rows, index, loaded) => {
          const lines = show(
            [started(cycle, index), begun(index), waiting(index), ...(loaded ? [targets, load] : [])],
            columns,
            rows,
          );
          assert.ok(lines.length <= rows, `${lines.length} lines on ${rows} rows`);
          for (const line of lines) assert.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
          assert.ok(
            lines.some((line) => /^ {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line)),
            lines.join("\n"),
          );
        },
      ),
    );
  });
});

describe("the live view outside of steps", () => {
  const looking = at({ kind: "activity", message: "previewing stack dev-blue: changes that belong to no move" }, 80);

  it("says what is looked at, and for how long by now", () => {
    assert.match(
      show([looking], 80, 20)[0] ?? "",
      /^. previewing stack dev-blue: changes that belong to no move 3\.0 s$/,
    );
    const narrow = show([looking], 40, 20)[0] ?? "";
    assert.match(narrow, /^. previewing stack dev-blue: cha.*… 3\.0 s$/);
    assert.equal(narrow.length, 40);
  });

  it("says how far the engine is below the step that it works for", () => {
    const lines = show(
      [
        started(cycle),
        begun(0),
        at({ kind: "progress", stack: "dev-blue", done: 12, current: "aws:eks:NodeGroup dev-blue" }, 80),
      ],
      80,
      30,
    );
    assert.match(lines.at(-1) ?? "", /^. stack dev-blue: 12 resources done, now aws:eks:NodeGroup dev-blue 3\.0 s$/);
  });

  it("no longer says it once a step has begun or the command has ended", () => {
    const ended = at({
      kind: "rollout-finished",
      outcome: "nothing-to-do",
      placement: {},
      seconds: 1,
      code: null,
      message: "",
      remedy: null,
    });
    for (const after of [started(cycle), begun(0), ended])
      assert.ok(!show([looking, after], 80, 30).some((line) => line.includes("previewing")), after.kind);
  });

  it("marks a step that was asked to stop as stopped, and one that failed as failed", () => {
    const ended = (outcome: "stopped" | "failed", code: string): string =>
      show(
        [
          started(cycle),
          begun(0),
          at({ kind: "rollout-finished", outcome, placement: {}, seconds: 1, code, message: "here", remedy: null }),
        ],
        80,
        30,
      )[0] ?? "";
    assert.match(ended("stopped", "EBG-STOPPED"), /^ {2}■ scale blue up/);
    assert.match(ended("stopped", "EBG-GATE"), /^ {2}✖ scale blue up/);
    assert.match(ended("failed", "EBG-GATE"), /^ {2}✖ scale blue up/);
  });
});

const wide: Size = { columns: 100, rows: 24 };
it("an empty view has no line", () => assert.deepEqual(renderView(emptyView, 0, wide), []));
