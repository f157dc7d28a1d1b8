import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { parseRecord } from "../../../stacks/record";
import { haltOf } from "../../../stacks/record/halt";
import { World } from "../world";

describe("a rollout that stands still", () => {
  /** The first update would do more than its move says. */
  const refused = (): World => {
    const world = new World();
    world.fault = {
      call: "apply",
      nth: 1,
      kind: "before",
      error: () => new DriverError("EBG-PLAN-REFUSED", "the update would replace the cluster", "look at it"),
    };
    return world;
  };

  it("has its reason in the record, for whoever looks later and elsewhere", async () => {
    const world = refused();
    const result = await world.upgrade().catch((error: unknown) => error as DriverError);
    const halt = haltOf(world.record);
    assert.ok(halt !== null, JSON.stringify(world.record));
    assert.equal(halt.code, "EBG-PLAN-REFUSED");
    assert.equal(halt.message, result.message);
    assert.match(halt.by, /^.+@.+ \d+$/);
    assert.equal(halt.revision, world.record.revision);
    assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(world.record))).record, world.record);
  });

  it("has it no longer once somebody goes on", async () => {
    const world = refused();
    await world.upgrade().catch(() => undefined);
    world.fault = null;
    assert.equal((await world.upgrade()).outcome, "done");
    assert.equal(haltOf(world.record), null);
  });

  it("is not written by who was fenced, nor when somebody asked to stop", async () => {
    for (const code of ["EBG-FENCED", "EBG-STOPPED", "EBG-STACK-LOCKED"] as const) {
      const world = refused();
      world.fault = { call: "apply", nth: 1, kind: "before", error: () => new DriverError(code, "no", "wait") };
      await world.upgrade().catch(() => undefined);
      assert.equal(world.record.halt, undefined, code);
    }
  });

  it("says the same when its reason can't be written", async () => {
    const world = refused();
    const refusal = new DriverError("EBG-PLAN-REFUSED", "the update would replace the cluster", "look at it");
    world.fault = {
      call: "apply",
      nth: 1,
      kind: "before",
      error: () => {
        // The move's withdrawal is written, what follows is not.
        const nth = world.calls.filter((call) => call === "writeRecord").length + 2;
        const error = (): DriverError => new DriverError("EBG-AWS", "the backend does not answer", "try again");
        world.fault = { call: "writeRecord", nth, kind: "before", error };
        return refusal;
      },
    };
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code, result.message], ["stopped", refusal.code, refusal.message]);
    assert.equal(world.record.halt, undefined);
    assert.ok(
      world.events.some(
        (event) =>
          event.kind === "note" &&
          event.message === "why it stopped was not written into the record: the backend does not answer",
      ),
    );
  });
});
