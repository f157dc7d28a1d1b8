/** With the real engine: what the user's own program declares stays in updates that don't declare it. */
import assert from "node:assert/strict";
import { initialRecord } from "../../../../stacks/record";
import type { EnvironmentConfig } from "../../../../stacks/config";
import { Bench } from "./real-engine/bench";

const environment = { kind: "environment" } as const;
const record = { ...initialRecord({ members: ["blue"], kubernetesVersion: "1.35" } as unknown as EnvironmentConfig) };

const program = `
  const declares = context === undefined || context.extension === "declared";
  const part = new pulumi.ComponentResource("eks-blue-green:index:Part", "ours");
  new Resource("aws:fake:Thing", "base", { size: 1 }, { parent: part });
  if (context?.kind === "act") new Resource("aws:fake:Thing", "binding", { size: 1 }, { parent: part });
  const wanted = process.env.BENCH_OURS;
  if (wanted) new Resource("aws:fake:Thing", "more", { size: 1 }, { parent: part });
  const named = [];
  if (declares) {
    const group = new pulumi.ComponentResource("theirs:index:Group", "group");
    const first = new Resource("aws:fake:Thing", "queue", { size: 2 }, { parent: group });
    const below = new Resource("aws:fake:Thing", "below", { size: 2 }, { parent: part, dependsOn: first });
    const ours = new pulumi.ComponentResource("eks-blue-green:index:Workload", "tools");
    new Resource("aws:fake:Thing", "tool", { size: 2 }, { parent: ours });
    if (process.env.BENCH_LATE) new Resource("aws:fake:Thing", "late", { size: 2 });
    named.push(group.urn, below.urn, ours.urn);
  }
  const last = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: "organization/bench/dev" }, {}).catch(() => ({}));
  return {
    environment: "dev",
    record: context?.record ?? last.outputs?.record ?? ${JSON.stringify(record)},
    extension: declares ? { resources: pulumi.all(named) } : last.outputs?.extension,
  };`;

describe("resources of the user's own program in a stack", function () {
  this.timeout(120_000);
  let bench: Bench;

  before(async function () {
    const opened = await Bench.open(program);
    if (opened === null) this.skip();
    bench = opened;
    await bench.adapter.ensureEnvironmentStack();
    await bench.adapter.update(environment);
  });
  afterEach(() => {
    for (const name of ["BENCH_LATE", "BENCH_OURS"]) delete process.env[name];
  });
  after(() => bench?.close());

  const names = async (): Promise<string[]> =>
    ((await bench.export("dev")).deployment.resources ?? [])
      .filter(({ type }) => !type.startsWith("pulumi:"))
      .map(({ urn }) => urn.split("::").at(-1) ?? "")
      .sort();
  const all = ["base", "below", "group", "ours", "queue", "tool", "tools"];

  it("are neither planned nor touched in an update that leaves them out, which does what is ours", async () => {
    assert.deepEqual(await names(), all);
    const act = { kind: "act", expectedRevision: 1 } as const;
    const { operations, plan } = await bench.adapter.preview(environment, act);
    assert.deepEqual(
      operations.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`),
      ["create binding"],
    );
    await bench.adapter.apply(environment, act, plan);
    assert.deepEqual(await names(), [...all, "binding"].sort());
    const plain = await bench.adapter.preview(environment, null);
    // What only that update had goes; theirs are as they were.
    assert.deepEqual(
      plain.operations.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`),
      ["delete binding"],
    );
    await bench.adapter.update(environment);
    assert.deepEqual(await names(), all);
  });

  it("stay while the record is written, and nothing else is touched by it", async () => {
    await bench.adapter.writeRecord(record.revision, { ...record, revision: record.revision + 1 });
    const { outputs } = await bench.adapter.readEnvironment();
    assert.equal(outputs?.record.revision, record.revision + 1);
    assert.equal(outputs?.extension?.resources.length, 3);
    // Of what the program has gained since nothing is made.
    process.env["BENCH_OURS"] = "yes";
    await bench.adapter.writeRecord(record.revision + 1, { ...record, revision: record.revision + 2 });
    assert.equal((await bench.adapter.readEnvironment()).outputs?.record.revision, record.revision + 2);
    assert.deepEqual(await names(), all);
  });

  it("are told apart also when no update has named them yet", async () => {
    process.env["BENCH_LATE"] = "yes";
    await bench.adapter.update(environment);
    assert.ok((await names()).includes("late"));
    const { operations } = await bench.adapter.preview(environment, { kind: "plain" });
    assert.deepEqual(operations, []);
  });
});
