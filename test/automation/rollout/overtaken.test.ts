/**
 * What a driver may not take for granted: that it is the only one, that its record is the newest, that it has seen what
 * it did not see.
 */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { DriverEventBody } from "../../../automation/events";
import { Session } from "../../../automation/rollout/session";
import { Killed, World } from "../world";

const killedBefore = async (world: World, call: string): Promise<void> => {
  world.fault = { call, nth: 1, kind: "before", error: () => new Killed() };
  await assert.rejects(world.upgrade(), Killed);
  world.fault = null;
};
const notes = (world: World): string =>
  world.events.flatMap((event) => (event.kind === "note" ? [event.message] : [])).join("\n");

describe("a driver that was overtaken", () => {
  for (const before of ["backUpState", "previewDestroy"]) {
    it(`destroys nothing (somebody moved on at ${before})`, async () => {
      const world = new World();
      let moved = false;
      world.watch = () => {
        if (moved || world.record.intent?.move.kind !== "retire" || world.calls.at(-1) !== before) return;
        moved = true;
        world.record = { ...world.record, revision: world.record.revision + 1 };
      };
      await assert.rejects(world.upgrade(), { code: "EBG-FENCED" });
      assert.ok(moved && world.clusters.has("blue") && !world.calls.includes("destroy"), world.calls.join(" "));
    });
  }
});

describe("before an effect that no stack fences", () => {
  const never = new AbortController().signal;
  function session(world: World, readable = true): { readonly session: Session; readonly events: DriverEventBody[] } {
    const events: DriverEventBody[] = [];
    const ports = world.ports();
    const pulumi = {
      ...ports.pulumi,
      ...(readable
        ? {}
        : {
            readEnvironment: async () => {
              throw new DriverError("EBG-UPDATE-FAILED", "backend away", "wait");
            },
          }),
    };
    return {
      events,
      session: new Session({ ...ports, pulumi }, world.environmentOutputs(), structuredClone(world.record), {
        emit: (event) => events.push(event),
        stop: never,
        cancel: never,
        approveRetire: async () => false,
        commandName: "x",
        probes: false,
      }),
    };
  }

  it("the record is as this driver wrote it: go on", async () => {
    assert.equal(await session(new World()).session.writer.stillMine(), true);
  });
  it("somebody has written: nothing is touched", async () => {
    const world = new World();
    const mine = session(world).session.writer;
    world.record = { ...world.record, revision: world.record.revision + 1 };
    await assert.rejects(mine.stillMine(), { code: "EBG-FENCED" });
    await assert.rejects(mine.assertNotOvertaken(), { code: "EBG-FENCED" });
  });
  it("nobody can say: the round is left out where another one comes, and said", async () => {
    const { session: blind, events } = session(new World(), false);
    assert.equal(await blind.writer.stillMine(), false);
    assert.match(
      events.flatMap((event) => (event.kind === "note" ? [event.message] : [])).join(),
      /could not be read, so nothing is touched in this round: backend away/,
    );
    await assert.rejects(blind.writer.assertNotOvertaken(), { code: "EBG-UPDATE-FAILED" });
  });
});

describe("a record that was put back from a backup", () => {
  it("is refused when a member was updated after it", async () => {
    const world = new World();
    const blue = world.clusters.get("blue");
    assert.ok(blue);
    blue.revision = world.record.revision + 7;
    await assert.rejects(
      world.upgrade(),
      (error: { code: string; message: string; remedy: string }) =>
        error.code === "EBG-RECORD-LOST" &&
        /members were updated after later ones: blue \(\d+\)/.test(error.message) &&
        /raise its revision to \d+/.test(error.remedy),
    );
    assert.deepEqual(world.calls, []);
  });

  it("does not make a `retire` that it has open destroy a member that serves", async () => {
    const world = new World();
    await killedBefore(world, "destroy");
    const blue = world.clusters.get("blue");
    assert.ok(blue);
    Object.assign(blue, { bound: true, running: true });
    world.reconcile();
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"], result.message);
    assert.match(result.message, /blue is not destroyed: 3 of its targets are registered/);
    assert.ok(world.clusters.has("blue"));
  });
});

describe("what was not seen", () => {
  it("is not taken for nothing: a drain's snapshot has all targets, whichever look AWS leaves without an answer", async () => {
    for (let silent = 1; silent <= 8; silent += 1) {
      const world = new World();
      let looks = 0;
      world.untold = () => {
        if (
          !world.events.some(
            (event) => event.kind === "step-started" && event.step.type === "move" && event.step.kind === "drain",
          ) ||
          world.record.intent?.move.kind === "drain"
        )
          return false;
        looks += 1;
        return looks >= silent && looks < silent + 3;
      };
      const snapshots = new Set<number>();
      world.watch = () => {
        if (world.record.intent?.move.kind === "drain")
          snapshots.add(world.record.intent.targetsBefore["web"]?.length ?? 0);
      };
      const result = await world.upgrade();
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual([...snapshots], [3], `silent from look ${silent} on`);
    }
  });

  it("is waited for five minutes, then the rollout stops where it is", async () => {
    const world = new World();
    world.untold = () => world.events.some((event) => event.kind === "step-started" && event.resumed);
    await killedBefore(world, "destroy");
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-AWS"], result.message);
    assert.match(result.message, /could not retire blue: AWS did not tell the targets of web/);
    world.untold = () => false;
    assert.equal((await world.upgrade()).outcome, "done");
  });

  it("is no good time: a bake begins anew after an hour in which nobody looked", async () => {
    const world = new World();
    let jumped = 0;
    world.watch = () => {
      const last = world.events.findLast((event) => event.kind === "step-started");
      const baking = last?.kind === "step-started" && last.step.type === "bake";
      if (
        !baking ||
        jumped > 0 ||
        !world.events.some((event) => event.kind === "gate" && event.gate.startsWith("bake"))
      )
        return;
      world.now += 3_600_000;
      jumped = world.now;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(jumped > 0);
    const bake = world.events.find((event) => event.kind === "step-finished" && event.step.type === "bake");
    const seconds = bake?.kind === "step-finished" ? bake.seconds : 0;
    assert.ok(seconds >= 3600 + 300, `the bake took ${seconds} s`);
    assert.match(notes(world), /nothing was seen for 36\d\d s: what must stay good for a time begins anew/);
  });
});

describe("a machine's clock that is set during a bake", () => {
  const bakeWith = async (set: (world: World) => void): Promise<{ world: World; seconds: number }> => {
    const world = new World();
    world.watch = () => {
      const last = world.events.findLast(({ kind }) => kind === "step-started" || kind === "step-finished");
      if (last?.kind === "step-started" && last.step.type === "bake") set(world);
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    const bake = world.events.find((event) => event.kind === "step-finished" && event.step.type === "bake");
    return { world, seconds: bake?.kind === "step-finished" ? bake.seconds : 0 };
  };

  it("does not shorten it, however often it is set forward", async () => {
    const plain = await bakeWith(() => undefined);
    const { world, seconds } = await bakeWith((one) => void (one.wallAheadMs += 20_000));
    assert.ok(world.wallAheadMs > 300_000, `only ${world.wallAheadMs} ms ahead`);
    assert.equal(seconds, plain.seconds);
  });

  it("does not make it begin anew when it is set back", async () => {
    const { world, seconds } = await bakeWith((one) => void (one.wallAheadMs = -3_600_000));
    assert.ok(seconds < 600, `the bake took ${seconds} s`);
    assert.doesNotMatch(notes(world), /nothing was seen/);
  });
});

describe("a rollback that planned its own way", () => {
  it("and failed is not called done", async () => {
    const world = new World();
    world.erring.add("green");
    assert.equal((await world.upgrade()).outcome, "walked-back");
    world.erring.clear();
    for (const [name, member] of [
      ["admit", "green"],
      ["drain", "blue"],
    ] as const)
      assert.equal((await world.run({ name, member, percent: null })).outcome, "done");
    assert.equal(world.record.placement["green"]?.role, "active");
    const blue = world.clusters.get("blue");
    assert.ok(blue);
    blue.sick = true;
    const result = await world.run({ name: "rollback", member: null, percent: null });
    assert.equal(world.record.placement["green"]?.role, "active");
    assert.equal(result.outcome, "walked-back", result.message);
    assert.equal(result.code, "EBG-WALKED-BACK");
  });
});
