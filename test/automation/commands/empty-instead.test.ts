/** A member dies while something is under way, and nobody runs the driver: what people type then moves the requests. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { DriverEventBody } from "../../../automation/events";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { commandsIn } from "../../../automation/text/command-line";
import type { RolloutCommand } from "../../../stacks/record";
import { evacuate } from "../evacuating";
import { asked, bakeOf, sicken } from "../happenings";
import { Killed } from "../world";
import { ports, WeightedWorld } from "../weighted-world";

const cycle = {
  "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }),
};
type Begins = (world: WeightedWorld, stop: AbortSignal) => Promise<RolloutResult>;
const shifts = (event: DriverEventBody): boolean =>
  event.kind === "step-started" && event.step.type === "move" && event.step.kind === "shift";
const inGate =
  (world: WeightedWorld, kind: string) =>
  (event: DriverEventBody): boolean =>
    event.kind === "phase-started" && event.phase === "gate" && world.record.intent?.move.kind === kind;
const upgrade: Begins = (world, stop) => world.upgrade({ stop });
const admit: Begins = (world, stop) => world.run(asked("admit", "green"), { stop });

interface Case {
  readonly begins: Begins;
  readonly when: (world: WeightedWorld) => (event: DriverEventBody) => boolean;
}
const cases: Readonly<Record<string, Case>> = {
  "an upgrade, before the first shift": { begins: upgrade, when: () => shifts },
  "an upgrade, its first shift open": { begins: upgrade, when: (world) => inGate(world, "shift") },
  "an upgrade, the newcomer's admit open": { begins: upgrade, when: (world) => inGate(world, "admit") },
  "an upgrade, in a bake": { begins: upgrade, when: () => bakeOf(50) },
  "an admit, before its first shift": { begins: admit, when: () => shifts },
  "an admit, its first shift open": { begins: admit, when: (world) => inGate(world, "shift") },
  "an admit, in the bake": {
    begins: admit,
    when: () => (event) => event.kind === "step-started" && event.step.type === "bake",
  },
  "a way back, its shift open": {
    begins: async (world, stop) => {
      const first = new AbortController();
      world.listen = (event) => {
        if (bakeOf(50)(event)) first.abort();
      };
      await world.upgrade({ stop: first.signal });
      return await world.run(asked("rollback"), { stop });
    },
    when: (world) => inGate(world, "shift"),
  },
};

/** Whoever runs the driver presses Ctrl-C, and then blue dies. */
async function stopped({ begins, when }: Case, wholly: boolean): Promise<WeightedWorld> {
  const world = new WeightedWorld();
  const stop = new AbortController();
  const at = when(world);
  const begun = begins(world, stop.signal);
  const { listen } = world;
  world.listen = (event) => {
    listen(event);
    if (at(event)) stop.abort();
  };
  const { outcome, message } = await begun;
  assert.equal(outcome, "stopped", message);
  assert.notEqual(world.record.rollout, null);
  world.listen = () => undefined;
  sicken(world, "blue");
  if (wholly) world.clusters.get("blue")!.reachable = false;
  world.now += 120_000;
  world.reconcile();
  world.failingMs = 0;
  return world;
}
function isOut(world: WeightedWorld, result: RolloutResult): void {
  const { placement, rollout, intent } = world.record;
  assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
  assert.deepEqual([rollout, intent], [null, null]);
  assert.deepEqual([placement["blue"]?.role, placement["green"]?.share], ["standby", 100]);
  for (const port of ports) assert.deepEqual(world.routes[port].api, { blue: 0, green: 100 });
  assert.equal(world.failingShare(), 0);
  assert.ok(world.failingMs < 15 * 60_000, `requests failed for ${world.failingMs / 1000} s`);
}

const typed = (
  world: WeightedWorld,
  name: string,
  member: string | null = null,
): Promise<RolloutResult | DriverError> =>
  (name === "upgrade" ? world.upgrade() : world.run(asked(name as RolloutCommand["name"], member))).catch(
    (error: unknown) => {
      if (error instanceof DriverError) return error;
      throw error;
    },
  );

describe("a member that dies while something is under way and nobody runs the driver", () => {
  for (const [what, one] of Object.entries(cases)) {
    it(`is taken out by \`drain\`: ${what}`, async () => {
      const world = await stopped(one, false);
      isOut(world, await world.run(asked("drain", "blue")));
    });
    it(`is taken out by \`evacuate\` when its cluster is dead too: ${what}`, async () => {
      const world = await stopped(one, true);
      isOut(world, await evacuate(world, "blue", world.values));
    });
    it(`loses its share by \`drain\` when its cluster is dead too: ${what}`, async () => {
      const world = await stopped(one, true);
      const result = await world.run(asked("drain", "blue"));
      assert.notEqual(result.outcome, "done");
      assert.equal(world.failingShare(), 0, `${result.message} → ${result.remedy}`);
      assert.match(result.remedy ?? "", /evacuate blue/);
      assert.equal((await evacuate(world, "blue", world.values)).outcome, "done");
    });
    it(`gets nothing back by \`rollback\`, and what that names leads out: ${what}`, async () => {
      const world = await stopped(one, false);
      const before = world.told.length;
      let told: RolloutResult | DriverError = await typed(world, "rollback");
      const lines = [`${told.message} → ${told.remedy}`];
      for (let tries = 0; tries < 3 && world.failingShare() > 0; tries += 1) {
        const [next] = commandsIn(told.remedy ?? "").filter(({ name }) => /upgrade|admit|drain|rollback/.test(name));
        assert.ok(next, lines.join("\n"));
        told = await typed(world, next.name, next.member);
        lines.push(`${next.name}: ${told.message} → ${told.remedy}`);
      }
      assert.equal(world.failingShare(), 0, lines.join("\n"));
      const raised = world.told.slice(before).filter((vector) => / blue [1-9]/.test(vector));
      assert.deepEqual(raised, [], "blue got requests");
    });
  }

  it("is taken out of a cycle", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake" && /^blue .*serves \d/.test(event.step.why))
        stop.abort();
    };
    await world.upgrade({ config: cycle as never, stop: stop.signal });
    world.listen = () => undefined;
    sicken(world, "green");
    world.now += 120_000;
    world.reconcile();
    const result = await world.run(asked("drain", "green"), { config: cycle as never });
    assert.equal(result.outcome, "done", result.message);
    assert.equal(world.failingShare(), 0);
  });

  it("goes on wherever the drain is killed", async function () {
    this.timeout(300_000);
    const one = cases["an upgrade, its first shift open"]!;
    const reference = await stopped(one, false);
    reference.calls.length = 0;
    isOut(reference, await reference.run(asked("drain", "blue")));
    for (const [index, call] of reference.calls.entries()) {
      const nth = reference.calls.slice(0, index + 1).filter((other) => other === call).length;
      const world = await stopped(one, false);
      world.calls.length = 0;
      world.fault = { call, nth, kind: "after", error: () => new Killed() };
      await assert.rejects(world.run(asked("drain", "blue")), Killed, `${call} ${nth}`);
      world.fault = null;
      world.dead = false;
      const result = await world.run(asked("drain", "blue"));
      assert.ok(["done", "nothing-to-do"].includes(result.outcome), `${call} ${nth}: ${result.message}`);
      assert.equal(world.record.placement["blue"]?.role, "standby", `${call} ${nth}`);
      assert.equal(world.failingShare(), 0, `${call} ${nth}`);
    }
  });

  it("is not taken out of what is under way while it serves", async () => {
    const world = new WeightedWorld();
    const stop = new AbortController();
    world.listen = (event) => {
      if (bakeOf(50)(event)) stop.abort();
    };
    await world.upgrade({ stop: stop.signal });
    await assert.rejects(world.run(asked("drain", "blue")), { code: "EBG-ROLLOUT-UNDER-WAY" });
  });

  it("evacuate: other commands are sent to it, and not to `rollback`", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    Object.assign(world.clusters.get("blue") ?? {}, { reachable: false, sick: true });
    world.fault = { call: "modify api", nth: 1, kind: "before", error: () => new Killed() };
    await assert.rejects(evacuate(world, "blue", world.values), Killed);
    world.fault = null;
    world.dead = false;
    const refused = await world.run(asked("admit", "green")).catch((error: unknown) => error as DriverError);
    assert.match(refused.remedy ?? "", /evacuate blue --stack dev/);
    assert.doesNotMatch(refused.remedy ?? "", /rollback|drain/);
    world.told.length = 0;
    await typed(world, "rollback");
    assert.deepEqual(
      world.told.filter((vector) => / blue [1-9]/.test(vector)),
      [],
      "blue got requests",
    );
    assert.equal(world.failingShare(), 0);
    assert.equal((await evacuate(world, "blue", world.values)).outcome, "done");
  });
});
