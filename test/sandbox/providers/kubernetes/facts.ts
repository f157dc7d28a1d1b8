/**
 * What the kubernetes stand-in must do as the official provider does, before a real API server. Run by the engine's
 * test, which has one.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { KubernetesStandIn } from "../../../../sandbox/providers/kubernetes/provider";
import type { Props } from "../../../../sandbox/providers/rpc/values";
import { PartialFailure } from "../../../../sandbox/providers/stand-in";

export type Kubectl = (...args: string[]) => string;
export const kubectlOf =
  (kubeconfig: string, env: NodeJS.ProcessEnv): Kubectl =>
  (...args) => {
    const run = spawnSync("kubectl", ["--kubeconfig", kubeconfig, ...args], { env, encoding: "utf8", timeout: 20_000 });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  };

const limits = (timeoutSeconds = 20) => ({ signal: new AbortController().signal, timeoutSeconds });
const about = (type: string, name: string) => ({
  urn: `urn:pulumi:s::p::${type}::${name}`,
  type,
  name,
  seed: Buffer.from(name),
});
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => assert.fail("did not fail"),
    (error: Error) => error,
  );

const configMap = "kubernetes:core/v1:ConfigMap";
const deployment = "kubernetes:apps/v1:Deployment";
const pods = (replicas: number, image = "registry.k8s.io/pause:3.10", extra: Props = {}): Props => ({
  replicas,
  selector: { matchLabels: { app: "d" } },
  template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "main", image }], ...extra } },
});

/** @param world what `before` of the caller made. */
export function kubernetesFacts(
  world: () => {
    readonly kubeconfig: string;
    readonly kubectl: Kubectl;
    readonly env: Readonly<Record<string, string>>;
    readonly vpcId: string;
  },
): void {
  let provider: KubernetesStandIn;
  const open = async (kubeconfig: string): Promise<KubernetesStandIn> => {
    const made = new KubernetesStandIn(world().env);
    await made.configure({ kubeconfig });
    return made;
  };
  const create = async (type: string, name: string, inputs: Props, seconds?: number) => {
    const checked = await provider.check({ ...about(type, name), olds: {}, news: inputs });
    assert.deepEqual(checked.failures, []);
    return {
      ...(await provider.create({ ...about(type, name), inputs: checked.inputs, preview: false }, limits(seconds))),
      inputs: checked.inputs,
    };
  };
  before(async () => (provider = await open(world().kubeconfig)));

  it("says already exists of an object that is there, and leaves it alone", async () => {
    world().kubectl("create", "configmap", "taken", "--from-literal=a=theirs");
    const error = await failure(create(configMap, "taken", { metadata: { name: "taken" }, data: { a: "ours" } }));
    assert.match(error.message, /was not successfully created by the Kubernetes API server: .*"taken" already exists/);
    assert.equal(world().kubectl("get", "configmap", "taken", "-o", "jsonpath={.data.a}"), "theirs");
  });

  it(
    "patches somebody else's Service: adds its fields, takes another manager's only by force, and gives its own up " +
      "at the end",
    async () => {
      const { kubectl } = world();
      kubectl("create", "service", "clusterip", "theirs", "--tcp=80:8080");
      kubectl("annotate", "service", "theirs", "kept=by-them", "shared=theirs");
      const patch = "kubernetes:core/v1:ServicePatch";
      const nameless = await provider.check({
        ...about(patch, "theirs"),
        olds: {},
        news: { metadata: { annotations: { a: "b" } } },
      });
      assert.deepEqual(
        nameless.failures.map((one) => one.property),
        ["metadata.name"],
      );
      const annotations = (): Props =>
        JSON.parse(kubectl("get", "service", "theirs", "-o", "json")).metadata.annotations ?? {};
      const metadata = (more: Props) => ({
        metadata: { name: "theirs", annotations: { "pulumi.com/skipAwait": "true", ours: "yes", ...more } },
      });
      const made = await create(patch, "theirs", metadata({}));
      assert.deepEqual([made.id, annotations()["ours"], annotations()["kept"]], ["default/theirs", "yes", "by-them"]);
      const change = async (olds: Props, news: Props) =>
        provider.update(
          {
            ...about(patch, "theirs"),
            id: made.id,
            oldInputs: olds,
            oldOutputs: made.outputs,
            news: (await provider.check({ ...about(patch, "theirs"), olds, news })).inputs,
            preview: false,
          },
          limits(),
        );
      assert.match((await failure(change(made.inputs, metadata({ shared: "ours" })))).message, /conflict/i);
      assert.equal(annotations()["shared"], "theirs");
      await change(made.inputs, metadata({ shared: "ours", "pulumi.com/patchForce": "true" }));
      assert.equal(annotations()["shared"], "ours");
      const gone = { ...about(patch, "theirs"), id: made.id, oldInputs: made.inputs, outputs: made.outputs };
      await provider.delete(gone, limits());
      assert.deepEqual([annotations()["ours"], annotations()["kept"]], [undefined, "by-them"]);
      kubectl("delete", "service", "theirs");
      await provider.delete(gone, limits());
    },
  );

  it("replaces a ConfigMap's data: beside the old one when the name is drawn, after it when it is given", async () => {
    const given = await create(configMap, "given", { metadata: { name: "given" }, data: { a: "1" } });
    const change = (made: typeof given, news: Props) =>
      provider.diff({ ...about(configMap, "x"), id: made.id, oldInputs: made.inputs, oldOutputs: made.outputs, news });
    const diff = await change(given, { ...given.inputs, data: { a: "2" } });
    assert.deepEqual(
      [diff.changes.map((one) => [one.path, one.replaces]), diff.deleteBeforeReplace],
      [[["data.a", true]], true],
    );
    const labelled = await change(given, {
      ...given.inputs,
      metadata: { ...given.inputs["metadata"], labels: { a: "b" } },
    });
    assert.deepEqual(
      labelled.changes.map((one) => [one.path, one.replaces]),
      [["metadata.labels", false]],
    );
    const imported = await provider.read({
      ...about(configMap, "given"),
      id: "default/given",
      inputs: {},
      outputs: {},
    });
    assert.deepEqual(imported?.inputs["data"], { a: "1" });
    await provider.delete(
      { ...about(configMap, "given"), id: given.id, oldInputs: given.inputs, outputs: given.outputs },
      limits(),
    );
    await provider.delete(
      { ...about(configMap, "given"), id: given.id, oldInputs: given.inputs, outputs: given.outputs },
      limits(),
    );
    assert.equal(
      await provider.read({ ...about(configMap, "given"), id: given.id, inputs: given.inputs, outputs: given.outputs }),
      null,
    );
  });

  it("tells another manager's field as a conflict", async () => {
    const made = await create(deployment, "scaled", { metadata: { name: "scaled" }, spec: pods(1) });
    world().kubectl("scale", "deployment", "scaled", "--replicas=2");
    const news = { ...made.inputs, spec: pods(3) };
    const update = {
      ...about(deployment, "scaled"),
      id: made.id,
      oldInputs: made.inputs,
      oldOutputs: made.outputs,
      news,
      preview: false,
    };
    assert.match(
      (await failure(provider.update(update, limits()))).message,
      /Apply failed with 1 conflict: .*\.spec\.replicas/s,
    );
    const forced = {
      ...news,
      metadata: { ...made.inputs["metadata"], annotations: { "pulumi.com/patchForce": "true" } },
    };
    assert.equal((await provider.update({ ...update, news: forced }, limits()))["spec"].replicas, 3);
    await provider.delete(
      { ...about(deployment, "scaled"), id: made.id, oldInputs: made.inputs, outputs: made.outputs },
      limits(),
    );
    assert.equal(world().kubectl("get", "pods", "-l", "app=d", "-o", "name"), "", "its pods went first");
  });

  it("records a Deployment that never gets ready, with the reason, within customTimeouts", async () => {
    const began = Date.now();
    const stuck = pods(1, undefined, { nodeSelector: { nowhere: "true" } });
    const error = await failure(create(deployment, "stuck", { metadata: { name: "stuck" }, spec: stuck }, 1));
    assert.ok(error instanceof PartialFailure, String(error));
    assert.ok(Date.now() - began < 60_000, "not the ten minutes of the default");
    assert.equal(error.id, "default/stuck");
    assert.match(
      error.reasons.join("\n"),
      /resource default\/stuck was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: 'stuck' timed out waiting to be Ready[\s\S]*0 of 1 pods are available/,
    );
    const update = {
      ...about(deployment, "stuck"),
      id: error.id,
      oldInputs: {},
      oldOutputs: error.outputs,
      news: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "stuck", namespace: "default" },
        spec: pods(1),
      },
      preview: false,
    };
    assert.equal((await provider.update(update, limits()))["status"].availableReplicas, 1);
    await provider.delete(
      { ...about(deployment, "stuck"), id: error.id, oldInputs: {}, outputs: error.outputs },
      limits(),
    );
  });

  it("waits for finalizers, and names them when the time is over", async () => {
    const made = await create(configMap, "held", { metadata: { name: "held", finalizers: ["test/hold"] } });
    const call = { ...about(configMap, "held"), id: made.id, oldInputs: made.inputs, outputs: made.outputs };
    assert.match(
      (await failure(provider.delete(call, limits(1)))).message,
      /finalizers might be preventing deletion \(test\/hold\)/,
    );
    const again = provider.delete(call, limits());
    world().kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
    await again;
  });

  it("previews without the API server, and says of an operation that it can't be reached", async () => {
    provider = await open(
      JSON.stringify({
        "current-context": "x",
        contexts: [{ name: "x", context: { cluster: "x" } }],
        clusters: [{ name: "x", cluster: { server: "https://127.0.0.1:1" } }],
      }),
    );
    const { inputs } = await provider.check({ ...about(configMap, "far"), olds: {}, news: { data: { a: "1" } } });
    await provider.create({ ...about(configMap, "far"), inputs, preview: true }, limits());
    const began = Date.now();
    assert.match(
      (await failure(provider.create({ ...about(configMap, "far"), inputs, preview: false }, limits()))).message,
      /^configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "https:\/\/127\.0\.0\.1:1\/openapi/,
    );
    assert.ok(Date.now() - began < 60_000, "not the ten minutes of the default");
    provider = await open(world().kubeconfig);
  });

  it("leaves a running controller's webhooks alone in an update of its release; uninstall leaves the definitions", async () => {
    const type = "kubernetes:helm.sh/v3:Release";
    const { kubectl } = world();
    const values = { clusterName: "blue", region: "us-east-1", vpcId: world().vpcId, replicaCount: 1 };
    const made = await create(
      type,
      "controller",
      { name: "aws-load-balancer-controller", namespace: "kube-system", chart: "aws-load-balancer-controller", values },
      40,
    );
    const urls = () =>
      kubectl(
        "get",
        "mutatingwebhookconfigurations,validatingwebhookconfigurations",
        // The cluster has EKS's own too.
        "-l",
        "app.kubernetes.io/name=aws-load-balancer-controller",
        "-o",
        "jsonpath={.items[*].webhooks[*].clientConfig.url}",
      );
    const before = urls();
    assert.match(before, /https:\/\/127\.0\.0\.1:\d+\//, "the controller has pointed them at itself");
    const news = { ...made.inputs, values: { ...values, logLevel: "debug" } };
    const outputs = await provider.update(
      {
        ...about(type, "controller"),
        id: made.id,
        oldInputs: made.inputs,
        oldOutputs: made.outputs,
        news,
        preview: false,
      },
      limits(40),
    );
    assert.equal(outputs["status"].revision, 2);
    assert.equal(urls().split(" ").length, before.split(" ").length);
    kubectl("create", "service", "clusterip", "probe", "--tcp=80:80");
    await provider.delete({ ...about(type, "controller"), id: made.id, oldInputs: news, outputs }, limits(40));
    assert.match(kubectl("get", "crd", "-o", "name"), /targetgroupbindings\.elbv2\.k8s\.aws/);
    assert.equal(urls(), "");
  });
}
