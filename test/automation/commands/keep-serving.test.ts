/** `up` of members in traffic whose workloads come from files: planned before anything is updated, one after the other. */
import assert from "node:assert/strict";
import { runUp } from "../../../automation/commands/up";
import { DriverError } from "../../../automation/errors";
import type { PlannedOperation, Ports } from "../../../automation/ports";
import { parseEnvironmentConfig } from "../../../stacks/config/parse";
import { config, World } from "../world";

const replaced: PlannedOperation = {
  operation: "replace",
  type: "kubernetes:apps/v1:StatefulSet",
  urn: "urn:pulumi:dev-green::p::eks-blue-green:index:WorkloadObjects$kubernetes:apps/v1:StatefulSet::green-web-web/db",
  paths: ["spec.serviceName"],
  custom: true,
};

/** What was asked of Pulumi by an `up` of two members that serve, and how it ended. */
async function up(
  workload: "manifests" | "managed",
  answers: {
    readonly planned?: readonly PlannedOperation[];
    readonly fails?: string;
    readonly isNew?: boolean;
    readonly dead?: string;
  } = {},
): Promise<{ readonly calls: readonly string[]; readonly error: DriverError | null }> {
  const world = new World("cycle");
  const calls: string[] = [];
  const ports = world.ports();
  const [service] = JSON.parse(config["eks-blue-green:services"] ?? "[]") as Record<string, unknown>[];
  const { name, namespace, port, targetPort } = service ?? {};
  const services =
    workload === "managed"
      ? config["eks-blue-green:services"]
      : JSON.stringify([{ name, namespace, port, targetPort, workload, manifests: { path: "./manifests" } }]);
  const wanted = { ...config, ...(services === undefined ? {} : { "eks-blue-green:services": services }) };
  const member = (stack: Parameters<Ports["pulumi"]["settle"]>[0]): string =>
    stack.kind === "member" ? stack.member : "dev";
  const pulumi: Partial<Ports["pulumi"]> = {
    readEnvironment: async () => ({
      exists: true,
      resources: 1,
      pendingOperations: [],
      outputs: { ...world.environmentOutputs(), config: parseEnvironmentConfig(wanted, { environment: "dev" }) },
    }),
    ...(answers.isNew === true
      ? { readMember: async () => ({ exists: false, resources: 0, pendingOperations: [], outputs: null }) }
      : {}),
    settle: async () => null,
    refresh: async () => undefined,
    preview: async (stack) => {
      calls.push(`plan ${member(stack)}`);
      if (member(stack) === answers.dead) throw new DriverError("EBG-DEADLINE", "no answer", "look");
      return { operations: member(stack) === "green" ? (answers.planned ?? []) : [], plan: "" };
    },
    update: async (stack) => {
      calls.push(`update ${member(stack)}`);
      if (member(stack) === answers.fails) throw new DriverError("EBG-UPDATE-FAILED", "no pod gets ready", "look");
      return { changes: {}, seconds: 1 };
    },
  };
  const changed = {
    ...ports,
    pulumi: Object.assign(Object.create(ports.pulumi) as Ports["pulumi"], pulumi),
  };
  const signal = new AbortController().signal;
  const run = {
    environment: "dev",
    config: wanted,
    emit: () => undefined,
    stop: signal,
    cancel: signal,
    probes: false,
  };
  try {
    await runUp(changed, run);
    return { calls, error: null };
  } catch (error) {
    assert.ok(error instanceof DriverError, String(error));
    return { calls, error };
  }
}

describe("up of members in traffic", () => {
  it("plans those with workloads from files before it updates any, then one after the other", async () => {
    const { calls, error } = await up("manifests");
    assert.equal(error, null);
    assert.deepEqual(calls, ["update dev", "plan blue", "plan green", "update blue", "update green"]);
  });

  it("updates none of them when one would lose its pods, and names the object and both ways out", async () => {
    const { calls, error } = await up("manifests", { planned: [replaced] });
    assert.deepEqual(calls, ["update dev", "plan blue", "plan green"]);
    assert.equal(error?.code, "EBG-PLAN-REFUSED");
    assert.match(
      error.message,
      /dev-green: replace kubernetes:apps\/v1:StatefulSet 'green-web-web\/db' \(spec\.serviceName\)/,
    );
    assert.match(error.remedy, /give the object another name/);
    assert.match(error.remedy, /eks-blue-green drain green --stack dev/);
  });

  it("goes no further when one of them fails", async () => {
    const { calls, error } = await up("manifests", { fails: "blue" });
    assert.equal(error?.code, "EBG-UPDATE-FAILED");
    assert.ok(!calls.includes("update green"), calls.join());
  });

  it("leaves one that can't be planned as it is, says why, and is held up by it nowhere else", async () => {
    const { calls, error } = await up("manifests", { dead: "blue" });
    assert.deepEqual(calls, ["update dev", "plan blue", "plan green", "update green"]);
    assert.equal(error?.code, "EBG-DEADLINE");
    assert.match(error.message, /^dev-blue is in traffic and was not updated, .* could not be planned.*: no answer$/);
  });

  it("plans nobody who has yet to be made, and makes them side by side", async () => {
    const { calls, error } = await up("manifests", { isNew: true });
    assert.equal(error, null);
    assert.deepEqual([...calls].sort(), ["update blue", "update dev", "update green"]);
  });

  it("plans nothing where this package writes the workloads", async () => {
    const { calls } = await up("managed");
    assert.deepEqual([...calls].sort(), ["update blue", "update dev", "update green"]);
  });
});
