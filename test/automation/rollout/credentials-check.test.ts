import assert from "node:assert/strict";
import type { PodIdentities } from "../../../automation/ports/pod-identities";
import type { MemberOutputs } from "../../../stacks/contract";
import { World } from "../world";

/** `web` has a role in AWS; what its pods have is said here. */
class WithRole extends World {
  /** Members whose pods have no credentials; `restarts`: how many more restarts they need. */
  readonly lacking = new Map<string, number>();
  readonly restarted: string[] = [];

  override outputs(name: string): MemberOutputs | null {
    const outputs = super.outputs(name);
    if (outputs === null) return null;
    return { ...outputs, services: { web: { ...outputs.services["web"]!, awsIdentity: "web" } } };
  }
  override ports(): ReturnType<World["ports"]> {
    const own = super.ports();
    const podIdentities = async ({ member }: MemberOutputs): Promise<PodIdentities> =>
      (this.lacking.get(member) ?? 0) > 0 ? { given: [], lacking: ["web-1"] } : { given: ["web-1"], lacking: [] };
    const restartDeployment = async ({ member }: MemberOutputs): Promise<void> => {
      this.restarted.push(member);
      this.lacking.set(member, (this.lacking.get(member) ?? 0) - 1);
    };
    return { ...own, kubernetes: { ...own.kubernetes, podIdentities, restartDeployment } };
  }
  /** Green is made, and stands by. */
  static async standingBy(): Promise<WithRole> {
    const world = new WithRole();
    const stop = new AbortController();
    world.listen = (event) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "provision") stop.abort();
    };
    const made = await world.upgrade({ stop: stop.signal });
    assert.equal(made.outcome, "stopped", made.message);
    assert.equal(world.record.placement["green"]?.role, "standby");
    world.listen = () => undefined;
    return world;
  }
}

describe("credentials of a workload's pods, before a member is let in", () => {
  it("are looked at again: pods that have lost theirs are made anew, out of traffic", async () => {
    const world = await WithRole.standingBy();
    world.lacking.set("green", 1);
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(world.restarted, ["green"]);
    assert.equal(world.failingMs, 0);
  });

  it("keep it out when new pods have none either, before anything is moved; the same command goes on", async () => {
    const world = await WithRole.standingBy();
    world.lacking.set("green", 100);
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-GATE"]);
    assert.match(result.message, /green is not let in yet: web-1 of web\/web on green got no credentials/);
    assert.match(result.remedy ?? "", /list-pod-identity-associations.*again: eks-blue-green upgrade --stack dev/);
    assert.equal(world.record.intent, null);
    assert.equal(world.record.placement["green"]?.role, "standby");
    world.lacking.clear();
    const again = await world.upgrade();
    assert.equal(again.outcome, "done", again.message);
    assert.equal(world.failingMs, 0);
  });
});
