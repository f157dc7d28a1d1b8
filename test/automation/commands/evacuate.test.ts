import assert from "node:assert/strict";
import { runEvacuate } from "../../../automation/commands/evacuate";
import { DriverError } from "../../../automation/errors";
import type { EvacuationPort } from "../../../automation/ports";
import { config, World } from "../world";

/** EC2 and IAM as an evacuation sees them. */
function evacuationPort(world: World): EvacuationPort {
  const denied = new Set<string>();
  return {
    denyRegistering: async (role) => {
      denied.add(role);
      return "denied";
    },
    registeringDenied: async (role) => denied.has(role),
    allowRegistering: async (role) => void denied.delete(role),
    ownersOf: async (targets) =>
      Object.fromEntries(
        targets.map((id) => [id, { clusters: [`dev-${world.targets.get(id)?.member ?? "nobody"}`], via: "eni-1" }]),
      ),
    forgetKubernetesObjects: async () => 0,
    leftBehind: async () => [],
  };
}

async function evacuate(world: World, member: string) {
  const never = new AbortController().signal;
  // Its controller is stopped: nothing registers them again.
  for (const id of world.pods(member)) world.taken.add(id);
  return await runEvacuate(
    { ...world.ports(), evacuation: evacuationPort(world) },
    {
      ...config,
      "eks-blue-green:members": JSON.stringify(world.members),
      "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }),
    },
    {
      environment: "dev",
      member,
      controllerIsStopped: true,
      why: null,
      emit: (event) => world.events.push(event),
      stop: never,
      cancel: never,
      approveRetire: async () => true,
      commandName: `eks-blue-green evacuate ${member} --stack dev`,
      probes: true,
    },
  );
}

describe("evacuate beside an open move", () => {
  it("keeps the other member's move: it is finished afterwards, and the rest is planned anew", async () => {
    const world = new World("cycle", ["blue", "green", "red"]);
    const stop = new AbortController();
    // The first move makes green larger; the driver dies in its gate, with the size changed and not committed.
    world.fault = { call: "apply", nth: 1, kind: "after", error: () => new Error("killed") };
    await assert.rejects(world.upgrade({ stop: stop.signal }), /killed/);
    world.fault = null;
    const open = world.record.intent?.move;
    assert.ok(open?.kind === "scale");
    assert.equal(open.to.capacityPercent, 150);
    const mover = open?.member ?? "";
    // Another one dies with all its pods.
    const dead = world.members.find((name) => name !== mover && name !== "blue") ?? "";
    Object.assign(world.clusters.get(dead) ?? {}, { reachable: false, sick: true });
    const out = await evacuate(world, dead);
    assert.equal(out.outcome, "done", out.message);
    assert.match(out.remedy ?? "", new RegExp(`finish 'scale ${mover}'.*eks-blue-green upgrade --stack dev`));
    assert.deepEqual(world.record.intent?.move, open);
    const rest = await world.upgrade();
    assert.deepEqual([rest.outcome, rest.code], ["stopped", "EBG-STOPPED"], rest.message);
    assert.match(rest.message, new RegExp(`'scale ${mover}', which was open .* is finished`));
    assert.match(rest.remedy ?? "", /run the same command again: eks-blue-green upgrade/);
    assert.equal(world.record.placement[mover]?.capacityPercent, 150);
    assert.deepEqual([world.record.rollout, world.record.intent], [null, null]);
    assert.equal(world.clusters.get(mover)?.percent, 150);
  });
});

describe("evacuate of one that still serves while another in traffic is sick", () => {
  it("and `upgrade` don't send people to each other: the sick one is repaired, then it is done", async () => {
    const world = new World("cycle", ["blue", "green", "red"]);
    let drains = 0;
    let dead = "";
    let sick = "";
    world.listen = (event) => {
      if (event.kind !== "step-started" || event.step.type !== "move" || event.step.kind !== "drain") return;
      drains += 1;
      if (drains !== 2) return;
      dead = event.step.member;
      sick = world.members.find((name) => name !== dead && world.record.placement[name]?.version === "1.34") ?? "";
      world.clusters.get(dead)!.reachable = false;
      world.clusters.get(sick)!.sick = true;
    };
    const stopped = await world.upgrade();
    assert.notEqual(stopped.outcome, "done");
    assert.match(stopped.remedy ?? "", new RegExp(`repair ${sick}.*evacuate ${dead}`));
    const refused = await evacuate(world, dead).catch((error: unknown) => error as DriverError);
    assert.ok(refused instanceof DriverError);
    assert.match(refused.message, new RegExp(`${dead} still serves.*${sick} is in traffic, and unhealthy`));
    assert.match(refused.remedy, new RegExp(`^first repair ${sick}: .*then run the same command again`));
    assert.doesNotMatch(refused.remedy, /upgrade/);
    world.clusters.get(sick)!.sick = false;
    const out = await evacuate(world, dead);
    assert.equal(out.outcome, "done", out.message);
    assert.equal(world.record.placement[dead]?.evacuated !== undefined, true);
  });
});
