import assert from "node:assert/strict";
import type { Leftover, TeardownPort } from "../../../automation/ports";
import { runTeardown, type TeardownResult } from "../../../automation/run/teardown";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import { config as values, World } from "../world";

const config = parseEnvironmentConfig(values, { environment: "dev" });

/** Two members in traffic, and their end. */
class Ending extends World {
  environmentDestroyed = false;
  left: Leftover[] = [];

  constructor() {
    super();
    this.record = { ...this.record, placement: { blue: this.record.placement["blue"]!, green: { role: "active", version: "1.34", workload: "running" } } };
    this.clusters.set("green", this.member("1.34", true));
    this.reconcile();
    this.now += 600_000;
  }
  override environmentOutputs(): EnvironmentOutputs {
    return { ...super.environmentOutputs(), config };
  }
  async teardown(): Promise<TeardownResult> {
    this.events = [];
    const never = new AbortController().signal;
    const port: TeardownPort = {
      protectedResources: async () => 0,
      previewEnvironmentDestroy: async () => ({ operations: [], plan: "" }),
      destroyEnvironment: async () => { this.environmentDestroyed = true; return { changes: {}, seconds: 1 }; },
      leftovers: async () => this.left, madeForServices: async () => [], usersOfGroup: async () => [],
    };
    return await runTeardown({ ...this.ports(), teardown: port }, values, { environment: "dev", emit: (event) => this.events.push(event), stop: never, cancel: never, approveRetire: async () => true, commandName: "eks-blue-green teardown --stack dev --yes-delete dev", probes: true, confirm: async () => "dev" });
  }
  moves(): string[] {
    return this.events.flatMap((event) => (event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : []));
  }
  gone(): void {
    assert.deepEqual([...this.clusters.keys()], []);
    assert.ok(this.environmentDestroyed);
  }
}

describe("teardown", () => {
  it("drains, stops and destroys everybody, then the environment", async () => {
    const world = new Ending();
    const result = await world.teardown();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.moves(), ["drain blue", "drain green", "scale blue", "scale green", "retire blue", "retire green"]);
    world.gone();
  });

  it("does not ask whether those that go later are healthy, or answer", async () => {
    const world = new Ending();
    world.clusters.get("green")!.sick = true;
    world.erring.add("green");
    const result = await world.teardown();
    assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
    world.gone();
  });

  describe("of a member whose first update failed, so that its stack has no outputs", () => {
    const failed = (): Ending => {
      const world = new Ending();
      world.clusters.delete("blue");
      return world;
    };
    const isBlues = (id: string): boolean => id.startsWith("10.42.1.");

    it("destroys it as it is", async () => {
      const world = failed();
      for (const id of [...world.targets.keys()].filter(isBlues)) world.targets.delete(id);
      const result = await world.teardown();
      assert.equal(result.outcome, "done", `${result.message} → ${result.remedy}`);
      assert.deepEqual(world.moves(), ["drain blue", "drain green", "scale blue", "scale green", "retire blue", "retire green"]);
      assert.deepEqual(world.calls.filter((call) => call === "apply" || call === "destroy"), ["apply", "apply", "destroy", "destroy"], "only green is updated");
      world.gone();
    });

    it("but not while a target is registered that may be its own", async () => {
      const world = failed();
      const result = await world.teardown();
      assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"]);
      assert.match(result.message, /could not drain blue: its stack has no outputs.*3 targets may be its own.*web: 10\.42\.1\.1:8080/);
      assert.match(result.remedy ?? "", /pulumi up --stack dev-blue/);
      assert.deepEqual(world.record.placement["blue"]?.role, "active");
      for (const id of [...world.targets.keys()].filter(isBlues)) world.targets.delete(id);
      assert.equal((await world.teardown()).outcome, "done");
      world.gone();
    });
  });
});
