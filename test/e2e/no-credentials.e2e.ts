/** A new member's controller whose pods were admitted before EKS knew of their association: the rollout mends it. */
import assert from "node:assert/strict";
import { ControlClient } from "../../sandbox/client/control-client";
import { Stage } from "./stage";

describe("a controller without credentials", function () {
  this.timeout(15 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34" });
  });
  after(async () => stage?.close());

  it("is found before its member is admitted, restarted once, and the upgrade goes through", async () => {
    const up = await stage.drive(["up"]);
    assert.equal(up.code, 0, up.stderr);
    // Of a cluster that is still to come: its first pods have none.
    await new ControlClient(stage.info).addFault({
      on: "controller",
      cluster: "dev-green",
      kind: "no-credentials",
    });
    stage.want("1.35");
    const run = await stage.drive(["upgrade", "--approve-retire"]);
    assert.equal(run.code, 0, run.stderr);
    const notes = run.events.flatMap((event) => (event.kind === "note" ? [event.message] : []));
    assert.equal(
      notes.filter((message) => /green's controller can't call AWS .* restarted once/.test(message)).length,
      1,
    );
    const green = stage.record().placement["green"];
    assert.deepEqual([green?.role, green?.version], ["active", "1.35"]);
    assert.ok(
      run.events.some((event) => event.kind === "gate" && event.status === "passed" && /can call AWS/.test(event.gate)),
    );
  });
});
