import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import type { AppliedUpdate, Ports } from "../../../automation/ports";
import { runUp } from "../../../automation/commands/up";
import { parseEnvironmentConfig } from "../../../stacks/config/parse";
import { config, World } from "../world";

/** The world of two members that serve, one of which lacks a binding until its stack was read anew and updated. */
async function up(
  bindingLost: boolean,
): Promise<{ readonly calls: readonly string[]; readonly notes: readonly string[] }> {
  const world = new World("cycle");
  const calls: string[] = [];
  const events: DriverEventBody[] = [];
  const ports = world.ports();
  let [lost, known] = [bindingLost, true];
  const nothing: AppliedUpdate = { changes: {}, seconds: 1 };
  const pulumi: Partial<Ports["pulumi"]> = {
    readEnvironment: async () => ({
      exists: true,
      resources: 1,
      pendingOperations: [],
      outputs: { ...world.environmentOutputs(), config: parseEnvironmentConfig(config, { environment: "dev" }) },
    }),
    settle: async () => null,
    refresh: async (member) => {
      calls.push(`refresh ${member}`);
      if (member === "blue") known = !lost;
    },
    update: async (stack) => {
      calls.push(`update ${stack.kind === "member" ? stack.member : "dev"}`);
      // A state that still has it sees nothing to do.
      if (stack.kind === "member" && stack.member === "blue" && !known) lost = false;
      return nothing;
    },
  };
  const kubernetes: Partial<Ports["kubernetes"]> = {
    bindings: async (member) => (lost && member.member === "blue" ? [] : await ports.kubernetes.bindings(member)),
  };
  const changed = {
    ...ports,
    pulumi: Object.assign(Object.create(ports.pulumi) as Ports["pulumi"], pulumi),
    kubernetes: Object.assign(Object.create(ports.kubernetes) as Ports["kubernetes"], kubernetes),
  };
  const signal = new AbortController().signal;
  await runUp(changed, {
    environment: "dev",
    emit: (event) => events.push(event),
    stop: signal,
    cancel: signal,
    probes: true,
  });
  assert.equal(lost, false, "the binding is still gone");
  return { calls, notes: events.flatMap((event) => (event.kind === "note" ? [event.message] : [])) };
}

describe("up", () => {
  it("updates the environment, then its members, and reads nothing anew when all is there", async () => {
    const { calls, notes } = await up(false);
    assert.deepEqual(calls, ["update dev", "update blue", "update green"]);
    assert.deepEqual(notes, []);
  });

  it("makes again what somebody deleted by hand, of that member alone: a plain update would see nothing to do", async () => {
    const { calls, notes } = await up(true);
    assert.deepEqual(
      [calls[0], calls.filter((call) => call.endsWith("blue")), calls.filter((call) => call.endsWith("green"))],
      ["update dev", ["refresh blue", "update blue"], ["update green"]],
    );
    assert.deepEqual(notes, [
      "the TargetGroupBinding of 'web' on blue is gone, though its stack declares it: somebody deleted it by " +
        "hand; it is declared again",
    ]);
  });
});
