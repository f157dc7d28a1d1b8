/**
 * The example's workloads on a real control plane: deployed by the stand-in for a GitOps controller, put back when
 * somebody changed them, read as the driver reads them, and taken away again.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { closeConnections } from "../../../automation/adapters/kubernetes/client";
import { externalWorkload } from "../../../automation/adapters/kubernetes/external-workload";
import { externalProblem } from "../../../automation/gates/external-workload";
import type { ExternalQuery, ExternalWorkload } from "../../../automation/ports/external-workload";
import { fieldManager } from "../../../sandbox/gitops/cluster-sync";
import { GitOpsController } from "../../../sandbox/gitops/controller";
import type { MemberOutputs } from "../../../stacks/contract";
import { EksRig } from "../../automation/adapters/kubernetes/eks-rig";
import { kubernetesTools, TestCluster, testNode, until } from "../node-agent/harness";

const folder = join(__dirname, "../../../examples/gitops/manifests");
const deployments = "/apis/apps/v1/namespaces/shop/deployments";
const web: ExternalQuery = { namespace: "shop", service: "web", ready: [{ kind: "Deployment", name: "web" }] };
const backend: ExternalQuery = {
  namespace: "shop",
  service: "backend",
  ready: [{ kind: "StatefulSet", name: "backend" }],
};

interface Managed {
  readonly metadata: {
    readonly managedFields?: readonly { readonly manager: string; readonly subresource?: string }[];
  };
}

describe("workloads by GitOps on a real control plane", function () {
  this.timeout(240_000);
  const eks = new EksRig();
  let cluster: TestCluster;
  let gitops: GitOpsController;
  let member: MemberOutputs;

  before(async function () {
    const tools = kubernetesTools();
    if (!tools) {
      assert.ok(!process.env.CI, "the Kubernetes programs must be in EBG_TEST_TOOLS_DIR, on PATH or in the tool cache");
      return this.skip();
    }
    cluster = new TestCluster(tools, 60);
    await cluster.start();
    await cluster.setNodes([testNode(1), testNode(2)]);
    const kubeconfig = readFileSync(cluster.kubeconfig, "utf8");
    const file = parse(kubeconfig) as {
      clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    };
    const at = file.clusters[0]!.cluster;
    await eks.start();
    eks.clusters.set("dev-blue", {
      endpoint: at.server,
      certificateAuthority: { data: at["certificate-authority-data"] },
    });
    member = {
      member: "blue",
      clusterName: "dev-blue",
      endpoint: at.server,
      region: "us-east-1",
      kubeconfig,
    } as MemberOutputs;
    gitops = new GitOpsController(folder);
    gitops.start();
  });
  after(async () => {
    await gitops?.stop();
    closeConnections();
    await eks.stop();
    await cluster?.stop();
  });

  const problem = (seen: ExternalWorkload, { namespace, service }: ExternalQuery, servicePort: number) =>
    externalProblem("blue", { ...seen, serviceName: `${namespace}/${service}`, servicePort, comparesImages: true });

  it("are not there before the cluster is made known", async () => {
    assert.equal(problem(await externalWorkload(member, web), web, 80), "Service shop/web is not on blue");
  });

  it("become ready, and never look so before their pods are", async () => {
    gitops.register("dev-blue", cluster.kubeconfig);
    const seen: string[] = [];
    for (const [query, port] of [
      [web, 80],
      [backend, 8081],
    ] as const)
      await until(`${query.service} to be ready`, async () => {
        const read = await externalWorkload(member, query);
        const why = problem(read, query, port);
        seen.push(why ?? "ready");
        if (why === null) assert.deepEqual(read.pods, { total: 2, ready: 2 }, seen.join("\n"));
        return why === null;
      });
    assert.equal((await externalWorkload(member, web)).images.length, 1);
  });

  it("are put back when somebody scales them, and are then the GitOps controller's alone", async () => {
    await cluster.client.patch(`${deployments}/web`, "merge", { spec: { replicas: 3 } });
    const replicas = async (): Promise<number> =>
      (await cluster.client.get<{ spec: { replicas: number } }>(`${deployments}/web`)).spec.replicas;
    await until("self-heal", async () => (await replicas()) === 2);
    const { metadata } = await cluster.client.get<Managed>(`${deployments}/web`);
    const managers = (metadata.managedFields ?? []).filter(({ subresource }) => subresource !== "status");
    assert.deepEqual(
      managers.map(({ manager }) => manager),
      [fieldManager],
    );
  });

  it("go in order when the cluster is taken out", async () => {
    await gitops.takeOut("dev-blue");
    assert.equal((await externalWorkload(member, web)).service, null);
    const { items } = await cluster.client.get<{ items: object[] }>("/api/v1/namespaces/shop/pods");
    assert.deepEqual(items, [], "its pods have ended");
  });
});
