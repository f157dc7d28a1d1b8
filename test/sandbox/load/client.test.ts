import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOptions } from "../../../sandbox/contract";
import { LoadClient } from "../../../sandbox/load/client";
import { selfSigned } from "../../../sandbox/shared/self-signed";
import type { LoadSample } from "../../../sandbox/load/start";
import { eventually } from "../data-plane/rig";

type Line = {
  readonly type: "failure" | "second";
  readonly kind?: string;
  readonly target?: string | null;
  readonly connection?: string;
};

const webServer: http.RequestListener = (_request, response) => {
  response.setHeader("x-member", "blue");
  response.end("ok");
};

describe("load: client", function () {
  this.timeout(60_000);
  let dir: string;
  let server: net.Server;
  let client: LoadClient | null = null;
  const sockets = new Set<net.Socket>();
  let lines: Line[];
  let samples: LoadSample[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "load-"));
    lines = [];
    samples = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    // A connection that TLS has taken over does not tell its end.
    sockets.clear();
    server.close();
    await client?.stop();
    client = null;
    rmSync(dir, { recursive: true });
  });

  async function serve(made: net.Server): Promise<void> {
    server = made;
    server.on("connection", (socket: net.Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, resolve));
    writeFileSync(join(dir, "connect-to"), `lb.example:80:127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  }

  function load(more: Partial<LoadOptions> = {}): LoadClient {
    const options: LoadOptions = {
      host: "lb.example",
      port: 80,
      path: "/",
      connectToFile: join(dir, "connect-to"),
      requestsPerSecond: 200,
      newConnectionShare: 0.5,
      keepAliveConnections: 8,
      timeoutMs: 5_000,
      sourceAddresses: ["127.0.2.1", "127.0.2.2"],
      ...more,
    };
    return (client = new LoadClient(
      options,
      (line) => lines.push(line as Line),
      (sample) => samples.push(sample),
    ));
  }

  const good = (response: http.ServerResponse): void =>
    void response.writeHead(200, { "x-pod": "web-1", "x-member": "blue" }).end("ok");

  it("sends at the rate asked for, half on new connections from every source address, and counts it all", async () => {
    const sources = new Map<string, number>();
    let close = 0;
    let keep = 0;
    await serve(
      http.createServer((request, response) => {
        if (request.headers.connection === "close") {
          close++;
          sources.set(request.socket.remoteAddress!, (sources.get(request.socket.remoteAddress!) ?? 0) + 1);
        } else keep++;
        assert.equal(request.headers.host, "lb.example");
        good(response);
      }),
    );
    const running = load();
    await eventually("300 requests came", () => close + keep >= 300);
    const summary = await running.stop();
    client = null;
    assert.equal(summary.sent, close + keep);
    assert.deepEqual(
      [summary.succeeded, summary.failed, summary.idleResets, summary.void],
      [summary.sent, 0, 0, false],
    );
    assert.deepEqual(summary.byMember, { blue: summary.sent });
    assert.ok(Math.abs(close - keep) <= 1);
    assert.equal(
      Math.floor(summary.seconds * 200) - summary.sent <= 1,
      true,
      `${summary.sent} in ${summary.seconds} s`,
    );
    assert.deepEqual([...sources.keys()].sort(), ["127.0.2.1", "127.0.2.2"]);
    assert.ok(Math.abs(sources.get("127.0.2.1")! - sources.get("127.0.2.2")!) <= 2);
    assert.equal(
      samples.reduce((sum, s) => sum + s.sent, 0),
      summary.sent,
    );
    assert.deepEqual(
      lines.filter((line) => line.type === "failure"),
      [],
    );
  });

  it("speaks TLS to a listener that ends it, whatever its certificate", async () => {
    const { privateKey, certificate } = await selfSigned("lb.example");
    await serve(https.createServer({ key: privateKey, cert: certificate, keepAliveTimeout: 60_000 }, webServer));
    client = load({ tls: true, requestsPerSecond: 50 });
    await eventually("answers", () => samples.length >= 2);
    const summary = await client.stop();
    client = null;
    assert.deepEqual([summary.failed, summary.byMember["blue"]], [0, summary.sent]);
    assert.ok(summary.byConnection["kept-alive"].sent > 0);
  });

  it(
    "a graceful drain (every kept-alive connection is told to close with an answer) costs no request and no idle " +
      "reset",
    async () => {
      let draining = false;
      let told = 0;
      const before = new Set<net.Socket>();
      // Never closed for idleness: every one must get a request, or this never ends.
      await serve(
        http.createServer({ keepAliveTimeout: 0 }, (_request, response) => {
          if (draining) {
            response.setHeader("connection", "close");
            told++;
          }
          good(response);
        }),
      );
      const running = load({ requestsPerSecond: 400, keepAliveConnections: 16 });
      await eventually("the pool is full", () => sockets.size >= 16);
      draining = true;
      for (const socket of sockets) before.add(socket);
      await eventually("all connections of the time before have gone", () =>
        [...before].every((socket) => !sockets.has(socket)),
      );
      draining = false;
      const then = told;
      await eventually("the pool is full again", () => sockets.size >= 16);
      const summary = await running.stop();
      client = null;
      assert.ok(then >= 16);
      assert.deepEqual([summary.failed, summary.idleResets, summary.succeeded], [0, 0, summary.sent]);
    },
  );

  it("counts idle kept-alive connections that are reset, and not those closed in order", async () => {
    let asked = 0;
    await serve(http.createServer({ keepAliveTimeout: 0 }, (_request, response) => (asked++, good(response))));
    // On a busy machine a request may be on its way just when its connection is cut, or the pool shrinks after a burst
    // and the client is
    // closing that very connection: then it was not idle, and nothing is learned. A client that never counts one fails
    // all the same.
    for (let attempt = 1; ; attempt += 1) {
      sockets.clear();
      const running = load({ requestsPerSecond: 10, newConnectionShare: 0, keepAliveConnections: 5 });
      let steady = 0;
      await eventually(
        "the pool is full, and stays so for a while",
        () => (steady = sockets.size === 5 ? steady + 1 : 0) > 50,
      );
      const then = asked;
      await eventually("one more answer", () => asked > then);
      const [one, two, three] = [...sockets];
      one!.end();
      two!.end();
      three!.resetAndDestroy();
      await eventually(
        "all three have gone and were replaced",
        () => sockets.size === 5 && [one, two, three].every((socket) => !sockets.has(socket!)),
      );
      const summary = await running.stop();
      client = null;
      if ((summary.failed > 0 || summary.idleResets === 0) && attempt < 8) continue;
      assert.deepEqual([summary.idleResets, summary.failed], [1, 0]);
      return;
    }
  });

  it("a server that has stopped answering slows nothing down: it is an open loop", async () => {
    let asked = 0;
    await serve(net.createServer((socket) => socket.on("data", () => asked++)));
    const running = load({ requestsPerSecond: 300, timeoutMs: 400 });
    const begun = performance.now();
    await eventually("450 requests have come", () => asked >= 450);
    const seconds = (performance.now() - begun) / 1_000;
    const summary = await running.stop();
    client = null;
    assert.ok(summary.sent >= Math.floor(seconds * 300) - 1, `${summary.sent} in ${seconds} s`);
    assert.equal(summary.failed, summary.sent);
    assert.deepEqual(summary.failuresByKind, { timeout: summary.sent });
    assert.equal(lines.filter((line) => line.type === "failure").length, summary.sent);
    assert.equal(summary.firstFailures.length, 50);
  });

  it("names every way to fail, and the pod that answered last on the connection", async () => {
    const empty = "content-length: 0\r\n\r\n";
    let connections = 0;
    let asked = 0;
    // By connection and its requests, not by time: on a busy machine two requests may be due at once.
    await serve(
      net.createServer((socket) => {
        const connection = connections++;
        let first = true;
        socket.on("data", () => {
          asked++;
          if (connection === 0)
            void (first ? socket.write(`HTTP/1.1 200 OK\r\nx-pod: web-1\r\n${empty}`) : socket.resetAndDestroy());
          else if (connection === 1) socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
          else if (connection === 2)
            void (first
              ? socket.write(`HTTP/1.1 503 Service Unavailable\r\n${empty}`)
              : socket.end("no HTTP at all\r\n\r\n"));
          else socket.end("HTTP/1.1 204 No Content\r\n\r\n");
          first = false;
        });
      }),
    );
    const running = load({ requestsPerSecond: 20, newConnectionShare: 0, keepAliveConnections: 3 });
    await eventually("four failures", () => asked >= 8 && lines.filter((line) => line.kind).length === 4);
    server.close();
    await eventually("nobody listens", () => lines.some((line) => line.kind === "connect"));
    const summary = await running.stop();
    client = null;
    const kinds = lines.flatMap((line) => (line.kind ? [line.kind] : []));
    assert.deepEqual(kinds.slice(0, 4).sort(), ["closed-early", "closed-early", "reset", "status"]);
    assert.ok(
      kinds.slice(4).every((kind) => kind === "connect"),
      kinds.join(),
    );
    assert.equal(summary.firstFailures.find((failure) => failure.kind === "reset")?.target, "web-1");
    assert.equal(summary.sent, summary.succeeded + summary.failed);
  });

  it("takes 204 without a length for an answer, and an answer that ends with the connection too", async () => {
    let n = 0;
    await serve(
      net.createServer((socket) =>
        socket.on("data", () =>
          n++ % 2 === 0
            ? socket.write("HTTP/1.1 204 No Content\r\nx-member: blue\r\n\r\n")
            : socket.end("HTTP/1.1 200 OK\r\nx-member: green\r\n\r\nup to the end"),
        ),
      ),
    );
    const running = load({ requestsPerSecond: 50, newConnectionShare: 0, keepAliveConnections: 1 });
    await eventually("20 requests", () => n >= 20);
    const summary = await running.stop();
    client = null;
    assert.deepEqual([summary.failed, summary.idleResets], [0, 0]);
    assert.ok(summary.byMember.blue! >= 10 && summary.byMember.green! >= 9);
  });

  it("shrinks its pool to its size again after a burst of slow answers", async () => {
    let slow = true;
    let waiting: (() => void)[] = [];
    await serve(
      http.createServer({ keepAliveTimeout: 0 }, (_request, response) =>
        slow ? waiting.push(() => good(response)) : good(response),
      ),
    );
    const running = load({ newConnectionShare: 0, keepAliveConnections: 4 });
    await eventually("a burst of connections", () => sockets.size >= 40);
    slow = false;
    for (const answer of waiting) answer();
    waiting = [];
    await eventually("four are left", () => sockets.size === 4);
    const summary = await running.stop();
    client = null;
    assert.deepEqual([summary.failed, summary.idleResets], [0, 0]);
  });

  it("calls a run void in which it starved itself, and still sends all that was due", async () => {
    await serve(http.createServer((_request, response) => good(response)));
    const running = load({ newConnectionShare: 0, requestsPerSecond: 100 });
    await eventually("it has begun", () => sockets.size > 0);
    for (const until = Date.now() + 2_500; Date.now() < until;);
    const summary = await running.stop();
    client = null;
    assert.equal(summary.void, true);
    assert.ok(summary.sent >= 250);
    assert.equal(summary.failed, 0);
  });
});
