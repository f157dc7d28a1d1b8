import assert from "node:assert/strict";
import { hookOf, isTestHook, unstable } from "../../../../stacks/workload-files/chart/judge";
import { knownKinds } from "../../../../stacks/workload-files/chart/known-kinds";
import type { KubernetesObject } from "../../../../stacks/workload-files/objects";

const object = (name: string, more: object = {}, annotations?: object): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "shop", ...(annotations === undefined ? {} : { annotations }) },
  ...more,
});

describe("an object of a chart", () => {
  it("is a hook by its annotation, and a test's when it is nothing else", () => {
    const cases = [
      [undefined, null, false],
      [{ other: "test" }, null, false],
      [{ "helm.sh/hook": "pre-install,post-upgrade" }, "pre-install,post-upgrade", false],
      [{ "helm.sh/hook": "test" }, "test", true],
      [{ "helm.sh/hook": "test-success, test-failure" }, "test-success, test-failure", true],
      [{ "helm.sh/hook": "test,post-install" }, "test,post-install", false],
    ] as const;
    for (const [annotations, hook, isTest] of cases) {
      const one = object("a", {}, annotations);
      assert.deepEqual([hookOf(one), isTestHook(one)], [hook, isTest], JSON.stringify(annotations));
    }
  });

  it("is the same at each rendering in whatever order its keys are, or is named with what differs", () => {
    const one = [object("a", { data: { x: "1", y: "2" } }), object("b")];
    assert.deepEqual(unstable(one, [object("b"), object("a", { data: { y: "2", x: "1" } })]), []);
    const other = object("a", { data: { x: "1", y: "3" } });
    assert.deepEqual(unstable(one, [other, object("b")]), [{ object: one[0], where: "data.y" }]);
    const fewer = object("a", { data: { x: "1" } });
    assert.deepEqual(
      unstable(one, [fewer, object("b")]).map(({ where }) => where),
      ["data.y"],
    );
    assert.deepEqual(
      unstable([object("a-1")], [object("a-2")]).map(({ where }) => where),
      ["metadata.name"],
    );
  });
});

it("charts find Kubernetes' own versions and kinds, each once, and no removed version", () => {
  for (const one of ["v1", "v1/Pod", "apps/v1", "apps/v1/Deployment", "policy/v1/PodDisruptionBudget"])
    assert.ok(knownKinds.includes(one), one);
  assert.equal(new Set(knownKinds).size, knownKinds.length);
  assert.deepEqual(
    knownKinds.filter((one) => /beta|alpha/.test(one)),
    [],
  );
});
