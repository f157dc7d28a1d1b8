import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeConnections } from "../../../../automation/adapters/kubernetes/client";
import { digestsOf, externalWorkload } from "../../../../automation/adapters/kubernetes/external-workload";
import { readWorkloadBehind } from "../../../../automation/adapters/kubernetes/workload-readings";
import { createCertificates } from "../../../../sandbox/control-plane/certificates";
import type { MemberOutputs } from "../../../../stacks/contract";
import { EksRig } from "./eks-rig";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const pod = (name: string, more: object = {}, labels: object = { app: "web" }) => ({
  metadata: { name, labels, creationTimestamp: "2026-01-01T00:00:00Z", ...more },
  spec: { nodeName: "n1", terminationGracePeriodSeconds: 360, containers: [{ name: "web", readinessProbe: {} }] },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ imageID: `a.example/web@${digest("a")}` }],
  },
});
const deployment = {
  metadata: { generation: 1 },
  spec: { replicas: 2 },
  status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 1 },
};
const gone = { deletionTimestamp: "2026-01-01T00:00:01Z" };

/** What the API server has, by path; a number is the status that it answers with instead. */
const objects: Record<string, unknown> = {
  "/api/v1/namespaces/shop": { metadata: { labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } } },
  "/api/v1/namespaces/shop/services/web": {
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  },
  "/api/v1/namespaces/shop/services/bare": { metadata: { name: "bare" }, spec: { ports: [{ port: 80 }] } },
  "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb": {
    items: [
      pod("one"),
      { ...pod("two"), status: { ...pod("two").status, conditions: [{ type: "Ready", status: "False" }] } },
      pod("leaving", gone),
      { ...pod("done"), status: { ...pod("done").status, phase: "Succeeded" } },
    ],
  },
  "/apis/policy/v1/namespaces/shop/poddisruptionbudgets": {
    items: [{ metadata: { name: "web" }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: "web" } } } }],
  },
  "/apis/apps/v1": {
    resources: [
      { name: "deployments/status", kind: "Deployment", namespaced: true },
      { name: "deployments", kind: "Deployment", namespaced: true },
    ],
  },
  "/apis/apps/v1/namespaces/shop/deployments/web": deployment,
  "/apis/example.com/v1": {
    resources: [
      { name: "fleets", kind: "Fleet", namespaced: false },
      { name: "keys", kind: "Key", namespaced: true },
    ],
  },
  "/apis/example.com/v1/fleets/all": { metadata: {}, status: { conditions: [{ type: "Ready", status: "True" }] } },
  "/apis/example.com/v1/namespaces/other/keys/k": 403,
};

describe("a workload that somebody else deploys, read", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-external-"));
  const eks = new EksRig();
  let server: Server;
  let member: MemberOutputs;
  const methods = new Set<string>();

  before(async () => {
    const certificates = await createCertificates(dir, "dev-blue", "10.100.0.1");
    server = createServer(
      { cert: readFileSync(certificates.servingCertFile), key: readFileSync(certificates.servingKeyFile) },
      (request, response) => {
        methods.add(request.method ?? "");
        const found = objects[(request.url ?? "").replace(/[?&]limit=500$/, "")];
        const status = found === undefined ? 404 : typeof found === "number" ? found : 200;
        response.writeHead(status).end(JSON.stringify(status === 200 ? found : { message: `status ${status}` }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await eks.start();
    member = eks.blueAt(url, certificates.caData);
  });
  after(async () => {
    closeConnections();
    await eks.stop();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
    assert.deepEqual([...methods], ["GET"], "nothing of it is ever written");
  });

  const read = (service: string, ready: Parameters<typeof externalWorkload>[1]["ready"] = []) =>
    externalWorkload(member, { namespace: "shop", service, ready });

  it("tells the Service's ports, and the pods that its selector finds, without those that leave", async () => {
    assert.deepEqual(await read("web"), {
      service: { selects: true, ports: [80] },
      pods: { total: 2, ready: 1 },
      images: [digest("a")],
      objects: [],
    });
  });
  it("finds no pod where there is no Service, or one that selects nothing", async () => {
    assert.deepEqual((await read("none")).service, null);
    const bare = await read("bare");
    assert.deepEqual(
      [bare.service, bare.pods],
      [
        { selects: false, ports: [80] },
        { total: 0, ready: 0 },
      ],
    );
  });
  it("asks the API server for the path of each kind, in a namespace or without one", async () => {
    const seen = await read("web", [
      { kind: "Deployment", name: "web" },
      { kind: "Deployment", name: "other" },
      { kind: "Fleet", name: "all", apiVersion: "example.com/v1" },
      { kind: "Rollout", name: "web", apiVersion: "argoproj.io/v1alpha1" },
      { kind: "Key", name: "k", apiVersion: "example.com/v1", namespace: "other" },
    ]);
    assert.deepEqual(
      seen.objects.map(({ status }) => status),
      ["in-progress", "not-found", "current", "not-found", "unknown"],
    );
    assert.match(seen.objects[3]?.message ?? "", /the cluster has no kind Rollout in argoproj\.io\/v1alpha1/);
    assert.match(seen.objects[4]?.message ?? "", /403/);
  });
  it("is read by its pods where `verify` asks what it is made of", async () => {
    const seen = await readWorkloadBehind(member, "shop", "web");
    assert.equal(seen?.replicas, 2);
    assert.equal(seen?.terminationGraceSeconds, 360);
    assert.deepEqual(seen?.disruptionBudgets, [{ name: "web", minAvailable: null, maxUnavailable: "1" }]);
    assert.equal(seen?.injectsReadinessGates, true);
    assert.equal(await readWorkloadBehind(member, "shop", "none"), null);
  });
});

describe("the images that pods run", () => {
  it("are digests, whatever registry they came from, and each counts once", () => {
    const of = (...ids: string[]) => ({
      metadata: {},
      status: { containerStatuses: ids.map((imageID) => ({ imageID })) },
    });
    assert.deepEqual(
      digestsOf([
        of(`one.example/web@${digest("b")}`, digest("a")),
        of(`docker-pullable://two.example/web@${digest("b")}`),
        of("", "sandbox://web:1"),
      ]),
      ["sandbox://web:1", digest("a"), digest("b")],
    );
  });
});
