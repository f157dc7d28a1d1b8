import assert from "node:assert/strict";
import { isNamespaced, kindOfToken } from "../../../../sandbox/providers/kubernetes/kinds";
import { KubernetesStandIn } from "../../../../sandbox/providers/kubernetes/provider";
import { UNKNOWN, type Props } from "../../../../sandbox/providers/rpc/values";

describe("kinds", () => {
  const tokens: readonly (readonly [string, string | null])[] = [
    ["kubernetes:core/v1:Pod", "v1 Pod"],
    ["kubernetes:apps/v1:Deployment", "apps/v1 Deployment"],
    ["kubernetes:policy/v1:PodDisruptionBudget", "policy/v1 PodDisruptionBudget"],
    ["kubernetes:networking.k8s.io/v1:Ingress", "networking.k8s.io/v1 Ingress"],
    ["kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1 Role"],
    ["kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "elbv2.k8s.aws/v1beta1 TargetGroupBinding"],
    ["kubernetes:helm.sh/v3:Release", null],
    ["pulumi:providers:kubernetes", null],
    ["kubernetes:index:Provider", null],
  ];
  for (const [token, expected] of tokens) {
    it(`${token} is ${expected ?? "no kind"}`, () => {
      const kind = kindOfToken(token);
      assert.equal(kind === null ? null : `${kind.apiVersion} ${kind.kind}`, expected);
    });
  }
  it("knows a patch by its name", () => {
    assert.deepEqual(kindOfToken("kubernetes:core/v1:ServicePatch"), {
      apiVersion: "v1",
      kind: "Service",
      patch: true,
    });
    assert.deepEqual(kindOfToken("kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBindingPatch"), {
      apiVersion: "elbv2.k8s.aws/v1beta1",
      kind: "TargetGroupBinding",
      patch: true,
    });
    assert.equal(kindOfToken("kubernetes:core/v1:Service")?.patch, false);
  });
  it("knows what has no namespace", () =>
    assert.deepEqual(["Namespace", "ClusterRole", "IngressClass", "Pod", "TargetGroupBinding"].map(isNamespaced), [
      false,
      false,
      false,
      true,
      true,
    ]));
});

describe("the kubernetes stand-in without an API server", () => {
  const about = (type: string) => ({ urn: `urn:pulumi:s::p::${type}::x`, type, name: "x", seed: Buffer.from("seed") });
  const diff = async (type: string, olds: Props, news: Props, config: Props = {}) => {
    const provider = new KubernetesStandIn({});
    await provider.configure(config);
    const { changes, deleteBeforeReplace } = await provider.diff({
      ...about(type),
      id: "default/x",
      oldInputs: olds,
      oldOutputs: olds,
      news,
    });
    return {
      replaced: changes.filter((one) => one.replaces).map((one) => one.path),
      changed: changes.filter((one) => !one.replaces).map((one) => one.path),
      deleteBeforeReplace,
    };
  };
  const named = (kind: string, rest: Props, name = "x"): Props => ({
    kind,
    metadata: { name, namespace: "default" },
    ...rest,
  });

  const cases: readonly {
    readonly what: string;
    readonly type: string;
    readonly olds: Props;
    readonly news: Props;
    readonly replaced?: readonly string[];
    readonly changed?: readonly string[];
    readonly config?: Props;
  }[] = [
    {
      what: "a Deployment's replicas",
      type: "kubernetes:apps/v1:Deployment",
      olds: named("Deployment", { spec: { replicas: 1 } }),
      news: named("Deployment", { spec: { replicas: 2 } }),
      changed: ["spec.replicas"],
    },
    {
      what: "a Deployment's selector",
      type: "kubernetes:apps/v1:Deployment",
      olds: named("Deployment", { spec: { selector: { matchLabels: { a: "b" } } } }),
      news: named("Deployment", { spec: { selector: { matchLabels: { a: "c" } } } }),
      replaced: ["spec.selector.matchLabels.a"],
    },
    {
      what: "a ConfigMap's data",
      type: "kubernetes:core/v1:ConfigMap",
      olds: named("ConfigMap", { data: { a: "1" } }),
      news: named("ConfigMap", { data: { a: "2" } }),
      replaced: ["data.a"],
    },
    {
      what: "a ConfigMap's data with enableConfigMapMutable",
      type: "kubernetes:core/v1:ConfigMap",
      olds: named("ConfigMap", { data: { a: "1" } }),
      news: named("ConfigMap", { data: { a: "2" } }),
      changed: ["data.a"],
      config: { enableConfigMapMutable: "true" },
    },
    {
      what: "a role of a RoleBinding",
      type: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
      olds: named("RoleBinding", { roleRef: { name: "a" } }),
      news: named("RoleBinding", { roleRef: { name: "b" } }),
      replaced: ["roleRef.name"],
    },
    {
      what: "a value that is not known yet",
      type: "kubernetes:core/v1:Service",
      olds: named("Service", { spec: { ports: [{ port: 80 }] } }),
      news: named("Service", { spec: { ports: [{ port: UNKNOWN }] } }),
      changed: ["spec.ports[0].port"],
    },
    {
      what: "a namespace",
      type: "kubernetes:core/v1:Service",
      olds: named("Service", {}),
      news: { kind: "Service", metadata: { name: "x", namespace: "other" } },
      replaced: ["metadata.namespace"],
    },
  ];
  for (const { what, type, olds, news, replaced = [], changed = [], config } of cases) {
    it(`${replaced.length > 0 ? "replaces on" : "updates"} ${what}`, async () => {
      const found = await diff(type, olds, news, config);
      assert.deepEqual([found.replaced, found.changed], [replaced, changed]);
    });
  }
  it("deletes first only what keeps its name", async () => {
    const change = (name: string) =>
      diff(
        "kubernetes:core/v1:ConfigMap",
        named("ConfigMap", { data: { a: "1" } }),
        named("ConfigMap", { data: { a: "2" } }, name),
      );
    assert.deepEqual([(await change("x")).deleteBeforeReplace, (await change("y")).deleteBeforeReplace], [true, false]);
  });
  it("draws a name that a preview and its update share, keeps it, and draws another for a replacement", async () => {
    const provider = new KubernetesStandIn({});
    const check = async (olds: Props, seed: string) =>
      (
        await provider.check({
          ...about("kubernetes:core/v1:ConfigMap"),
          olds,
          news: { data: {} },
          seed: Buffer.from(seed),
        })
      ).inputs;
    const first = await check({}, "one");
    assert.match(first["metadata"].name, /^x-[0-9a-f]{8}$/);
    assert.deepEqual(await check({}, "one"), first);
    assert.deepEqual(await check(first, "two"), first);
    assert.notEqual((await check({}, "two"))["metadata"].name, first["metadata"].name);
  });
  it("refuses generateName, which it would not honour", async () => {
    const { failures } = await new KubernetesStandIn({}).check({
      ...about("kubernetes:core/v1:ConfigMap"),
      olds: {},
      news: { metadata: { generateName: "x-" } },
    });
    assert.deepEqual(
      failures.map((one) => one.property),
      ["metadata.generateName"],
    );
  });
});
