/** Where traffic is weighted, a member that dies keeps its share until a shift takes it: while another one comes in too. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { asked } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

const minutes = 60_000;
/** Once, when this happens, the member's pods die, and maybe its API server with them. */
function diesAt(
  world: WeightedWorld,
  member: string,
  wholly: boolean,
  when: (event: DriverEventBody) => boolean,
): void {
  let dead = false;
  world.listen = (event) => {
    if (dead || !when(event)) return;
    dead = true;
    const cluster = world.clusters.get(member);
    assert.ok(cluster !== undefined);
    cluster.sick = true;
    if (wholly) cluster.reachable = false;
  };
}
/** The one that is well has everything, in AWS and in the record, and nothing is half-way. */
function isAlone(world: WeightedWorld, well: string, dead: string): void {
  const { placement, rollout, intent } = world.record;
  assert.deepEqual([rollout, intent], [null, null]);
  assert.deepEqual([placement[well]?.share, placement[dead]?.share], [100, 0]);
  for (const port of ports)
    assert.deepEqual(world.routes[port].api, { ...world.routes[port].api, [well]: 100, [dead]: 0 });
  assert.equal(world.failingShare(), 0);
}

describe("a member that dies while another one comes in", () => {
  const inGate = (world: WeightedWorld) => (event: DriverEventBody) =>
    event.kind === "phase-started" && event.phase === "gate" && world.record.intent?.move.kind === "shift";
  const inBake = () => (event: DriverEventBody) => event.kind === "step-started" && event.step.type === "bake";
  const before = () => (event: DriverEventBody) =>
    event.kind === "step-started" && event.step.type === "move" && event.step.kind === "shift";
  for (const [where, when] of [
    ["before the first shift", before],
    ["in the gate of a shift", inGate],
    ["in a bake between two steps", inBake],
  ] as const)
    for (const wholly of [false, true])
      it(`admit, ${where}, ${wholly ? "with its cluster" : "its pods only"}`, async () => {
        const world = new WeightedWorld();
        diesAt(world, "blue", wholly, when(world));
        const result = await world.run(asked("admit", "green"));
        assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
        assert.match(result.message, /blue serves nobody any more/);
        assert.match(result.remedy ?? "", /^take it out: eks-blue-green drain blue --stack dev/);
        isAlone(world, "green", "blue");
        assert.ok(world.failingMs < 30 * minutes, `requests failed for ${world.failingMs / 1000} s`);
        if (wholly) return;
        assert.equal((await world.run(asked("drain", "blue"))).outcome, "done");
        assert.equal(world.record.placement["blue"]?.role, "standby");
      });

  it("cycle: the old member dies while the upgraded one has its first share", async () => {
    const world = new WeightedWorld().bothServe({ blue: 100, green: 100 });
    const cycle = { "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }) };
    diesAt(
      world,
      "green",
      false,
      (event) =>
        event.kind === "step-started" && event.step.type === "bake" && /^blue .*serves \d/.test(event.step.why),
    );
    const result = await world.upgrade({ config: cycle as never });
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
    isAlone(world, "blue", "green");
    assert.equal((await world.run(asked("drain", "green"), { config: cycle as never })).outcome, "done");
  });

  it("a newcomer beside one that is well gets no more than its step", async () => {
    const world = new WeightedWorld(["blue", "green", "red"]).bothServe({ blue: 100, green: 0, red: 100 });
    const { share: _share, ...out } = world.record.placement["green"]!;
    world.record = { ...world.record, placement: { ...world.record.placement, green: { ...out, role: "standby" } } };
    world.clusters.get("green")!.bound = false;
    world.reconcile();
    world.now += 600_000;
    world.reconcile();
    diesAt(world, "blue", false, inBake());
    const result = await world.run(asked("admit", "green"));
    assert.equal(result.outcome, "stopped", result.message);
    const { blue, green, red } = world.record.placement;
    assert.deepEqual([blue?.share, green?.share, red?.share], [0, 10, 100]);
    assert.equal(world.failingShare(), 0);
  });

  for (const [command, run] of [
    ["admit", (world: WeightedWorld) => world.run(asked("admit", "green"))],
    ["upgrade", (world: WeightedWorld) => world.upgrade()],
  ] as const)
    it(`${command} ends with a failure when the newcomer answers errors too: the same shift is not made again`, async () => {
      const world = new WeightedWorld();
      diesAt(world, "blue", false, inBake());
      const { listen } = world;
      let given = 0;
      world.listen = (event) => {
        listen(event);
        if (event.kind !== "note" || !/goes on/.test(event.message)) return;
        given += 1;
        world.erring.add("green");
        assert.ok(given < 3, "it goes on for ever");
      };
      const result = await run(world);
      assert.equal(result.outcome, "failed", result.message);
      assert.equal(given, 1);
    });

  it("upgrade: the old member has no healthy target in one of its services only", async () => {
    class OneService extends WeightedWorld {
      half = false;
      override ports(...args: Parameters<WeightedWorld["ports"]>): ReturnType<WeightedWorld["ports"]> {
        const all = super.ports(...args);
        return {
          ...all,
          aws: {
            ...all.aws,
            targets: async (arn) =>
              (await all.aws.targets(arn)).map((target) =>
                this.half && arn.includes("web@blue") ? { ...target, state: "unhealthy" } : target,
              ),
          },
        };
      }
    }
    const world = new OneService();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake") world.half = true;
    };
    const result = await world.upgrade({ approveRetire: true });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(
      world.told.filter((one) => one.startsWith("web: ")),
      ["web: blue 90, green 10", "web: blue 0, green 100"],
    );
  });
});
