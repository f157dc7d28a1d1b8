import assert from "node:assert/strict";
import { runEvacuate } from "../../../automation/commands/evacuate";
import { DriverError } from "../../../automation/errors";
import type { EvacuationPort, Ports } from "../../../automation/ports";
import { config, World as InMemory } from "../world";

/** Two that serve, of which blue's cluster dies. */
class World extends InMemory {
  /** Green lists these, and has them as endpoints. */
  claimed: readonly string[] = [];
  /** EC2's answer about blue's addresses. */
  owner: () => string = () => "blue";
  denied = false;
  onDenied: () => void = () => undefined;

  constructor() {
    super("cycle");
    this.clusters.get("blue")!.reachable = false;
  }
  get blues(): string[] {
    return this.pods("blue");
  }
  registered(): string[] {
    return this.blues.filter((id) => this.targets.get(id)?.drainingSince === null);
  }
  override outputs(name: string): ReturnType<InMemory["outputs"]> {
    const outputs = super.outputs(name);
    return outputs === null ? null : { ...outputs, controller: { ...outputs.controller, roleName: `${name}-role` } };
  }
  override ports(): Ports & { readonly evacuation: EvacuationPort } {
    const own = super.ports();
    const more = async (member: string, ids: Promise<readonly string[] | null>): Promise<readonly string[]> => [
      ...((await ids) ?? []),
      ...(member === "green" ? this.claimed : []),
    ];
    const { recordedTargets, readyEndpoints } = own.kubernetes;
    return {
      ...own,
      kubernetes: {
        ...own.kubernetes,
        recordedTargets: (of, ...rest) => more(of.member, recordedTargets(of, ...rest)),
        readyEndpoints: (of, ...rest) => more(of.member, readyEndpoints(of, ...rest)),
      },
      evacuation: {
        denyRegistering: async () => {
          this.denied = true;
          for (const id of this.blues) this.taken.add(id);
          this.onDenied();
          return "denied";
        },
        registeringDenied: async () => this.denied,
        allowRegistering: async () => undefined,
        ownersOf: async (ids) =>
          Object.fromEntries(
            ids.map((id) => [
              id,
              { clusters: [`dev-${this.blues.includes(id) ? this.owner() : "green"}`], via: "eni-1" },
            ]),
          ),
        forgetKubernetesObjects: async () => 0,
        leftBehind: async () => [],
      },
    };
  }
  evacuate() {
    const never = new AbortController().signal;
    const rollout = { "eks-blue-green:rollout": JSON.stringify({ strategy: "cycle", bakeSeconds: 300 }) };
    return runEvacuate(
      this.ports(),
      { ...config, ...rollout },
      {
        environment: "dev",
        member: "blue",
        controllerIsStopped: false,
        why: null,
        emit: (event) => this.events.push(event),
        stop: never,
        cancel: never,
        approveRetire: async () => false,
        commandName: "eks-blue-green evacuate blue --stack dev",
        probes: true,
      },
    );
  }
}

describe("targets that another member claims while their own is evacuated", () => {
  it("are not out while they are registered and EC2 says that they are its own", async () => {
    const world = new World();
    world.onDenied = () => {
      world.claimed = world.blues;
    };
    const result = await world.evacuate();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.registered(), []);
  });

  it("are left to it where EC2 says so", async () => {
    const world = new World();
    const [moved] = world.blues as [string];
    world.onDenied = () => {
      world.claimed = [moved];
      world.owner = () => "green";
    };
    const result = await world.evacuate();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.registered(), [moved]);
  });

  it("are neither out nor taken away while EC2 does not answer", async () => {
    const world = new World();
    let silentUntil = 0;
    world.onDenied = () => {
      world.claimed = world.blues;
      silentUntil = world.now + 600_000;
    };
    let early = false;
    world.owner = () => {
      if (world.now >= silentUntil) return "blue";
      throw new DriverError("EBG-AWS", "Throttling", "wait");
    };
    world.watch = () => {
      early ||= world.denied && world.now < silentUntil && world.registered().length < 3;
    };
    const result = await world.evacuate();
    assert.equal(result.outcome, "done", result.message);
    assert.equal(early, false);
    assert.deepEqual(world.registered(), []);
  });
});
