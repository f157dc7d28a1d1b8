import assert from "node:assert/strict";
import { exitCodeOfResult } from "../../../automation/cli/exit-codes";
import { World } from "../world";

describe("upgrade", () => {
  it("nothing to do says what is seen to be wrong all the same", async () => {
    const world = new World();
    await world.upgrade();
    const well = await world.upgrade();
    assert.deepEqual([well.outcome, well.code, well.remedy], ["nothing-to-do", null, null]);
    assert.equal(exitCodeOfResult(well), 0);
    assert.doesNotMatch(well.message, /by the record/);
    world.erring.add("green");
    const ill = await world.upgrade();
    assert.deepEqual([ill.outcome, ill.code], ["nothing-to-do", "EBG-GATE"]);
    assert.equal(exitCodeOfResult(ill), 9, "a pipeline is not green while requests fail");
    assert.match(ill.message, /every active member runs 1\.35 by the record, but not all is well: 16 of 16 .* failed/);
    assert.match(ill.remedy ?? "", /eks-blue-green verify --stack dev/);
  });
});
