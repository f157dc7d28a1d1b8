import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { withUnknownInputs } from "../../../../../automation/adapters/pulumi/plans/loosen-inputs";
import { Bench } from "../real-engine/bench";

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const stack = "urn:pulumi:dev-green::shop::pulumi:pulumi:Stack::shop-dev-green";
const clusterUrn = "urn:pulumi:dev-green::shop::aws:eks/cluster:Cluster::green";
const providerUrn = "urn:pulumi:dev-green::shop::pulumi:providers:kubernetes::green-k8s";
const releaseUrn = "urn:pulumi:dev-green::shop::kubernetes:helm.sh/v3:Release::controller";

/** As the engine saves it (3.246). */
const entry = (type: string, inputDiff: object, more: { provider?: string; steps?: string[]; goal?: object } = {}) => ({
  goal: {
    type,
    name: "one",
    custom: true,
    inputDiff,
    outputDiff: {},
    parent: stack,
    protect: false,
    ...(more.provider === undefined ? {} : { provider: more.provider }),
    customTimeouts: {},
    ...more.goal,
  },
  steps: more.steps ?? ["create"],
  state: null,
  seed: "l3tyZejuW5ihp70yl86aQc4hnNOwOwh6mnUaDYEHyxY=",
});
const release = { adds: { chart: "c", compat: "true", repositoryOpts: { repo: "https://charts" } } };
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x:y" };

const planOf = (provider: object, one: object, clusterSteps = ["create"]) => ({
  manifest: { version: "v3.246.0" },
  resourcePlans: {
    [clusterUrn]: entry("aws:eks/cluster:Cluster", { adds: { name: "dev-green" } }, { steps: clusterSteps }),
    [providerUrn]: provider,
    [releaseUrn]: one,
  },
});
const provider = (kubeconfig: unknown, goal: object = {}) =>
  entry("pulumi:providers:kubernetes", { adds: { kubeconfig } }, { goal });
const releaseOf = (inputDiff: object, id = unknown, steps = ["create"]) =>
  entry("kubernetes:helm.sh/v3:Release", inputDiff, { provider: `${providerUrn}::${id}`, steps });
type Loosened = { resourcePlans: Record<string, { goal: { inputDiff: Record<string, Record<string, unknown>> } }> };
const diffOf = (plan: object, urn = releaseUrn) =>
  (withUnknownInputs(plan as Record<string, unknown>) as Loosened).resourcePlans[urn]?.goal.inputDiff ?? {};

describe("a plan whose preview could not ask a provider", () => {
  it("leaves every input of that provider's resources open, and what the provider's check may add", () => {
    const { adds, updates, deletes } = diffOf(planOf(provider(unknown), releaseOf(release)));
    for (const key of ["chart", "compat", "repositoryOpts", "atomic", "maxHistory", "skipAwait", "version"])
      assert.equal(adds?.[key], unknown, key);
    assert.deepEqual([updates, deletes], [undefined, undefined]);
  });

  it("knows a provider that is a component's child by its URN too", () => {
    const child = providerUrn.replace("::pulumi:providers", "::eks-blue-green:index:Cluster$pulumi:providers");
    const of = entry("kubernetes:helm.sh/v3:Release", release, { provider: `${child}::${unknown}` });
    const plan = { resourcePlans: { [child]: provider(unknown), [releaseUrn]: of } };
    assert.equal(diffOf(plan)["adds"]?.["repositoryOpts"], unknown);
  });

  it("stays as binding as it was for everything else", () => {
    const plan = planOf(provider(unknown), releaseOf(release));
    const after = withUnknownInputs(plan) as typeof plan;
    assert.deepEqual(after.resourcePlans[clusterUrn], plan.resourcePlans[clusterUrn]);
    assert.deepEqual(after.resourcePlans[providerUrn], plan.resourcePlans[providerUrn]);
    const [before, now] = [plan.resourcePlans[releaseUrn], after.resourcePlans[releaseUrn]].map((one) => {
      const { goal, ...rest } = one as ReturnType<typeof entry>;
      return { ...rest, goal: { ...goal, inputDiff: null } };
    });
    assert.deepEqual(now, before, "operation, parent, provider, dependencies and protection");
  });

  it("is left as it is when the provider was asked, be it an old one or one that is made now", () => {
    for (const [kubeconfig, id] of [
      ["{}", unknown],
      ["{}", "4f1d"],
    ]) {
      const plan = planOf(provider(kubeconfig), releaseOf(release, id));
      assert.deepEqual(withUnknownInputs(plan), plan);
    }
  });

  it("may hide an unknown in a secret, when that derives from what is made", () => {
    const derives = { propertyDependencies: { kubeconfig: [clusterUrn] } };
    const open = (plan: object): boolean => diffOf(plan)["adds"]?.["chart"] === unknown;
    assert.equal(open(planOf(provider(secret, derives), releaseOf(release))), true);
    assert.equal(open(planOf(provider(secret, derives), releaseOf(release), ["same"])), false);
    assert.equal(open(planOf(provider(secret), releaseOf(release))), false);
  });

  it("tells what was there before from what was not", () => {
    const changed = { adds: { atomic: true }, updates: { values: { a: 1 } }, deletes: ["timeout"] };
    const { adds, updates, deletes } = diffOf(planOf(provider(unknown), releaseOf(changed, "4f1d", ["update"])));
    assert.deepEqual(updates, { values: unknown, timeout: unknown });
    assert.equal(deletes, undefined);
    assert.equal(adds?.["atomic"], unknown);
    assert.deepEqual(
      ["values", "timeout"].filter((key) => adds?.[key] !== undefined),
      [],
      "the engine takes no key that is both added and changed",
    );
  });
});

describe("a plan under the real engine, with a provider that fills up and rewrites inputs", function () {
  this.timeout(180_000);
  let bench: Bench;
  before(async function () {
    const opened = await Bench.open(`
      const cluster = new Resource("kubernetes:fake:Cluster", "green", { size: 1 });
      const provider = new KubernetesProvider("green-k8s", cluster.kubeconfig);
      const repositoryOpts = { repo: "https://charts" };
      new Resource("kubernetes:helm.sh/v3:Release", "controller", { compat: "true", chart: "c", name: "n", repositoryOpts }, { provider });
      new Resource("kubernetes:apps/v1:Deployment", "web", { spec: { env: [{ name: "A", value: "" }] } }, { provider });
      return { done: true };`);
    if (opened === null) this.skip();
    bench = opened;
  });
  after(() => bench?.close());

  it("is applied at the first attempt, though the cluster was unknown when it was previewed", async () => {
    await bench.adapter.ensureEnvironmentStack();
    const stackRef = { kind: "environment" } as const;
    const previewed = await bench.adapter.preview(stackRef, null);
    assert.equal(statSync(previewed.plan).mode & 0o777, 0o600);
    assert.match(readFileSync(previewed.plan, "utf8"), /kubeconfig/);
    assert.deepEqual(
      previewed.operations
        .map(({ operation, type }) => `${operation} ${type}`)
        .filter((one) => one.includes(" kubernetes:"))
        .sort(),
      [
        "create kubernetes:apps/v1:Deployment",
        "create kubernetes:fake:Cluster",
        "create kubernetes:helm.sh/v3:Release",
      ],
      "what the allow-list is shown; the engine promises no order for what doesn't depend on each other",
    );
    assert.equal(bench.providerLog.filter((line) => line.includes("Release")).length, 0, "Check was not asked");
    const applied = await bench.adapter.apply(stackRef, null, previewed.plan);
    assert.equal(applied.changes["create"], 5);
    const { resources = [] } = (await bench.export("dev")).deployment;
    const inputs = resources.find(({ type }) => type.includes("Release"))?.inputs ?? {};
    assert.deepEqual([inputs["compat"], inputs["atomic"]], [undefined, false], "Check's own inputs");
    const again = await bench.adapter.preview(stackRef, null);
    assert.deepEqual(again.operations, [], "nothing is left to do");
  });
});
