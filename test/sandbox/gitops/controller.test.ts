/** The stand-in for a GitOps controller, against a server that keeps objects as an API server does. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCertificates } from "../../../sandbox/control-plane/certificates";
import { GitOpsController } from "../../../sandbox/gitops/controller";
import { readManifests } from "../../../sandbox/gitops/manifests";

const service = "/api/v1/namespaces/shop/services/web";
const namespace = "/api/v1/namespaces/shop";
const manifests = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`;
const kinds = {
  resources: [
    { name: "namespaces", kind: "Namespace", namespaced: false },
    { name: "services", kind: "Service", namespaced: true },
  ],
};

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not seen: ${what}`);
    await sleep(20);
  }
}

describe("the stand-in for a GitOps controller", function () {
  this.timeout(240_000);
  const dir = mkdtempSync(join(tmpdir(), "ebg-gitops-"));
  const kubeconfig = join(dir, "kubeconfig");
  const folder = mkdtempSync(join(tmpdir(), "ebg-manifests-"));
  const objects = new Map<string, unknown>();
  const order: string[] = [];
  let down = false;
  let server: Server;

  before(async () => {
    writeFileSync(join(folder, "all.yaml"), manifests);
    const certificates = await createCertificates(dir, "dev-blue", "10.100.0.1");
    server = createServer(
      { cert: readFileSync(certificates.servingCertFile), key: readFileSync(certificates.servingKeyFile) },
      (request, response) => {
        const [path = "", query = ""] = (request.url ?? "").split("?");
        const answer = (status: number, body: unknown): void =>
          void response.writeHead(status).end(JSON.stringify(body));
        let text = "";
        request.on("data", (part: Buffer) => (text += part.toString()));
        request.on("end", () => {
          if (down) return answer(503, { reason: "Down", message: "down" });
          if (path === "/api/v1") return answer(200, kinds);
          if (request.method === "PATCH") {
            assert.match(query, /fieldManager=gitops-stand-in&force=true/);
            assert.equal(request.headers["content-type"], "application/apply-patch+yaml");
            if (!objects.has(path)) order.push(`+ ${path}`);
            objects.set(path, JSON.parse(text));
            return answer(200, {});
          }
          if (request.method === "DELETE" && objects.delete(path)) {
            order.push(`- ${path}`);
            return answer(200, {});
          }
          return answer(404, { reason: "NotFound", message: path });
        });
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": certificates.caData } }],
        users: [{ name: "u", user: { token: "t" } }],
      }),
    );
  });
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    for (const one of [dir, folder]) rmSync(one, { recursive: true, force: true });
  });

  it("deploys to clusters that it knows, puts back what changed, outlives one that is away, and takes all of it out", async () => {
    const gitops = new GitOpsController(folder);
    try {
      gitops.start();
      gitops.register("dev-blue", kubeconfig);
      await until("a first round", () => (gitops.state("dev-blue")?.synced ?? 0) > 0);
      assert.deepEqual(order, [`+ ${namespace}`, `+ ${service}`], "what others stand on comes first");
      objects.set(service, { spec: { ports: [{ port: 81 }] } });
      const seen = (): unknown => (objects.get(service) as { spec: unknown }).spec;
      await until("self-heal", () => JSON.stringify(seen()) === '{"ports":[{"port":80}]}');
      down = true;
      await until("a problem", () => gitops.state("dev-blue")?.problem !== null);
      down = false;
      await until("that it goes on", () => gitops.state("dev-blue")?.problem === null);
      await gitops.takeOut("dev-blue");
      assert.deepEqual([...objects.keys()], [namespace], "what others may have put things into stays");
      assert.deepEqual(order.slice(2), [`- ${service}`]);
      assert.equal(gitops.state("dev-blue"), null);
    } finally {
      await gitops.stop();
    }
  });

  it("refuses a folder that holds something else, and names the file", () => {
    const wrong = mkdtempSync(join(tmpdir(), "ebg-manifests-"));
    writeFileSync(join(wrong, "values.yaml"), "replicas: 2\n");
    assert.throws(() => readManifests(wrong), { code: "SBX-GITOPS", message: /values\.yaml/ });
    rmSync(wrong, { recursive: true, force: true });
  });
  it("reads the example's manifests: a namespace, two workloads, and what protects them", () => {
    const kindsOf = readManifests(join(__dirname, "../../../examples/gitops/manifests")).map(({ kind }) => kind);
    assert.equal(kindsOf[0], "Namespace");
    assert.deepEqual([...kindsOf].sort(), [
      "Deployment",
      "Namespace",
      "PodDisruptionBudget",
      "PodDisruptionBudget",
      "Service",
      "Service",
      "StatefulSet",
    ]);
  });
});
