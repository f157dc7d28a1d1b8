import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates } from "../../../sandbox/control-plane/certificates";
import { Kubeconfigs } from "../../../sandbox/control-plane/kubeconfig";
import { waitUntil } from "../../../sandbox/processes/readiness";
import { freePort } from "../../../sandbox/processes/ports";

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "ebg-cp-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("certificates of a cluster", () => {
  it("form a chain that clients and server can check", async () => {
    const made = await createCertificates(join(dir, "pki"), "dev-blue", "127.96.0.1");
    const ca = new X509Certificate(readFileSync(made.caFile));
    const serving = new X509Certificate(readFileSync(made.servingCertFile));
    const admin = new X509Certificate(Buffer.from(made.adminCertData, "base64"));
    assert.ok(ca.ca && serving.verify(ca.publicKey) && admin.verify(ca.publicKey));
    for (const address of ["127.0.0.1", "127.96.0.1"]) assert.ok(serving.checkIP(address), address);
    for (const host of ["localhost", "kubernetes.default.svc"]) assert.ok(serving.checkHost(host), host);
    assert.match(admin.subject, /O=system:masters/);
    assert.ok(serving.checkPrivateKey(createPrivateKey(readFileSync(made.servingKeyFile))));
    const signing = createPublicKey(readFileSync(made.serviceAccountKeyFile));
    assert.deepEqual(
      signing.export({ format: "jwk" }),
      createPublicKey(readFileSync(made.serviceAccountPublicKeyFile)).export({ format: "jwk" }),
    );
  });
  it("differ between clusters of the same name", async () => {
    const [one, two] = await Promise.all([
      createCertificates(join(dir, "a"), "x", "127.96.0.1"),
      createCertificates(join(dir, "b"), "x", "127.96.0.1"),
    ]);
    assert.notEqual(one.caData, two.caData);
    assert.equal(
      new X509Certificate(readFileSync(one.servingCertFile)).verify(
        new X509Certificate(readFileSync(two.caFile)).publicKey,
      ),
      false,
    );
  });
});

describe("kubeconfigs", () => {
  it("follow the clusters as they come and go", () => {
    const all = new Kubeconfigs(dir);
    const contexts = (): string[] =>
      (JSON.parse(readFileSync(all.mergedPath, "utf8")) as { contexts: { name: string }[] }).contexts.map(
        (one) => one.name,
      );
    const access = (clusterName: string) => ({
      clusterName,
      server: "https://127.0.0.1:1",
      directServer: "https://127.0.0.1:2",
      caData: "a",
      clientCertData: "b",
      clientKeyData: "c",
    });
    assert.deepEqual(contexts(), []);
    all.set(access("blue"));
    all.set(access("green"));
    all.set(access("blue"));
    assert.deepEqual(contexts(), ["blue", "green"]);
    all.delete("blue");
    assert.deepEqual(contexts(), ["green"]);
    assert.equal(existsSync(all.pathOf("blue")), false);
    assert.deepEqual(readdirSync(join(dir, "kube")).sort(), ["config", "green.direct.kubeconfig", "green.kubeconfig"]);
  });
  it("keep what a person wrote: aliases, a chosen context, a cluster's own way to log in", () => {
    const home = join(dir, "theirs");
    const all = new Kubeconfigs(home);
    type Entry = { name: string; context?: { cluster: string } };
    type File = { clusters: Entry[]; users: Entry[]; contexts: Entry[]; "current-context": string };
    const read = (): File => JSON.parse(readFileSync(all.mergedPath, "utf8")) as File;
    const access = (clusterName: string) => ({
      clusterName,
      server: "https://127.0.0.1:1",
      directServer: "https://127.0.0.1:2",
      caData: "a",
      clientCertData: "b",
      clientKeyData: "c",
    });
    all.set(access("blue"));
    all.set(access("green"));
    // What `aws eks update-kubeconfig --name blue --alias blue`, the same with --alias pri, and `kubectl config
    // use-context green` leave behind.
    const arn = "arn:aws:eks:us-east-1:1:cluster/blue";
    const changed = read();
    changed.clusters.push({ name: arn });
    changed.users.push({ name: arn });
    changed.contexts = [
      ...changed.contexts.filter(({ name }) => name !== "blue"),
      { name: "blue", context: { cluster: arn } },
      { name: "pri", context: { cluster: arn } },
    ];
    changed["current-context"] = "green";
    writeFileSync(all.mergedPath, JSON.stringify(changed));
    all.set(access("red"));
    const now = read();
    assert.deepEqual(
      now.contexts.map(({ name, context }) => [name, context?.cluster]),
      [
        ["green", "green"],
        ["red", "red"],
        ["blue", arn],
        ["pri", arn],
      ],
    );
    assert.deepEqual(
      [now.clusters.map(({ name }) => name), now.users.length, now["current-context"]],
      [["blue", "green", "red", arn], 4, "green"],
    );
    all.delete("green");
    assert.deepEqual(
      [read().contexts.map(({ name }) => name), read()["current-context"]],
      [["red", "blue", "pri"], "blue"],
    );
  });
});

describe("waiting", () => {
  it("ends with the reason, not never", async () => {
    await assert.rejects(
      waitUntil(() => Promise.resolve(false), { timeoutMs: 60, what: "the moon", log: "/x.log", intervalMs: 5 }),
      { code: "SBX-TIMEOUT", message: /the moon/, remedy: /\/x\.log/ },
    );
  });
  it("gives ports outside the range of outgoing connections, none twice", async () => {
    const low = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    assert.equal(new Set(ports).size, 50);
    for (const port of ports) assert.ok(port < low && port > 1024, String(port));
  });
});
