import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { closeConnections } from "../../../../automation/adapters/kubernetes/client";
import {
  decodeRelease,
  encodeRelease,
  endInterruptedRelease,
} from "../../../../automation/adapters/kubernetes/helm-releases";
import type { ApiServer } from "../../../../automation/adapters/kubernetes/kubeconfig";
import type { DriverError } from "../../../../automation/errors";
import { createCertificates } from "../../../../sandbox/control-plane/certificates";
import { EksRig } from "./eks-rig";

describe("Helm's record of a release", () => {
  const release = { name: "controller", info: { status: "pending-install" }, chart: { templates: [{ data: "ä=" }] } };
  const stored = (bytes: Buffer): string => Buffer.from(bytes.toString("base64")).toString("base64");

  it("is read as Helm writes it: packed, and in base64 twice", () =>
    assert.deepEqual(decodeRelease(stored(gzipSync(JSON.stringify(release)))), release));
  it("is read as Helm 2 wrote it, which did not pack", () =>
    assert.deepEqual(decodeRelease(stored(Buffer.from(JSON.stringify(release)))), release));
  it("is written as it is read", () => assert.deepEqual(decodeRelease(encodeRelease(release)), release));
});

describe("Helm's record of a release that it was killed in", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-helm-"));
  const eks = new EksRig();
  /** Status by revision, as Helm's Secrets have them. */
  let statuses: Record<number, string> = {};
  /** Statuses of the next answers to a write; then 200. */
  let answers: number[] = [];
  let asked: string[] = [];
  /** When it began, as every record has it. */
  let times: object = {};
  /** In the place of every record. */
  let broken: string | null = null;
  let api: Server;
  let server: ApiServer;

  const secretOf = (revision: number): object => ({
    metadata: {
      name: `sh.helm.release.v1.lbc.v${revision}`,
      resourceVersion: `7${revision}`,
      labels: { version: String(revision), status: statuses[revision] },
    },
    data: {
      release:
        broken ?? encodeRelease({ name: "lbc", version: revision, info: { status: statuses[revision], ...times } }),
    },
  });

  before(async () => {
    const certificates = await createCertificates(dir, "dev-blue", "10.100.0.1");
    const pem = (file: string): Buffer => readFileSync(file);
    const tls = { cert: pem(certificates.servingCertFile), key: pem(certificates.servingKeyFile) };
    api = createServer(tls, (request, response) => {
      asked.push(`${request.method} ${decodeURIComponent(request.url ?? "")}`);
      if (request.method === "GET")
        return void response.end(JSON.stringify({ items: Object.keys(statuses).map((one) => secretOf(Number(one))) }));
      void text(request).then((sent) => {
        const status = answers.shift() ?? 200;
        const body = JSON.parse(sent) as { metadata: { resourceVersion: string }; data: { release: string } };
        const revision = Number(body.metadata.resourceVersion.slice(1));
        if (status === 200) statuses[revision] = decodeRelease(body.data.release).info?.status ?? "";
        response.writeHead(status).end(JSON.stringify({ message: `status ${status}` }));
      });
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    const endpoint = `https://127.0.0.1:${(api.address() as AddressInfo).port}`;
    await eks.start();
    eks.clusters.set("dev-blue", { endpoint, certificateAuthority: { data: certificates.caData } });
    const kubeconfig = JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: endpoint, "certificate-authority-data": certificates.caData } }],
      users: [{ name: "u", user: { token: "t" } }],
    });
    server = { member: "dev-blue", clusterName: "dev-blue", region: "us-east-1", endpoint, kubeconfig };
  });
  after(async () => {
    closeConnections();
    await eks.stop();
    await new Promise((resolve) => api.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  const end = (before: Record<number, string>, ...writes: number[]): Promise<string | null> => {
    [statuses, answers, asked] = [before, writes, []];
    return endInterruptedRelease(server, { namespace: "kube-system", name: "lbc" });
  };

  it("says failed afterwards, in its newest revision alone", async () => {
    for (const status of ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"]) {
      assert.equal(await end({ 9: "superseded", 10: "deployed", 11: status }), status);
      assert.deepEqual(statuses, { 9: "superseded", 10: "deployed", 11: "failed" });
    }
    assert.match(asked[0] ?? "", /^GET \/api\/v1\/namespaces\/kube-system\/secrets\?labelSelector=owner=helm,name=lbc/);
  });

  it("is not touched when Helm came to its end, nor when there is none", async () => {
    const ended: Record<number, string>[] = [
      { 1: "deployed" },
      { 1: "pending-upgrade", 2: "deployed" },
      { 1: "failed" },
      {},
    ];
    for (const before of ended) {
      assert.equal(await end({ ...before }), null);
      assert.deepEqual([statuses, asked.length], [before, 1]);
    }
  });

  it("is read anew when somebody else writes it meanwhile, and left when that does not end", async () => {
    assert.equal(await end({ 1: "pending-install" }, 409, 409), "pending-install");
    assert.deepEqual(statuses, { 1: "failed" });
    await assert.rejects(end({ 1: "pending-install" }, 409, 409, 409, 409, 409), /changes all the time/);
    assert.deepEqual(statuses, { 1: "pending-install" });
  });

  it("is left to whoever may still be at work", async () => {
    [statuses, asked] = [{ 1: "pending-install" }, []];
    const told: Date[] = [];
    const name = { namespace: "kube-system", name: "lbc" };
    await assert.rejects(
      endInterruptedRelease(server, name, (begun) => {
        told.push(begun);
        return false;
      }),
      (error: DriverError) => /somebody's Helm may still work on kube-system\/lbc/.test(error.message),
    );
    const writes = asked.filter((one) => !one.startsWith("GET"));
    assert.deepEqual([told.length, statuses, writes], [1, { 1: "pending-install" }, []]);
  });

  for (const [what, written, said] of [
    ["an uninstallation's own time", { deleted: "2026-11-30T10:00:00Z" }, /uninstalling since 2026-11-30T10:00:00/],
    ["an unknown time where there is none", { deleted: "soon" }, /uninstalling since an unknown time/],
  ] as const)
    it(`is told with ${what}`, async () => {
      [statuses, times] = [{ 1: "uninstalling" }, { last_deployed: "2026-01-01T00:00:00Z", ...written }];
      const name = { namespace: "kube-system", name: "lbc" };
      await assert
        .rejects(
          endInterruptedRelease(server, name, () => false),
          (error: DriverError) => said.test(error.message),
        )
        .finally(() => (times = {}));
    });

  it("is told as such when the caller may not write it", async () => {
    await assert.rejects(end({ 1: "pending-install" }, 403), { code: "EBG-KUBERNETES" });
  });

  it("is refused without its text when it is not what Helm writes, or unpacks without end", async () => {
    const twice = (bytes: Buffer): string => Buffer.from(bytes.toString("base64")).toString("base64");
    const records: [string, string][] = [
      ["no base64", "%%%"],
      ["no gzip", twice(Buffer.from([0x1f, 0x8b, 1, 2, 3]))],
      ["no JSON", twice(Buffer.from("hunter2"))],
      ["no object", twice(Buffer.from("null"))],
      ["no record", twice(Buffer.from('{"info":"hunter2"}'))],
      ["a bomb", twice(gzipSync(Buffer.alloc(33 * 1024 * 1024, "a")))],
    ];
    for (const [what, record] of records) {
      broken = record;
      const error = await end({ 1: "pending-install" }).then(
        () => assert.fail(what),
        (thrown: unknown) => thrown as DriverError,
      );
      assert.equal(error.code, "EBG-KUBERNETES", what);
      assert.match(error.message, /Helm's record of kube-system\/lbc can't be read/);
      assert.doesNotMatch(`${error.message}${error.remedy}`, /hunter2/);
      assert.equal(asked.length, 1, "nothing may be written");
    }
    broken = null;
  });

  it("names its release in remedies as one word of a shell each", async () => {
    [statuses, answers] = [{ 1: "pending-install" }, [409, 409, 409, 409, 409]];
    const ended = endInterruptedRelease(server, { namespace: "kube-system", name: "lbc; id" });
    await assert.rejects(ended, ({ remedy }: DriverError) => remedy.includes("helm history 'lbc; id' -n kube-system"));
  });
});
