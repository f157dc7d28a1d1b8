/** AWS that fails what a preflight asks for advice alone keeps nobody from moving traffic. */
import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { identityFindings } from "../../../automation/preflight/identity";
import { unlessDisturbed } from "../../../automation/preflight/unless-disturbed";
import type { RolloutCommand } from "../../../stacks/record";
import { World } from "../world";

const errors = [
  new DriverError("EBG-AWS", "ec2:DescribeSubnets: RequestLimitExceeded: slow down", "run the same command again"),
  new DriverError("EBG-DEADLINE", "AWS did not answer ec2:DescribeSubnets within 30 s", "check the network"),
];
const command = (name: RolloutCommand["name"], member: string | null, percent: number | null = null): RolloutCommand =>
  ({ name, member, percent }) as RolloutCommand;
const advice = (world: World): string[] =>
  world.events.flatMap((event) =>
    event.kind === "finding" && /could not be looked at/.test(event.message) ? [event.severity] : [],
  );
const looks = (world: World): string[] => world.calls.filter((call) => /^(network|upgradeInsights)$/.test(call));

/** Both serve, so that either may leave. */
async function bothServe(): Promise<World> {
  const world = new World("cycle");
  assert.deepEqual(Object.keys(world.record.placement), ["blue", "green"]);
  return world;
}

describe("AWS that is disturbed before a rollout", () => {
  for (const error of errors)
    for (const strategy of ["replace", "cycle"] as const)
      it(`is told, and keeps no upgrade (${strategy}) from going on: ${error.message}`, async () => {
        const world = new World(strategy);
        world.disturbed = error;
        const result = await world.upgrade();
        assert.equal(result.outcome, "done", result.message);
        assert.ok(looks(world).length > 0, "it was asked");
        assert.ok(advice(world).length >= 2 && advice(world).every((severity) => severity === "recommended"));
      });

  for (const asked of [command("drain", "blue"), command("scale", "blue", 200)])
    it(`is not asked for a network by ${asked.name}, which makes nothing`, async () => {
      const world = await bothServe();
      world.disturbed = errors[0] ?? null;
      const result = await world.run(asked);
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(looks(world), []);
    });

  it("is not asked by admit either", async () => {
    const world = await bothServe();
    await world.run(command("drain", "blue"));
    world.disturbed = errors[1] ?? null;
    const result = await world.run(command("admit", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(looks(world), []);
  });

  it("is not asked by rollback, though members are still to be made or upgraded", async () => {
    for (const strategy of ["replace", "cycle"] as const) {
      const world = new World(strategy);
      const stop = new AbortController();
      world.listen = (event) => {
        if (event.kind === "step-started" && event.index === 0) stop.abort();
      };
      assert.equal((await world.upgrade({ stop: stop.signal })).outcome, "stopped");
      world.listen = () => undefined;
      world.calls.length = 0;
      world.disturbed = errors[1] ?? null;
      const result = await world.run(command("rollback", null));
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(looks(world), []);
    }
  });

  it("is told from credentials that AWS refuses: those stop every command", async () => {
    const refused = new DriverError("EBG-CREDENTIALS", "AWS refuses sts:GetCallerIdentity", "log in");
    const identity = () => Promise.reject(refused);
    await assert.rejects(identityFindings({ aws: { identity } as never }), { code: "EBG-CREDENTIALS" });
    const world = new World();
    world.disturbed = refused;
    await assert.rejects(world.upgrade(), { code: "EBG-CREDENTIALS" });
  });

  it("is told from a defect of ours, which is never swallowed", async () => {
    await assert.rejects(
      unlessDisturbed("it", () => Promise.reject(new TypeError("a defect"))),
      TypeError,
    );
  });
});
