/** With the real engine: objects of a workload on a cluster that is not there yet, and moves that leave them alone. */
import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { workloadObjectsProblems } from "../../components/workload-objects";
import { Bench } from "../automation/adapters/pulumi/real-engine/bench";

const environment = { kind: "environment" } as const;
const root = resolve(__dirname, "../..");
const act = { kind: "act", expectedRevision: 1 } as const;

describe("the objects of a workload", function () {
  this.timeout(180_000);
  let bench: Bench;
  before(async function () {
    const component = JSON.stringify(join(root, "components/workload-objects"));
    const opened = await Bench.open(`
      const { WorkloadObjects } = require(${component});
      const declares = context === undefined || context.extension === "declared";
      const cluster = new Resource("kubernetes:fake:Cluster", "blue", { size: 1 });
      const provider = new KubernetesProvider("blue-kubernetes", cluster.kubeconfig);
      const last = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: "organization/bench/dev" }, {}).catch(() => ({}));
      const replicas = require("node:fs").existsSync(process.env.BENCH_CHANGED ?? "/none") ? 3 : 2;
      const objects = [
        { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop" }, spec: { replicas } },
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web", namespace: "shop" }, data: { a: "b" } },
        { apiVersion: "a.example/v1", kind: "Anything", metadata: { name: "all" }, spec: { b: 1 } },
      ];
      const part = new pulumi.ComponentResource("eks-blue-green:index:Part", "part");
      const made = declares ? new WorkloadObjects("blue-web", { objects }, { provider }) : null;
      if (context !== undefined && !declares)
        new Resource("kubernetes:fake:Binding", "binding", { size: 1 }, { parent: part, provider });
      return {
        environment: "dev",
        workloadFiles: made === null ? last.outputs?.workloadFiles : { resources: [made.urn] },
      };`);
    if (opened === null) return this.skip();
    bench = opened;
    process.env["BENCH_CHANGED"] = join(bench.folder, "changed");
    await bench.adapter.ensureEnvironmentStack();
  });
  afterEach(() => {
    if (process.env["BENCH_CHANGED"] !== undefined) rmSync(process.env["BENCH_CHANGED"], { force: true });
  });
  after(() => {
    delete process.env["BENCH_CHANGED"];
    bench?.close();
  });
  const change = (): void => writeFileSync(join(bench.folder, "changed"), "");
  const planned = async (context: Parameters<Bench["adapter"]["preview"]>[1]) => {
    const { operations, plan } = await bench.adapter.preview(environment, context);
    return { plan, said: operations.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`).sort() };
  };
  const objects = ["blue-web-all", "blue-web-shop/web", "blue-web-shop/web"];

  it("are all planned while their cluster is unknown, and the plan holds", async () => {
    const { plan, said } = await planned({ ...act, extension: "declared" });
    for (const one of objects) assert.ok(said.includes(`create ${one}`), said.join());
    await bench.adapter.apply(environment, { ...act, extension: "declared" }, plan);
    assert.deepEqual((await planned(null)).said, []);
    const created = bench.providerLog
      .filter((line) => line.startsWith("create "))
      .map((line) => line.split("::").at(-1));
    assert.equal(created.filter((name) => name?.startsWith("blue-web")).length, 3);
    // What pods need comes before them.
    const kinds = bench.providerLog.filter((line) => line.startsWith("create ") && line.includes("WorkloadObjects"));
    assert.match(kinds[0] ?? "", /ConfigMap/);
  });

  it("stay as they are while a move is made, whatever has become of the files; a plain update changes them", async () => {
    change();
    const move = await planned(act);
    assert.deepEqual(move.said, ["create binding"]);
    await bench.adapter.apply(environment, act, move.plan);
    const { deployment } = await bench.export("dev");
    const web = deployment.resources?.find(({ type }) => type === "kubernetes:apps/v1:Deployment");
    assert.equal((web?.inputs?.["spec"] as { replicas?: number } | undefined)?.replicas, 2);
    assert.ok(existsSync(join(bench.folder, "changed")));
    assert.deepEqual((await planned(null)).said, ["delete binding", "update blue-web-shop/web"]);
  });
});

it("an object without a kind, a version or a name is no part of a workload", () => {
  const problems = workloadObjectsProblems({
    objects: [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "" } },
      { kind: "ConfigMap", metadata: { name: "a" } },
      { apiVersion: "v1", metadata: { name: "a" } },
    ],
  });
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["objects[1]", "objects[2]", "objects[3]"],
  );
});
