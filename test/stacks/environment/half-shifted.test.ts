/** With the real engine and the environment's own program: a shift that was cut off half-way, and what others do then. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DriverContext } from "../../../stacks/contract";
import { beginMove, commitMove, type EnvironmentRecord, startRollout } from "../../../stacks/record";
import { Bench } from "../../automation/adapters/pulumi/real-engine/bench";
import { devValues } from "../mock-engine";
import { servingWith, shiftOf } from "../record/shares";

const root = resolve(__dirname, "../../..");
const environment = { kind: "environment" } as const;
const at = "2026-11-30T00:00:00Z";
const values = {
  ...devValues,
  "eks-blue-green:traffic": "weighted",
  "eks-blue-green:loadBalancer": '{"type":"application"}',
  "eks-blue-green:services": JSON.stringify([
    { name: "web", image: "echo:1", port: 80, targetPort: 8080 },
    { name: "shop", image: "echo:1", port: 80, targetPort: 8080, match: { priority: 10, paths: ["/shop/*"] } },
  ]),
};

/** Of the revision after the first one, which `up` has written. */
const begun: EnvironmentRecord = {
  ...beginMove(
    startRollout(
      {
        schemaVersion: 2,
        revision: 1,
        placement: { blue: servingWith(100), green: servingWith(0) },
        rollout: null,
        intent: null,
      },
      { id: "r", strategy: "replace", wantedVersion: "1.35", startedAt: at, steps: [shiftOf([100, 90], [0, 10])] },
    ),
    { step: 0, startedAt: at, by: "me", targetsBefore: {} },
  ),
  revision: 2,
};
const act = { kind: "act", expectedRevision: 2 } as const;

describe("a shift whose update was cut off half-way", function () {
  this.timeout(300_000);
  let bench: Bench;
  before(async function () {
    const program = JSON.stringify(join(root, "stacks/environment/program"));
    const opened = await Bench.open(`
      const values = JSON.parse(require("node:fs").readFileSync(__dirname + "/values.json", "utf8"));
      return require(${program}).environmentProgram(values, context);`);
    if (opened === null) return this.skip();
    bench = opened;
    configure(values);
    await bench.adapter.ensureEnvironmentStack();
    await bench.adapter.update(environment);
    await bench.adapter.writeRecord(1, begun);
  });
  after(() => bench?.close());

  const configure = (config: Readonly<Record<string, string>>): void =>
    writeFileSync(join(bench.project, "values.json"), JSON.stringify(config));

  /** `update dev-shop`, without what stays. */
  async function planned(context: DriverContext | null): Promise<string[]> {
    const { operations, plan } = await bench.adapter.preview(environment, context);
    rmSync(plan, { force: true });
    return operations
      .filter(({ operation }) => operation !== "same")
      .map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`)
      .sort();
  }

  /** Weights of green, by listener or rule, in the state. */
  async function weights(): Promise<Record<string, number | undefined>> {
    const { deployment } = await bench.export("dev");
    const routes = (deployment.resources ?? []).filter(({ type }) => /:(Listener|ListenerRule)$/.test(type));
    return Object.fromEntries(
      routes.map(({ urn, inputs }) => {
        const [action] = (inputs?.["defaultActions"] ?? inputs?.["actions"]) as {
          forward: { targetGroups: { arn: string; weight: number }[] };
        }[];
        const green = action?.forward.targetGroups.find(({ arn }) => arn.endsWith("@green"));
        return [urn.split("::").at(-1) ?? "", green?.weight];
      }),
    );
  }

  const apply = async () => bench.adapter.apply(environment, act, (await bench.adapter.preview(environment, act)).plan);

  it("changes listeners and rules and nothing else, and nothing at all beside its act", async () => {
    assert.deepEqual(await planned(act), ["update dev-80", "update dev-shop"]);
    assert.deepEqual(await planned(null), [], "a plain update");
    assert.deepEqual(await weights(), { "dev-80": 0, "dev-shop": 0 });
  });

  it("stays as it is whatever writes the record or is run beside it, until the driver goes on with the same", async () => {
    writeFileSync(join(bench.folder, "refuse-dev-shop"), "");
    await assert.rejects(apply(), /Throttling: dev-shop/);
    rmSync(join(bench.folder, "refuse-dev-shop"));
    const half = { "dev-80": 10, "dev-shop": 0 };
    assert.deepEqual(await weights(), half);

    assert.deepEqual(await planned(null), [], "a plain update");
    const halted = { ...begun, revision: 3 };
    assert.deepEqual(await planned({ kind: "record", expectedRevision: 2, record: halted }), [], "a write");
    await bench.adapter.update(environment);
    assert.deepEqual(await weights(), half);

    assert.deepEqual(await planned(act), ["update dev-shop"]);
    await apply();
    assert.deepEqual(await weights(), { "dev-80": 10, "dev-shop": 10 });
  });

  it("is what a plain update declares as soon as it is committed", async () => {
    await bench.adapter.writeRecord(2, commitMove(begun));
    assert.deepEqual(await planned(null), []);
    await bench.adapter.update(environment);
    assert.deepEqual(await weights(), { "dev-80": 10, "dev-shop": 10 });
  });

  it("leaves nothing of a member that is absent when the config lets go of it: a plain update lifts the protection", async () => {
    const gone = { role: "absent", version: null, workload: "running" } as const;
    const placement = { blue: servingWith(100), green: gone };
    await bench.adapter.writeRecord(3, { ...commitMove(begun), revision: 4, placement, rollout: null });
    const without = { ...values, "eks-blue-green:members": '["blue","teal"]' };
    configure(without);
    await assert.rejects(bench.adapter.update(environment), /protect/, "at once");
    configure(values);
    await bench.adapter.update(environment);
    configure(without);
    await bench.adapter.update(environment);
    const { deployment } = await bench.export("dev");
    const groups = (deployment.resources ?? []).filter(({ type }) => type === "aws:lb/targetGroup:TargetGroup");
    assert.deepEqual(
      groups.map(({ urn }) => urn.split("::").at(-1)).sort(),
      ["shop", "web"].flatMap((name) => [`dev-${name}@blue`, `dev-${name}@teal`]),
    );
  });
});
