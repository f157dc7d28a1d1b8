/** What another user of the machine, or a web page, gets from a running sandbox: nothing. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../../sandbox/client/control-client";
import { startSandbox, stopSandbox } from "../../../sandbox/client/start";
import type { SandboxInfo } from "../../../sandbox/contract";
import { resolveTools } from "../../../sandbox/tools/index";
import { canBe, nobody } from "../../support/another-user";

/** Without root the same user stands in, without the secrets. */
const isAnother = canBe(nobody);

/** Runs in another process, as another user: only what this package can't help. Prints one JSON value. */
const stranger = String.raw`
const [socket, etcd, control, front] = process.argv.slice(1);
const http = require("node:http"), https = require("node:https");
const ask = (module_, options) => new Promise((resolve) => {
  const call = module_.request({ timeout: 30000, agent: false, rejectUnauthorized: false, ...options }, (answer) => {
    let body = "";
    answer.setEncoding("utf8");
    answer.on("data", (text) => (body += text));
    answer.on("end", () => resolve({ status: answer.statusCode, body: body.slice(0, 300) }));
    answer.on("error", (error) => resolve({ error: String(error.code ?? error.message) }));
  });
  call.on("timeout", () => call.destroy(new Error("silent")));
  call.on("error", (error) => resolve({ error: String(error.code ?? error.message) }));
  call.end(options.body);
});
const at = (url) => ({ host: new URL(url).hostname, port: new URL(url).port });
const everything = JSON.stringify({ key: Buffer.from("\0").toString("base64"), range_end: Buffer.from("\0").toString("base64") });
(async () => {
  const found = {};
  for (const [name, url] of Object.entries(JSON.parse(etcd))) {
    found[name + " over TLS"] = await ask(https, { ...at(url), path: "/v3/kv/range", method: "POST", body: everything });
    found[name + " in clear"] = await ask(http, { ...at(url), path: "/v3/kv/range", method: "POST", body: everything });
  }
  found.moto = await ask(http, { socketPath: socket, path: "/moto-api/data.json" });
  found.status = await ask(http, { ...at(control), path: "/status" });
  found.guessed = await ask(http, { ...at(control), path: "/status", headers: { authorization: "Bearer guessed" } });
  found.shutdown = await ask(http, { ...at(control), path: "/shutdown", method: "POST" });
  found.fault = await ask(http, { ...at(control), path: "/faults", method: "POST", body: "{}" });
  found.review = await ask(http, { ...at(control), path: "/token-review/dev-blue/guessed", method: "POST", body: "{}" });
  found.front = await ask(http, { ...at(front), path: "/clusters" });
  process.stdout.write(JSON.stringify(found));
})();
`;

describe("a sandbox, to another user of the machine", function () {
  this.timeout(480_000);
  let base = "";
  let info: SandboxInfo;
  before(async function () {
    this.timeout(45 * 60_000);
    const tools = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    base = mkdtempSync(join(tmpdir(), "ebg-closed-"));
    info = await startSandbox(
      {
        dir: join(base, "s"),
        timeScale: 60,
        lbc: "stand-in",
        providers: {},
        region: "us-east-1",
        untilStdinCloses: false,
      },
      tools,
      () => undefined,
    );
    await new ControlClient(info).createControlPlane("dev-blue", "1.35");
  });
  after(async () => {
    await stopSandbox(join(base, "s"));
    rmSync(base, { recursive: true, force: true });
  });

  it("lets him read no file", () => {
    assert.equal(statSync(info.dir).mode & 0o777, 0o700);
    for (const file of ["sandbox.json", "env.sh", "pki/etcd/client.key", "aws/credentials"])
      assert.equal(statSync(join(info.dir, file)).mode & 0o077, 0, file);
  });

  it("answers none of his requests", async () => {
    const { processes } = await new ControlClient(info).status();
    const etcd = processes.find(({ name }) => name === "etcd");
    const flags = readFileSync(`/proc/${etcd?.pid}/cmdline`, "utf8").split("\0");
    const urlOf = (flag: string): string => flags.find((one) => one.startsWith(`--${flag}=`))?.split("=")[1] ?? "";
    const urls = { etcd: urlOf("listen-client-urls"), peers: urlOf("listen-peer-urls") };
    const socket = join(info.dir, "moto.sock");
    assert.ok(statSync(socket).isSocket());
    const run = spawnSync(
      process.execPath,
      ["-e", stranger, socket, JSON.stringify(urls), info.control, info.awsEndpoint],
      { encoding: "utf8", timeout: 400_000, cwd: "/", env: {}, ...(isAnother ? { uid: nobody, gid: nobody } : {}) },
    );
    assert.equal(run.status, 0, run.stderr);
    const found = JSON.parse(run.stdout) as Record<string, { status?: number; body?: string; error?: string }>;
    for (const [name, { status, body, error }] of Object.entries(found)) {
      if (name === "moto" && !isAnother) continue;
      assert.ok(error !== undefined || (status ?? 0) >= 400, `${name}: ${status} ${body}`);
      assert.doesNotMatch(body ?? "", /kvs|dev-blue|AKIASANDBOX/, name);
    }
    assert.equal(found["status"]?.status, 401);
    assert.equal(found["front"]?.status, 403);
    if (isAnother) assert.equal(found["moto"]?.error, "EACCES");
    assert.equal((await new ControlClient(info).status()).clusters.length, 1, "it is still there, and serves its user");
  });

  it("lets API servers ask whose a token is", async () => {
    // The API server of dev-blue sends this bearer token to the control endpoint, and logs when that refuses it.
    const { endpoint } = (await new ControlClient(info).status()).clusters[0] ?? { endpoint: "" };
    const ask = spawnSync(
      process.execPath,
      [
        "-e",
        `require("node:https").get(process.argv[1] + "/api", { rejectUnauthorized: false, headers: { authorization: "Bearer k8s-aws-v1.x" } }, (answer) => { console.log(answer.statusCode); process.exit(); })`,
        endpoint,
      ],
      { encoding: "utf8", timeout: 30_000 },
    );
    assert.equal(ask.stdout.trim(), "401");
    const log = readFileSync(join(info.dir, "logs", "kube-apiserver-dev-blue.log"), "utf8");
    const failed = log.split("\n").filter((line) => /webhook authenticator request|token-review/.test(line));
    assert.deepEqual(failed, []);
  });
});
