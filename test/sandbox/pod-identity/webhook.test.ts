import assert from "node:assert/strict";
import { sleep } from "../../../sandbox/kubernetes/retry";
import { PodIdentityWebhook } from "../../../sandbox/pod-identity/webhook";
import { kubernetesTools, TestCluster } from "../node-agent/harness";

interface Made {
  readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string }[] }[] };
}

describe("EKS's webhook for Pod Identity, with a real API server", function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let webhook: PodIdentityWebhook | null = null;
  const withheld: string[] = [];

  before(async function () {
    const tools = kubernetesTools();
    if (tools === null) {
      assert.ok(!process.env.CI, "Kubernetes' programs must be in EBG_TEST_TOOLS_DIR, on PATH or in the tool cache");
      return this.skip();
    }
    cluster = new TestCluster(tools, 60);
    await cluster.start();
    webhook = await PodIdentityWebhook.start({
      region: "us-east-1",
      timeScale: 60,
      withholds: (name, pod) => withheld.includes(`${name} ${pod.pod} ${pod.service.join()}`),
      associations: (name) => (name === "blue" ? [{ namespace: "shop", serviceAccount: "web", createdAt: 0 }] : []),
    });
    await webhook.install("blue", cluster.kubeconfig);
    await webhook.install("blue", cluster.kubeconfig);
    await cluster.client.create("/api/v1/namespaces", { metadata: { name: "shop" } });
    for (const name of ["web", "plain"])
      await cluster.client.create("/api/v1/namespaces/shop/serviceaccounts", { metadata: { name } });
  });
  after(async () => {
    webhook?.close();
    await cluster?.stop();
  });

  const podOf = (serviceAccountName: string): Promise<Made> =>
    cluster.client.create<Made>("/api/v1/namespaces/shop/pods?dryRun=All", {
      metadata: { generateName: "p-", labels: { app: "web" } },
      spec: { serviceAccountName, containers: [{ name: "c", image: "i" }] },
    });
  const has = ({ spec }: Made): boolean =>
    spec.containers.every(({ env }) => env?.some(({ name }) => name === "AWS_CONTAINER_CREDENTIALS_FULL_URI") === true);

  it("gives pods of an account with an association their credentials while they are admitted, and no others", async () => {
    // An API server learns of a new webhook by and by.
    const until = Date.now() + 30_000;
    while (!has(await podOf("web"))) {
      assert.ok(Date.now() < until, "no pod got credentials");
      await sleep(200, new AbortController().signal);
    }
    assert.equal(has(await podOf("plain")), false);
  });

  it("gives a pod none while a fault keeps them from it", async () => {
    withheld.push("blue shop/p- web");
    assert.equal(has(await podOf("web")), false);
    withheld.length = 0;
    assert.equal(has(await podOf("web")), true);
  });
});
