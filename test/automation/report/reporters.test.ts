import assert from "node:assert/strict";
import { Writable } from "node:stream";
import type { DriverEventBody } from "../../../automation/events";
import { canDraw, plainReporter } from "../../../automation/report/reporters";

describe("whether a live view is drawn", () => {
  const terminal = { isTTY: true, columns: 80, rows: 24 };
  const cases: readonly (readonly [string, object, Record<string, string>, boolean])[] = [
    ["a terminal with a size", terminal, { TERM: "xterm-256color" }, true],
    ["a terminal whose TERM is not set", terminal, {}, true],
    ["a terminal that says it has no rows", { ...terminal, rows: 0 }, {}, false],
    ["a terminal that says it has no columns", { ...terminal, columns: 0 }, {}, false],
    ["a terminal that says no size at all", { isTTY: true }, {}, false],
    ["a dumb terminal", terminal, { TERM: "dumb" }, false],
    ["a terminal of a CI system", terminal, { CI: "true" }, false],
    ["a pipe", { ...terminal, isTTY: false }, {}, false],
    ["a file", {}, {}, false],
  ];
  for (const [name, stream, env, wanted] of cases)
    it(`${wanted ? "is" : "is not"}: ${name}`, () => assert.equal(canDraw(stream, env), wanted));
});

describe("plain lines", () => {
  /** What is printed of events that come a second apart. */
  function printed(events: readonly DriverEventBody[], apart = 1): string[] {
    let text = "";
    const out = new Writable({
      write: (chunk, _encoding, done) => {
        text += String(chunk);
        done();
      },
    });
    const reporter = plainReporter(out);
    events.forEach((body, index) => reporter.tell({ at: new Date(index * apart * 1000).toISOString(), ...body }));
    return text.split("\n").slice(0, -1);
  }
  const gate = (message: string): DriverEventBody => ({
    kind: "gate",
    index: 2,
    gate: "blue is out",
    status: "waiting",
    reason: "hold",
    message,
    remedy: null,
  });

  it("tell a countdown every half minute, not every second", () => {
    const lines = printed(Array.from({ length: 100 }, (_, second) => gate(`holding (${100 - second} s left)`)));
    assert.deepEqual(
      lines.map((line) => /\((\d+) s left\)/.exec(line)?.[1]),
      ["100", "70", "40", "10"],
    );
  });
  it("tell at once when something else is waited for, also in the middle of a countdown", () => {
    const lines = printed([gate("holding (9 s left)"), gate("1 target is unhealthy"), gate("holding (7 s left)")]);
    assert.deepEqual(lines, [
      "00:00:00 step 3: gate blue is out waiting: holding (9 s left)",
      "00:00:01 step 3: gate blue is out waiting: 1 target is unhealthy",
      "00:00:02 step 3: gate blue is out waiting: holding (7 s left)",
    ]);
  });
  it("tell how far the engine is every quarter of a minute, for each stack", () => {
    const events = Array.from({ length: 40 }, (_, second): DriverEventBody => ({
      kind: "progress",
      stack: second % 2 === 0 ? "dev-blue" : "dev-green",
      done: second,
      current: second === 0 ? "aws:eks:Cluster dev-blue" : "",
    }));
    assert.deepEqual(printed(events), [
      "00:00:00 stack dev-blue: 0 resources done, now aws:eks:Cluster dev-blue",
      "00:00:01 stack dev-green: 1 resource done",
      "00:00:16 stack dev-blue: 16 resources done",
      "00:00:17 stack dev-green: 17 resources done",
      "00:00:32 stack dev-blue: 32 resources done",
      "00:00:33 stack dev-green: 33 resources done",
    ]);
  });
  it("say what is looked at before the first step", () => {
    assert.deepEqual(printed([{ kind: "activity", message: "reading stack dev" }]), ["00:00:00 reading stack dev"]);
  });
});
