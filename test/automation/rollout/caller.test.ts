import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { Killed, World } from "../world";

const ann = "arn:aws:sts::123456789012:assumed-role/deploy/ann";
const bob = "arn:aws:sts::123456789012:assumed-role/deploy/bob";

describe("whose credentials moved traffic", () => {
  it("is in the record, with the move and its beginning, and in the events", async () => {
    const world = new World();
    world.caller = ann;
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    const { lastTraffic } = world.record;
    assert.deepEqual([lastTraffic?.kind, lastTraffic?.member, lastTraffic?.caller], ["drain", "blue", ann]);
    assert.match(lastTraffic?.startedAt ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const told = world.events.flatMap((event) => (event.kind === "caller" ? [event.arn] : []));
    assert.deepEqual(told, [ann]);
  });

  it("is of whoever finished it, when another one takes an open move over", async () => {
    const world = new World();
    world.caller = ann;
    const drained = (calls: readonly string[]): number => calls.filter((call) => call === "apply").length;
    const reference = new World();
    await reference.upgrade();
    for (let nth = 1; nth <= drained(reference.calls); nth += 1) {
      const killed = new World();
      killed.caller = ann;
      killed.fault = { call: "apply", nth, kind: "before", error: () => new Killed() };
      await assert.rejects(killed.upgrade(), Killed);
      const open = killed.record.intent;
      assert.equal(open?.caller, ann, `apply ${nth}`);
      killed.fault = null;
      killed.caller = bob;
      assert.equal((await killed.upgrade()).outcome, "done");
      const last = killed.record.lastTraffic;
      assert.equal(
        last?.caller,
        open.move.kind === "scale" && open.move.to.role === "standby" ? ann : bob,
        `apply ${nth}`,
      );
    }
  });

  it("is not written, and said so, when STS does not tell: nothing waits for it", async () => {
    const world = new World();
    world.disturbed = new DriverError("EBG-AWS", "sts:GetCallerIdentity: InternalFailure: we are sorry", "try again");
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.equal(Object.hasOwn(world.record.lastTraffic ?? {}, "caller"), false);
    assert.equal(world.record.lastTraffic?.member, "blue");
    assert.ok(
      world.events.some((event) => event.kind === "note" && /STS did not say it: sts:GetCaller/.test(event.message)),
    );
  });
});
