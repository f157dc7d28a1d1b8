/** What a rollout that came back tells people to type is not refused when they type it. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { stepsKept } from "../../../automation/commands/steps-override";
import { withoutUpgrade } from "../../../automation/rollout/what-leads-out";
import { commandsIn, type NamedCommand } from "../../../automation/text/command-line";
import type { RolloutCommand } from "../../../stacks/record";
import { asked, bakeOf, once, sicken, upgradeHalfWay } from "../happenings";
import { ports, WeightedWorld } from "../weighted-world";

const acts = (remedy: string | null): NamedCommand[] =>
  commandsIn(remedy ?? "").filter(({ name }) => ["upgrade", "admit", "drain", "rollback"].includes(name));

/** Runs the first command that the remedy names; one that is refused throws, or is held. */
async function follow(world: WeightedWorld, { remedy }: RolloutResult): Promise<void> {
  const [first] = acts(remedy);
  assert.ok(first, remedy ?? "no remedy");
  world.listen = () => undefined;
  try {
    const retryVersion = first.options["--retry-version"] !== undefined;
    const result = await (first.name === "upgrade"
      ? world.upgrade({ retryVersion })
      : world.run(asked(first.name as RolloutCommand["name"], first.member)));
    assert.notEqual(result.code, "EBG-HELD", remedy ?? "");
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    assert.fail(`'${first.name} ${first.member ?? ""}' is refused (${error.code}: ${error.message}): ${remedy}`);
  }
}

describe("what a rollout that came back tells people to type", () => {
  it("is no upgrade while requests fail: the way back was undone, and both err", async () => {
    const world = new WeightedWorld();
    once(world, bakeOf(10), () => {
      world.erring.add("green");
      once(
        world,
        (event) =>
          event.kind === "phase-started" &&
          event.phase === "begin" &&
          world.record.rollout?.direction === "back" &&
          world.record.intent === null,
        () => world.erring.add("blue"),
      );
    });
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(!acts(result.remedy).some(({ name }) => name === "upgrade"), result.remedy ?? "");
    await follow(world, result);
  });

  it("lifts the hold that a rollback has set", async () => {
    const world = await upgradeHalfWay(new WeightedWorld());
    once(
      world,
      ({ kind }) => kind === "walk-back",
      () => sicken(world, "blue"),
    );
    const result = await world.run(asked("rollback"));
    await follow(world, result);
  });

  it("takes out who is sick before anything else, where the upgrade would be refused for it", async () => {
    const world = new WeightedWorld(["blue", "green", "red"]).bothServe({ blue: 100, green: 100 });
    const shares = { blue: 100, green: 100, red: 0 };
    for (const port of ports) Object.assign(world.routes[port], { api: shares, state: shares });
    once(
      world,
      (event) => event.kind === "step-started" && event.step.type === "bake",
      () => sicken(world, "green"),
    );
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    const [first] = acts(result.remedy);
    assert.deepEqual([first?.name, first?.member], ["drain", "green"], result.remedy ?? "");
    assert.ok(!acts(result.remedy).some(({ name }) => name === "upgrade"), result.remedy ?? "");
    await follow(world, result);
  });

  it("is the upgrade, as before, where all is well again", async () => {
    const world = new WeightedWorld();
    world.erring.add("green");
    const result = await world.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.ok(acts(result.remedy).length === 0 || acts(result.remedy).some(({ name }) => name === "upgrade"));
  });

  it("keeps everything but the upgrade of a gate's remedy", () => {
    const text = "eks-blue-green status shows each target's state; then run the upgrade again: eks-blue-green upgrade";
    assert.equal(withoutUpgrade(text), "eks-blue-green status shows each target's state");
    assert.equal(
      withoutUpgrade("look at the alarm's metric in CloudWatch, then run the upgrade again: eks-blue-green upgrade"),
      "look at the alarm's metric in CloudWatch",
    );
    assert.equal(withoutUpgrade("repair it"), "repair it");
  });

  it("says that steps typed for an upgrade under way are not used", async () => {
    const world = new WeightedWorld();
    const stop = new AbortController();
    once(world, bakeOf(10), () => stop.abort());
    await world.upgrade({ stop: stop.signal });
    const { rollout } = world.record;
    assert.ok(rollout);
    assert.match(stepsKept(rollout, [50, 100]) ?? "", /^--steps 50,100 is not used: .* under way since 20\d\d-/);
    assert.equal(stepsKept(rollout, undefined), null);
    assert.equal(stepsKept(null, [100]), null);
    world.listen = () => undefined;
    await world.upgrade({ steps: [50, 100] });
    assert.ok(world.events.some((event) => event.kind === "note" && event.message.startsWith("--steps 50,100 is not")));
  });
});
