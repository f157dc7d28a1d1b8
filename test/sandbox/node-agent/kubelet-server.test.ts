/** Logs as `kubectl logs` gets them: which lines, over which connection, and in which words they are refused. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates, type ClusterCertificates } from "../../../sandbox/control-plane/certificates";
import {
  ContainerLog,
  FileLog,
  logQuery,
  logText,
  selectLines,
} from "../../../sandbox/node-agent/programs/container-log";
import { KubeletServer, type LogAnswer, type LogRequest } from "../../../sandbox/node-agent/kubelet-server";

let dir: string;
before(() => (dir = mkdtempSync(join(tmpdir(), "ebg-kubelet-"))));
after(() => rmSync(dir, { recursive: true, force: true }));

const texts = (lines: readonly { readonly text: string }[]): string[] => lines.map(({ text }) => text);

describe("a container's log", () => {
  it("keeps the newest thousand lines, and goes on from any place", () => {
    const log = new ContainerLog();
    for (let n = 0; n < 1500; n += 1) log.add(() => `line ${n}`);
    const all = log.since(0);
    assert.deepEqual(
      [all.lines.length, all.lines[0]?.text, all.lines.at(-1)?.text, all.next],
      [1000, "line 500", "line 1499", 1500],
    );
    log.add(() => "one more");
    assert.deepEqual(texts(log.since(all.next).lines), ["one more"]);
  });
  it("of a file begins where its process began, and leaves a half-written line", () => {
    const file = join(dir, "controller.log");
    writeFileSync(file, "of an earlier process\n");
    const log = new FileLog(file, readFileSync(file).length);
    assert.deepEqual(log.since(0).lines, []);
    appendFileSync(file, '{"at":"2026-01-02T03:04:05.000Z","msg":"ready"}\nhalf');
    const { lines, next } = log.since(0);
    assert.deepEqual(lines, [
      { atMs: Date.UTC(2026, 0, 2, 3, 4, 5), text: '{"at":"2026-01-02T03:04:05.000Z","msg":"ready"}' },
    ]);
    appendFileSync(file, " a line\n");
    assert.deepEqual(texts(log.since(next).lines), ["half a line"]);
    assert.deepEqual(new FileLog(join(dir, "none"), 0).since(7), { lines: [], next: 7 });
  });
  it("is cut by time, then by number", () => {
    const lines = [1_000, 2_000, 3_000, 4_000].map((atMs) => ({ atMs, text: String(atMs) }));
    const select = (query: string): string[] => texts(selectLines(lines, logQuery(new URLSearchParams(query), 5_000)));
    assert.deepEqual(select(""), ["1000", "2000", "3000", "4000"]);
    assert.deepEqual(select("tailLines=2"), ["3000", "4000"]);
    assert.deepEqual(select("tailLines=0"), []);
    assert.deepEqual(select("sinceSeconds=3"), ["2000", "3000", "4000"]);
    assert.deepEqual(select("sinceTime=1970-01-01T00:00:03Z&tailLines=9"), ["3000", "4000"]);
    assert.equal(logText([{ atMs: 0, text: "x" }], true), "1970-01-01T00:00:00.000Z x\n");
  });
});

describe("a node's server for logs", () => {
  let certificates: ClusterCertificates;
  let server: KubeletServer;
  let port: number;
  let asked: LogRequest[] = [];
  let answer: LogAnswer;
  before(async () => {
    certificates = await createCertificates(join(dir, "pki"), "blue", "127.96.0.1");
    const { kubeletCertFile: certFile, kubeletKeyFile: keyFile, caFile } = certificates;
    server = new KubeletServer({ certFile, keyFile, caFile }, (one) => {
      asked.push(one);
      return answer;
    });
    port = await server.listen();
  });
  after(() => server.close());
  beforeEach(() => (asked = []));

  const get = (path: string, client = true): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const identity = client
        ? {
            cert: readFileSync(certificates.kubeletClientCertFile),
            key: readFileSync(certificates.kubeletClientKeyFile),
          }
        : {};
      request(
        { host: "127.0.0.1", port, path, ca: readFileSync(certificates.caFile), ...identity, agent: false },
        (response) => {
          let body = "";
          response.on("data", (data: Buffer) => (body += data.toString()));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        },
      )
        .on("error", reject)
        .end();
    });

  it("answers the API server's certificate, and nobody else", async () => {
    const log = new ContainerLog();
    for (const text of ["a", "b", "c"]) log.add(() => text);
    answer = { kind: "log", source: log, over: () => false };
    assert.deepEqual(await get("/containerLogs/default/nginx-1/nginx?tailLines=2"), { status: 200, body: "b\nc\n" });
    assert.deepEqual(asked, [{ namespace: "default", pod: "nginx-1", container: "nginx", previous: false }]);
    await assert.rejects(get("/containerLogs/default/nginx-1/nginx", false));
    assert.equal(asked.length, 1);
  });
  it("follows until the container is over", async () => {
    const log = new ContainerLog();
    let over = false;
    log.add(() => "first");
    answer = { kind: "log", source: log, over: () => over };
    const reading = get("/containerLogs/default/nginx-1/nginx?follow=true");
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    log.add(() => "second");
    over = true;
    assert.deepEqual(await reading, { status: 200, body: "first\nsecond\n" });
  });
  it("refuses in words, is silent when its node is down, and has nothing but logs", async () => {
    answer = {
      kind: "refused",
      status: 400,
      message: 'container "nginx" in pod "nginx-1" is waiting to start: ContainerCreating\n',
    };
    assert.deepEqual(await get("/containerLogs/default/nginx-1/nginx"), { status: 400, body: answer.message });
    answer = { kind: "silent" };
    await assert.rejects(get("/containerLogs/default/nginx-1/nginx"));
    assert.equal((await get("/exec/default/nginx-1/nginx")).status, 501);
  });
});
