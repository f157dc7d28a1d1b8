import assert from "node:assert/strict";
import { inNamespaces, type KubernetesObject, runsPods } from "../../../stacks/workload-files/objects";

const object = (apiVersion: string, kind: string, more: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: "a", ...more },
});
const namespaceOf = (one: KubernetesObject, ...others: readonly KubernetesObject[]): unknown => {
  const [first] = inNamespaces(
    [one, ...others].map((each) => ({ file: "a.yaml", object: each })),
    "shop",
  );
  return "namespace" in (first?.object.metadata ?? {}) ? first?.object.metadata.namespace : "none";
};
const definition = (scope: string): KubernetesObject => ({
  ...object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
  spec: { scope, group: "a.example", names: { kind: "Thing" } },
});

describe("the namespace of an object from files", () => {
  for (const [title, one, others, namespace] of [
    ["is the service's where none is written", object("apps/v1", "Deployment"), [], "shop"],
    ["is its own where one is written", object("v1", "ConfigMap", { namespace: "x" }), [], "x"],
    ["is none of a kind of Kubernetes that has none", object("storage.k8s.io/v1", "StorageClass"), [], "none"],
    ["is none there even if one is written", object("v1", "Node", { namespace: "x" }), [], "none"],
    ["is the service's of a custom kind", object("a.example/v1", "Thing"), [definition("Namespaced")], "shop"],
    [
      "is none where the definition beside it says so",
      object("a.example/v1", "Thing"),
      [definition("Cluster")],
      "none",
    ],
    ["is none where it is written as empty", object("a.example/v1", "Thing", { namespace: "" }), [], "none"],
    [
      "is the service's of a custom kind that is called like one of Kubernetes",
      object("a.example/v1", "Node"),
      [],
      "shop",
    ],
  ] as const)
    it(title, () => assert.equal(namespaceOf(one, ...others), namespace));
});

it("what runs pods is waited for: kinds of apps, and Argo's rollouts", () => {
  const kinds = [
    ["apps/v1", "Deployment"],
    ["apps/v1", "StatefulSet"],
    ["apps/v1", "DaemonSet"],
    ["argoproj.io/v1alpha1", "Rollout"],
    ["apps/v1", "ReplicaSet"],
    ["batch/v1", "Job"],
    ["other.example/v1", "Deployment"],
  ] as const;
  assert.deepEqual(
    kinds.map(([apiVersion, kind]) => runsPods(object(apiVersion, kind))),
    [true, true, true, true, false, false, false],
  );
});
