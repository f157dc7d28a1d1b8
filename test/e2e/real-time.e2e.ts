/**
 * One move at scale 1: nothing of the procedure depends on time being scaled. Takes a quarter of an hour, nearly all of
 * it waiting.
 */
import assert from "node:assert/strict";
import type { DriverEvent } from "../../automation/events";
import { Stage } from "./stage";

const minute = 60_000;
type Finished = Extract<DriverEvent, { kind: "step-finished" }>;

describe("one move at the true speed of AWS", function () {
  this.timeout(40 * minute);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34", timeScale: 1 });
  });
  after(async () => stage?.close());

  it("admits green in minutes, not seconds, and loses nothing", async () => {
    const up = await stage.drive(["up"]);
    assert.equal(up.code, 0, up.stderr);
    stage.want("1.35");
    const load = await stage.load(50);
    const run = await stage.drive(["upgrade"], (event, kill) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit") kill("SIGTERM");
    });
    const summary = await load.stop();
    assert.equal(run.code, 6, run.stderr);
    const admit = run.events.find(
      (event): event is Finished =>
        event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "admit",
    );
    assert.ok(
      (admit?.phases.gate ?? 0) >= 300,
      `the gate waited ${admit?.phases.gate} s, less than the propagation hold of 300 s`,
    );
    assert.deepEqual(
      [summary.failed, summary.idleResets, summary.void],
      [0, 0, false],
      JSON.stringify(summary.firstFailures),
    );
    assert.ok((summary.byMember["green"] ?? 0) > 0, "green answered");
    assert.equal(stage.record().placement["green"]?.role, "active");
  });
});
