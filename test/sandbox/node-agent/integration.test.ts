/** The node agent against a real control plane: API server, controller manager and scheduler. */
import assert from "node:assert/strict";
import http from "node:http";
import type { Pod } from "../../../sandbox/kubernetes/types";
import { condition, deployment, kubernetesTools, TestCluster, testNode, until } from "./harness";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const SERVICES = "/api/v1/namespaces/default/services";
const TIME_SCALE = 60;

interface EndpointSlice {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions: Readonly<Record<string, boolean>>;
  }[];
}
const probes = {
  readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 5 },
  livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 10 },
};

describe("node agent with a real control plane", function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  const nodes = [testNode(1), testNode(2)];

  before(async function () {
    const tools = kubernetesTools();
    if (!tools) {
      assert.ok(
        !process.env.CI,
        "kube-apiserver, kube-controller-manager, kube-scheduler and etcd must be in EBG_TEST_TOOLS_DIR, on PATH " +
          "or in the tool cache under CI",
      );
      return this.skip();
    }
    cluster = new TestCluster(tools, TIME_SCALE);
    await cluster.start();
    await cluster.setNodes(nodes);
  });

  after(async () => cluster?.stop());

  it("registers the nodes as EKS does", async () => {
    const node = await cluster.node(nodes[0]!.name);
    assert.equal(node?.spec?.providerID, "aws:///eu-central-1a/i-00000000000000001");
    assert.equal(node?.metadata.labels?.["eks.amazonaws.com/nodegroup"], "default");
    assert.equal(node?.metadata.labels?.["node.kubernetes.io/instance-type"], "t3.large");
    assert.equal(node?.status?.conditions?.find((c) => c.type === "Ready")?.status, "True");
    const lease = await cluster.client.get<{ spec: { renewTime: string } }>(
      `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodes[0]!.name}`,
    );
    assert.ok(Date.now() - Date.parse(lease.spec.renewTime) < 30_000);
  });

  it("runs a Deployment's pods as listeners behind their addresses", async () => {
    await cluster.client.create(
      DEPLOYMENTS,
      deployment(
        "web",
        3,
        // Three and ten seconds here: what happens in between is judged by them, on a busy machine too.
        { terminationGracePeriodSeconds: 360 },
        { ...probes, env: [{ name: "MEMBER", value: "blue" }], lifecycle: { preStop: { sleep: { seconds: 180 } } } },
      ),
    );
    await cluster.client.create("/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    });
    await until("three ready pods", async () => (await cluster.readyPods("web")).length === 3);
    for (const pod of await cluster.readyPods("web")) {
      const { status, body } = await cluster.ask(pod.status?.podIP ?? "", undefined, "/hello");
      assert.deepEqual(
        { status, body },
        { status: 200, body: { pod: pod.metadata.name, member: "blue", version: "1.0", path: "/hello" } },
      );
    }
  });

  it("loses no request in a rolling update of its own pods, and the old ones serve through preStop", async () => {
    const old = await cluster.readyPods("web");
    const failures: string[] = [];
    let asked = 0;
    await cluster.client.patch(`${DEPLOYMENTS}/web`, "strategic", {
      spec: { template: { metadata: { annotations: { round: "2" } } } },
    });
    await until("the old pods to be gone", async () => {
      // A terminating pod must answer until its preStop sleep is over, which is three real seconds.
      for (const pod of await cluster.pods("web")) {
        const since = pod.metadata.deletionTimestamp;
        if (condition(pod, "Ready") !== "True" || since) continue;
        asked++;
        await cluster.ask(pod.status?.podIP ?? "").catch((error: Error) => failures.push(error.message));
      }
      const names = new Set((await cluster.pods("web")).map((pod) => pod.metadata.uid));
      return !old.some((pod) => names.has(pod.metadata.uid));
    });
    assert.deepEqual(failures, []);
    assert.ok(asked > 0);
    assert.equal((await cluster.readyPods("web")).length, 3);
  });

  it("ends a deleted pod in order: serves during preStop, then says close, then goes", async () => {
    const [pod] = await cluster.readyPods("web");
    assert.ok(pod);
    const address = pod.status?.podIP ?? "";
    const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await cluster.ask(address, kept)).closes, false);
    const began = Date.now();
    await cluster.client.delete(`/api/v1/namespaces/default/pods/${pod.metadata.name}`);
    assert.equal((await cluster.ask(address, kept)).closes, false);
    await until(
      "its endpoint to be terminating",
      async () => {
        const slices = await cluster.client.get<{ items: EndpointSlice[] }>(
          "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb",
        );
        const endpoint = slices.items.flatMap((slice) => slice.endpoints ?? []).find((e) => e.addresses[0] === address);
        return (
          endpoint?.conditions.ready === false &&
          endpoint.conditions.serving === true &&
          endpoint.conditions.terminating === true
        );
      },
      2_700,
    );
    let closed = -1;
    await until("an answer that says close", async () => {
      const answer = await cluster.ask(address, kept);
      if (answer.closes) closed = Date.now() - began;
      return answer.closes;
    });
    assert.ok(closed >= 2_900, `SIGTERM after ${closed} ms, but preStop takes 3000`);
    await until(
      "the pod to be gone",
      async () => !(await cluster.pods("web")).some((p) => p.metadata.uid === pod.metadata.uid),
    );
    assert.ok(Date.now() - began < 9_900, "it ended before its grace, because no connection was open any more");
    kept.destroy();
    await assert.rejects(cluster.ask(address), /not in the fabric/);
  });

  it("restarts a container whose process was killed", async () => {
    await until("three ready pods", async () => (await cluster.readyPods("web")).length === 3);
    const [pod] = await cluster.readyPods("web");
    cluster.send({ type: "crash-pod", namespace: "default", pod: pod!.metadata.name });
    await until("a restart", async () =>
      (await cluster.readyPods("web")).some(
        (p) => p.metadata.uid === pod!.metadata.uid && p.status?.containerStatuses?.[0]?.restartCount === 1,
      ),
    );
    const again = (await cluster.pods("web")).find((p) => p.metadata.uid === pod!.metadata.uid);
    assert.equal(again?.status?.containerStatuses?.[0]?.lastState.terminated?.exitCode, 137);
    assert.equal(again?.status?.podIP, pod!.status?.podIP);
  });

  it("is not ready before its readiness gates are", async () => {
    await cluster.client.create(
      DEPLOYMENTS,
      deployment("gated", 1, { readinessGates: [{ conditionType: "target-health.elbv2.k8s.aws/x" }] }, probes),
    );
    await until("ready containers", async () =>
      (await cluster.pods("gated")).some((p) => condition(p, "ContainersReady") === "True"),
    );
    const [pod] = await cluster.pods("gated");
    assert.equal(condition(pod!, "Ready"), "False");
    const gate = { type: "target-health.elbv2.k8s.aws/x", status: "True", reason: "Healthy" };
    await cluster.client.patch(`/api/v1/namespaces/default/pods/${pod!.metadata.name}/status`, "strategic", {
      status: { conditions: [gate] },
    });
    await until("the pod to be ready", async () => (await cluster.readyPods("gated")).length === 1);
    assert.equal(condition((await cluster.readyPods("gated"))[0]!, gate.type), "True");
  });

  it("reports failing readiness, and restarts for failing liveness", async () => {
    const bad = { env: [{ name: "ECHO_STATUS", value: "503" }] };
    await cluster.client.create(
      DEPLOYMENTS,
      deployment(
        "unready",
        1,
        {},
        { ...bad, readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 } },
      ),
    );
    await cluster.client.create(
      DEPLOYMENTS,
      deployment(
        "dying",
        1,
        { terminationGracePeriodSeconds: 2 },
        { ...bad, livenessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 5, failureThreshold: 2 } },
      ),
    );
    await until("CrashLoopBackOff", async () =>
      (await cluster.pods("dying")).some(
        (p) => p.status?.containerStatuses?.[0]?.state.waiting?.reason === "CrashLoopBackOff",
      ),
    );
    const [unready] = await cluster.pods("unready");
    assert.equal(condition(unready!, "Ready"), "False");
    assert.equal(unready?.status?.phase, "Running");
    for (const name of ["unready", "dying", "gated"]) await cluster.client.delete(`${DEPLOYMENTS}/${name}`);
  });

  it("finishes jobs and init containers, and runs unknown images as inert pods", async () => {
    const template = {
      spec: {
        restartPolicy: "Never",
        initContainers: [{ name: "i", image: "busybox" }],
        containers: [{ name: "c", image: "busybox" }],
      },
    };
    await cluster.client.create("/apis/batch/v1/namespaces/default/jobs", {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "once" },
      spec: { template },
    });
    await until(
      "the job to complete",
      async () =>
        (await cluster.client.get<{ status: { succeeded?: number } }>("/apis/batch/v1/namespaces/default/jobs/once"))
          .status.succeeded === 1,
    );
    const daemons = {
      selector: { matchLabels: { app: "daemon" } },
      template: {
        metadata: { labels: { app: "daemon" } },
        spec: { hostNetwork: true, containers: [{ name: "c", image: "example/agent:1" }] },
      },
    };
    await cluster.client.create("/apis/apps/v1/namespaces/default/daemonsets", {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "daemon" },
      spec: daemons,
    });
    await until("a daemon on each node", async () => (await cluster.readyPods("daemon")).length === 2);
    assert.deepEqual((await cluster.readyPods("daemon")).map((p) => p.status?.podIP).sort(), [
      "10.42.1.5",
      "10.42.2.5",
    ]);
  });

  it("goes on serving while the API server is away, and catches up afterwards", async () => {
    await until("three ready pods", async () => (await cluster.readyPods("web")).length === 3);
    const pods = await cluster.readyPods("web");
    await cluster.stopApiServer();
    for (const pod of pods) assert.equal((await cluster.ask(pod.status?.podIP ?? "")).status, 200);
    cluster.send({ type: "crash-pod", namespace: "default", pod: pods[1]!.metadata.name });
    await cluster.startApiServer();
    const restarts = (p: Pod): number => p.status?.containerStatuses?.[0]?.restartCount ?? 0;
    await until(
      "the restart to be reported",
      async () =>
        (await cluster.readyPods("web")).some(
          (p) => p.metadata.uid === pods[1]!.metadata.uid && restarts(p) > restarts(pods[1]!),
        ),
      30_000,
    );
  });

  it("takes its pods over again, with their addresses, after it was killed", async () => {
    const addresses = (await cluster.pods("web")).map((p) => p.status?.podIP).sort();
    await cluster.killAgent();
    await cluster.startAgent();
    await cluster.setNodes(nodes);
    await until(
      "all pods to serve again",
      async () =>
        (await cluster.readyPods("web")).length === 3 && addresses.every((a) => cluster.fabric.has(`${a}:8080`)),
    );
    assert.deepEqual((await cluster.pods("web")).map((p) => p.status?.podIP).sort(), addresses);
  });

  it(
    "serves NodePorts on every node, whichever node has the pods, and drops nobody's connection when the pod " +
      "leaves the Service",
    async () => {
      await cluster.client.create(DEPLOYMENTS, deployment("ported", 1, { terminationGracePeriodSeconds: 120 }, probes));
      await cluster.client.create(SERVICES, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "ported" },
        spec: {
          type: "NodePort",
          selector: { app: "ported" },
          ports: [
            { name: "web", port: 80, targetPort: "http", nodePort: 30080 },
            { name: "same", port: 81, targetPort: "http", nodePort: 30081 },
          ],
        },
      });
      await until("a ready pod", async () => (await cluster.readyPods("ported")).length === 1);
      const pod = (await cluster.readyPods("ported"))[0]!.metadata.name;
      for (const node of nodes)
        for (const port of [30080, 30081]) {
          await until(`${node.address}:${port} to answer`, () =>
            cluster.ask(node.address, undefined, "/", port).then(
              (answer) => answer.body.pod === pod,
              () => false,
            ),
          );
        }
      const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
      await cluster.ask(nodes[0]!.address, kept, "/", 30080);
      await cluster.client.patch(`${SERVICES}/ported`, "merge", { spec: { selector: { app: "nobody" } } });
      await until("new connections to be refused", () =>
        cluster.ask(nodes[0]!.address, undefined, "/", 30080).then(
          () => false,
          () => true,
        ),
      );
      assert.equal(
        (await cluster.ask(nodes[0]!.address, kept, "/", 30080)).body.pod,
        pod,
        "the connection that was there lives on",
      );
      kept.destroy();
      await cluster.client.patch(`${SERVICES}/ported`, "merge", { spec: { type: "ClusterIP" } });
      await until("the nodes to close the ports", () =>
        nodes.every(
          (node) => !cluster.fabric.has(`${node.address}:30080`) && !cluster.fabric.has(`${node.address}:30081`),
        ),
      );
    },
  );

  it(
    "with externalTrafficPolicy Local passes on to the node's own pods, and tells the load balancer which nodes " +
      "have any",
    async () => {
      await cluster.client.create(SERVICES, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "local" },
        spec: {
          type: "LoadBalancer",
          loadBalancerClass: "service.k8s.aws/nlb",
          externalTrafficPolicy: "Local",
          healthCheckNodePort: 31999,
          selector: { app: "ported" },
          ports: [{ port: 80, targetPort: "http", nodePort: 30082 }],
        },
      });
      const home = (await cluster.readyPods("ported"))[0]!.spec.nodeName;
      for (const node of nodes) {
        const has = node.name === home;
        await until(`${node.name} to answer its health check`, () =>
          cluster.ask(node.address, undefined, "/", 31999).then(
            (answer) => answer.status === (has ? 200 : 503),
            () => false,
          ),
        );
        assert.equal(
          await cluster.ask(node.address, undefined, "/", 30082).then(
            () => true,
            () => false,
          ),
          has,
        );
      }
      await cluster.client.delete(`${SERVICES}/local`);
      await cluster.client.delete(`${SERVICES}/ported`);
      await cluster.client.delete(`${DEPLOYMENTS}/ported`);
      await until("the ports to be closed", () =>
        nodes.every(
          (node) => !cluster.fabric.has(`${node.address}:31999`) && !cluster.fabric.has(`${node.address}:30082`),
        ),
      );
    },
  );

  it("drains a removed node within the disruption budget, and deletes it", async () => {
    const budget = {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "web" },
      spec: { minAvailable: 2, selector: { matchLabels: { app: "web" } } },
    };
    await cluster.client.create("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget);
    await until(
      "the budget to be counted",
      async () =>
        (
          await cluster.client.get<{ status: { disruptionsAllowed?: number } }>(
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web",
          )
        ).status.disruptionsAllowed === 1,
    );
    let least = 3;
    let watching = true;
    const watcher = (async () => {
      while (watching) least = Math.min(least, (await cluster.readyPods("web")).length);
    })();
    await cluster.setNodes([nodes[1]!]);
    watching = false;
    await watcher;
    assert.equal(await cluster.node(nodes[0]!.name), undefined);
    assert.ok(least >= 2, `${least} ready pods at one time`);
    await until(
      "three ready pods on the other node",
      async () => (await cluster.readyPods("web")).filter((p) => p.spec.nodeName === nodes[1]!.name).length === 3,
    );
  });

  it("scales to zero and leaves nothing in the fabric", async () => {
    await cluster.client.patch(`${DEPLOYMENTS}/web`, "merge", { spec: { replicas: 0 } });
    await until("no pod", async () => (await cluster.pods("web")).length === 0);
    assert.equal(cluster.fabric.size, 0);
  });
});
