import assert from "node:assert/strict";
import fc from "fast-check";
import { graceSeconds, parsePreStop, stopMs, timetable } from "../../../../sandbox/node-agent/containers/termination";

describe("timetable of a pod's end", () => {
  const cases: [name: string, grace: number, preStop: number, sigtermAt: number, sigkillAt: number][] = [
    ["no hook", 30, 0, 0, 30],
    ["hook inside the grace", 300, 200, 200, 300],
    ["hook that takes the whole grace", 30, 30, 30, 32],
    ["hook longer than the grace is given up, and 2 s are left", 30, 200, 30, 32],
    ["grace of one second", 1, 0, 0, 2],
  ];
  for (const [name, grace, preStop, sigtermAt, sigkillAt] of cases) {
    it(name, () => assert.deepEqual(timetable(grace, preStop), { preStopUntil: sigtermAt, sigtermAt, sigkillAt }));
  }

  it("never kills before SIGTERM plus two seconds, nor later than two seconds after the grace", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), (grace, preStop) => {
        const times = timetable(grace, preStop);
        assert.ok(times.sigkillAt >= times.sigtermAt + 2 && times.sigtermAt <= grace);
        assert.ok(times.sigkillAt <= grace + 2);
      }),
    );
  });

  it("takes the deletion's grace before the pod's, and 30 s without either", () => {
    assert.deepEqual(
      [graceSeconds(5, 60), graceSeconds(0, 60), graceSeconds(undefined, 60), graceSeconds(undefined, undefined)],
      [5, 0, 60, 30],
    );
  });
});

describe("real time of a pod's end", () => {
  const cases: [name: string, seconds: number, timeScale: number, ms: number][] = [
    ["at scale 1 as in AWS", 200, 1, 200_000],
    ["no longer than the lag: only scaled, so that one that is too short shows", 180, 60, 3_000],
    ["a margin above the lag is there for control loops, which are not scaled", 200, 60, 8_250],
    ["a margin of one second is one second", 181, 60, 4_000],
    ["grace: as much more", 260, 60, 9_250],
  ];
  for (const [name, seconds, timeScale, ms] of cases)
    it(name, () => assert.ok(Math.abs(stopMs(seconds, timeScale) - ms) < 1));
});

describe("preStop", () => {
  const seconds = (command: string[]): unknown => parsePreStop({ exec: { command } });
  it("understands sleeps, in a shell or not", () => {
    assert.deepEqual(parsePreStop({ sleep: { seconds: 7 } }), { kind: "sleep", seconds: 7 });
    assert.deepEqual(seconds(["sleep", "200"]), { kind: "sleep", seconds: 200 });
    assert.deepEqual(seconds(["/bin/sh", "-c", "/bin/sleep 1.5m; nginx -s quit && sleep 10"]), {
      kind: "sleep",
      seconds: 100,
    });
  });
  it("takes other commands as done, and knows that there is none", () => {
    assert.deepEqual(seconds(["nginx", "-s", "quit"]), { kind: "nothing-to-run" });
    assert.deepEqual(seconds(["nosleep 5"]), { kind: "nothing-to-run" });
    assert.deepEqual(parsePreStop(undefined), { kind: "none" });
  });
});
