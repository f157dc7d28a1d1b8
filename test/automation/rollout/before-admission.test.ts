import assert from "node:assert/strict";
import type { MemberOutputs } from "../../../stacks/contract";
import type { ReadyObject } from "../../../automation/ports/external-workload";
import { World } from "../world";

const short = { "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", gateTimeoutSeconds: 600 }) };

/** Each member's program marks a Deployment. */
class Marked extends World {
  /** How it stands on green. */
  agent: ReadyObject["status"] = "in-progress";
  asked = 0;

  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) return null;
    const agent = { apiVersion: "apps/v1", kind: "Deployment", namespace: "platform", name: "agent" };
    const resources = [`urn:pulumi:dev-${name}::p::kubernetes:apps/v1:Deployment::agent`];
    return { ...outputs, extension: { resources, beforeAdmission: [agent] } };
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const objects = async ({ member }: MemberOutputs): Promise<readonly ReadyObject[]> => {
      if (member === "green") this.asked += 1;
      const status = member === "green" ? this.agent : "current";
      return [
        { kind: "Deployment", name: "agent", status, message: status === "current" ? "" : "0 of 1 pods are ready" },
      ];
    };
    return { ...own, kubernetes: { ...own.kubernetes, objects } };
  }
  gate(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "gate" && event.gate.startsWith("what your program wants")
        ? [`${event.status} ${event.reason}`]
        : [],
    );
  }
  moves(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
  }
}

describe("an upgrade whose program marks what must be well before admission", () => {
  it("waits for it on the new member, and goes on once it is well", async () => {
    const world = new Marked();
    world.listen = (event) => {
      if (event.kind === "gate" && event.reason === "before-admission") world.agent = "current";
    };
    const result = await world.upgrade({ config: short });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.gate(), ["waiting before-admission", "passed passed"]);
    assert.deepEqual(world.moves(), ["provision green", "admit green", "drain blue", "scale blue", "retire blue"]);
    assert.equal(world.failingMs, 0);
  });

  it("stops with nothing moved when it does not come, and the same command goes on", async () => {
    const world = new Marked();
    world.agent = "failed";
    const stopped = await world.upgrade({ config: short });
    assert.equal(stopped.outcome, "stopped");
    assert.match(
      stopped.message,
      /green is not let in yet: .*Deployment agent on green has failed: 0 of 1 pods are ready/,
    );
    assert.deepEqual(world.moves(), ["provision green"]);
    assert.equal(world.failingMs, 0);
    world.agent = "current";
    const result = await world.upgrade({ config: short });
    assert.equal(result.outcome, "done", result.message);
  });
});
