/** Others beside the driver, in one sandbox: with the same commands, with plain Pulumi, with kubectl and the AWS CLI. */
import assert from "node:assert/strict";
import { handsOnASharedGroup } from "./hands-on-a-shared-group";
import { Stage } from "./stage";
import { twoAtOnce } from "./two-at-once";

describe("an environment that many have their hands in", function () {
  this.timeout(10 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34", secrets: "key" });
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => stage?.close());

  twoAtOnce(() => stage);
  handsOnASharedGroup(() => stage);
});
