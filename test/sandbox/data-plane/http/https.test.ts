import assert from "node:assert/strict";
import http, { type IncomingHttpHeaders } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { Socket } from "node:net";
import tls from "node:tls";
import { eventually, forwardTo, groupOf, Pod, requestListener, Rig } from "../rig";

const certificateArns = ["arn:aws:acm:eu-west-1:123456789012:certificate/a"];

describe("data plane: an ALB's HTTPS listener", function () {
  this.timeout(60_000);
  let rig: Rig;
  let pod: Pod;
  beforeEach(async () => {
    rig = new Rig(180, { registrationLagSeconds: 0 });
    const server = http.createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
      if (request.url === "/half") {
        response.writeHead(200, { "content-length": 100 });
        response.write("half");
        return void setTimeout(() => response.socket?.resetAndDestroy(), 20);
      }
      if (request.method === "POST") return void request.pipe(response);
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end(JSON.stringify(request.headers));
    });
    server.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
      socket.on("data", (data: Buffer) => {
        if (data.includes("reset")) (socket as Socket).resetAndDestroy();
        else socket.write(data);
      });
      socket.on("end", () => socket.end()).on("error", () => undefined);
    });
    [pod] = rig.add(await new Pod("10.0.0.1", server).listen()) as [Pod];
    rig.balancer.apply({
      listeners: [
        requestListener(
          {
            action: forwardTo({ tg: 1 }),
            rules: [
              {
                arn: "r",
                conditions: [{ field: "host-header", values: ["none.example"], regexValues: [] }],
                action: { type: "fixed-response", status: 404, contentType: "text/plain", body: "none" },
              },
              {
                arn: "empty",
                conditions: [{ field: "path-pattern", values: ["/empty"], regexValues: [] }],
                action: forwardTo({ empty: 1 }),
              },
            ],
          },
          { protocol: "HTTPS", port: 443, certificateArns },
        ),
      ],
      targetGroups: [groupOf("tg", [pod.target()], { protocol: "HTTP" }), groupOf("empty", [], { protocol: "HTTP" })],
    });
    await eventually("the socket", () => rig.heard.some((m) => m.type === "listening"));
    await rig.healthy(pod);
  });
  afterEach(() => rig.close());

  const at = (): { host: string; port: number } => {
    const heard = rig.heard.flatMap((m) => (m.type === "listening" ? [m] : [])).at(-1)!;
    return { host: heard.host, port: heard.hostPort };
  };

  it("speaks HTTP/1.1 to who wants that, on connections that are kept", async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    const ask = (): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        https
          .get({ ...at(), path: "/a", agent, headers: { host: "shop.example" } }, (response) => {
            let body = "";
            response.on("data", (data: Buffer) => (body += data.toString()));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          })
          .on("error", reject);
      });
    for (let n = 0; n < 3; n++) {
      const { status, body } = await ask();
      const headers = JSON.parse(body) as IncomingHttpHeaders;
      assert.deepEqual([status, headers["x-forwarded-proto"], headers["x-forwarded-port"]], [200, "https", "443"]);
    }
    agent.destroy();
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1);
  });

  interface Reply {
    readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
    readonly body: string;
  }
  const over = (session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body = ""): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const stream = session.request(headers);
      let got: Reply["headers"] | null = null;
      let text = "";
      stream.on("response", (answer) => (got = answer));
      stream.on("data", (data: Buffer) => (text += data.toString()));
      stream.on("end", () => (got === null ? reject(new Error("no answer")) : resolve({ headers: got, body: text })));
      stream.on("error", reject);
      if (body !== "") stream.end(body);
    });

  it("speaks HTTP/2 to who wants that: many requests on one connection, HTTP/1.1 to the target", async () => {
    const { host, port } = at();
    const session = http2.connect(`https://${host}:${port}`, { rejectUnauthorized: false });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => over(session, { ":path": `/${n}`, ":authority": "shop.example" })),
    );
    for (const { headers, body } of all) {
      assert.equal(headers[":status"], 200);
      assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
      const seen = JSON.parse(body) as IncomingHttpHeaders;
      assert.deepEqual([seen.host, seen["x-forwarded-proto"]], ["shop.example", "https"]);
    }
    const text = "0123456789".repeat(20_000);
    assert.equal((await over(session, { ":path": "/", ":method": "POST" }, text)).body, text);
    const none = await over(session, { ":path": "/", ":authority": "none.example" });
    assert.deepEqual([none.headers[":status"], none.body], [404, "none"]);
    assert.equal((await over(session, { ":path": "/empty" })).headers[":status"], 503);
    await assert.rejects(over(session, { ":path": "/half" }), "half an answer is no answer");
    session.close();
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1);
  });

  it("passes upgrades through TLS", async () => {
    const socket = tls.connect({ ...at(), rejectUnauthorized: false });
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await eventually("101", () => text.endsWith("\r\n\r\n"));
    socket.write("ping");
    await eventually("an echo", () => text.endsWith("ping"));
    socket.end();
    await eventually("the flow has ended", () => rig.open(pod) === 0);
  });

  it("is not ended by a target that breaks off, be it in an answer or behind an upgrade", async () => {
    const half = new Promise<string>((resolve, reject) => {
      https
        .get({ ...at(), path: "/half", agent: false, rejectUnauthorized: false }, (response) => {
          response.resume().on("end", () => reject(new Error("taken for a whole answer")));
          response.on("error", (error) => resolve(error.message));
        })
        .on("error", reject);
    });
    assert.match(await half, /aborted/);
    const socket = tls.connect({ ...at(), rejectUnauthorized: false });
    let [text, closed] = ["", false];
    socket.on("data", (data) => (text += data.toString())).on("error", () => undefined);
    socket.on("close", () => (closed = true));
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await eventually("101", () => text.endsWith("\r\n\r\n"));
    socket.write("reset");
    await eventually("the client's end", () => closed);
    await eventually("the flow has ended", () => rig.open(pod) === 0);
  });

  it("is not disturbed by who speaks no TLS", async () => {
    const plain = rig.connect();
    plain.on("error", () => undefined);
    plain.write("GET / HTTP/1.1\r\nHost: lb\r\n\r\n");
    await eventually("it is hung up on", () => plain.destroyed || plain.readableEnded);
    const session = http2.connect(`https://${at().host}:${at().port}`, { rejectUnauthorized: false });
    assert.equal((await over(session, { ":path": "/" })).headers[":status"], 200);
    session.close();
  });
});
