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

  /** Instead of the write of the halt. */
  const atTheHalt = (world: World, write: (signal?: AbortSignal) => Promise<void>): void => {
    const inner = world.ports.bind(world);
    world.ports = () => {
      const ports = inner();
      const { writeRecord } = ports.pulumi;
      const pulumi: typeof ports.pulumi = {
        ...ports.pulumi,
        writeRecord: (expected, record, signal) =>
          record.halt == null ? writeRecord(expected, record, signal) : write(signal),
      };
      return { ...ports, pulumi };
    };
  };

  it("is tried to be written once: a lock, or what may pass, is not waited for", async () => {
    for (const code of ["EBG-STACK-LOCKED", "EBG-UPDATE-FAILED", "EBG-DEADLINE"] as const) {
      const world = refused();
      let tries = 0;
      atTheHalt(world, async () => {
        tries += 1;
        throw new DriverError(code, "not now", "wait");
      });
      const result = await world.upgrade();
      assert.deepEqual([result.code, tries], ["EBG-PLAN-REFUSED", 1]);
    }
  });

  it("is told half a minute later though the write of its reason does not end", async () => {
    const world = refused();
    let given: AbortSignal | undefined;
    let at = 0;
    atTheHalt(world, async (signal) => {
      given = signal;
      at = world.now;
      await new Promise(() => undefined);
    });
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-PLAN-REFUSED"]);
    assert.equal(given?.aborted, true, "the engine is told to end");
    assert.ok(world.now - at >= 30_000 && world.now - at < 60_000, `${world.now - at} ms`);
    assert.ok(world.events.some((event) => event.kind === "note" && /did not end within 30 s/.test(event.message)));
  });

  it("keeps nobody from reading the record when its reason is unsound; an empty remedy is none", () => {
    const { record } = new World();
    const halt = { revision: 1, at: "2026-01-01T00:00:00Z", by: "ann@ci 7", code: "EBG-GATE", message: "no" };
    for (const unsound of [{ ...halt, message: "" }, { ...halt, revision: "1" }, { ...halt, remedy: 7 }, "x", [], 1]) {
      const { record: read, problems } = parseRecord({ ...record, halt: unsound });
      assert.deepEqual([problems, read?.halt], [[], undefined], JSON.stringify(unsound));
    }
    assert.equal(parseRecord({ ...record, halt: { ...halt, remedy: "" } }).record?.halt?.remedy, null);
  });

  it("writes no empty text", async () => {
    const world = refused();
    world.fault = { ...world.fault!, error: () => new DriverError("EBG-PLAN-REFUSED", "no", "") };
    await world.upgrade();
    assert.equal(haltOf(world.record)?.remedy, null);
  });
});
