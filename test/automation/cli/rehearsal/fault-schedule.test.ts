import assert from "node:assert/strict";
import { FaultSchedule, parseScheduledFault } from "../../../../automation/cli/rehearsal/fault-schedule";
import type { DriverEvent, DriverEventBody } from "../../../../automation/events";

const at = "2026-01-01T00:00:00.000Z";
const step = (kind: "admit" | "drain"): DriverEvent => ({
  at,
  kind: "step-started",
  index: 1,
  resumed: false,
  step: {
    type: "move",
    kind,
    member: "green",
    from: { role: "standby", version: "1.35", workload: "running" },
    to: { role: "active", version: "1.35", workload: "running" },
  },
});
const phase = (name: "begin" | "act" | "gate"): DriverEvent => ({
  at,
  kind: "phase-started",
  index: 1,
  phase: name,
  message: "",
});

describe("faults of a rehearsal", () => {
  it("are injected when their moment comes, once, and those whose moment never came are told", async () => {
    const added: object[] = [];
    const notes: DriverEventBody[] = [];
    const schedule = new FaultSchedule(
      ["controller:dev-blue=crash@drain", "eks:*=throttle", "pods:*:web=crash@admit.gate", "node:*=down@bake"],
      {
        addFault: async <Result>(fault: object) => {
          added.push(fault);
          return { id: `f${added.length}` } as Result;
        },
      },
      (event) => notes.push(event),
    );
    await schedule.begin();
    assert.deepEqual(added, [{ on: "aws", operation: "eks:*", kind: "throttle" }]);
    for (const event of [
      step("admit"),
      phase("begin"),
      phase("act"),
      phase("gate"),
      phase("gate"),
      step("drain"),
      phase("begin"),
      phase("act"),
    ])
      schedule.onEvent(event);
    assert.deepEqual(await schedule.end(), ["node:*=down@bake"]);
    assert.deepEqual(added.slice(1), [
      { on: "pods", cluster: "*", service: "web", kind: "crash" },
      { on: "controller", cluster: "dev-blue", kind: "crash" },
    ]);
    assert.equal(notes.length, 3);
  });
  it("one that the sandbox refuses is a note, not the end of the rehearsal", async () => {
    const notes: DriverEventBody[] = [];
    const schedule = new FaultSchedule(
      ["node:*=down@admit.gate"],
      { addFault: () => Promise.reject(new Error("no cluster")) },
      (event) => notes.push(event),
    );
    schedule.onEvent(step("admit"));
    schedule.onEvent(phase("gate"));
    assert.deepEqual(await schedule.end(), []);
    assert.match(JSON.stringify(notes), /node:\*=down@admit\.gate could not be injected: no cluster/);
  });
  for (const text of ["eks:*=throttle@later", "eks:*=throttle@admit.dance", "eks:*=throttle@"])
    it(`refuses ${text}`, () => {
      assert.throws(() => parseScheduledFault(text), { code: "SBX-FAULT", remedy: /provision, admit/ });
    });
  it("a bake's moment is its gate", () =>
    assert.deepEqual(parseScheduledFault("eks:*=throttle@bake").when, { step: "bake", phase: "gate" }));
});
