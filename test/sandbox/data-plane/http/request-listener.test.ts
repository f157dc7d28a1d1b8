import assert from "node:assert/strict";
import http, { type IncomingHttpHeaders } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type {
  DataPlaneAction,
  DataPlaneListener,
  DataPlaneRouting,
  DataPlaneTargetGroup,
} from "../../../../sandbox/contract";
import { eventually, forwardTo, groupOf, Pod, received, requestListener, Rig, tcpPod } from "../rig";

/** 60 s become a third of a second. */
const SCALE = 180;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A pod that keeps connections, counts them, and tells what it was asked. */
async function web(address: string, on: http.RequestListener = () => undefined): Promise<Pod> {
  const server = http.createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    if (request.url === "/healthz") return void response.end("ok");
    response.setHeader("x-pod", address);
    on(request, response);
    if (!response.writableEnded && on.length === 0) response.end(JSON.stringify(request.headers));
  });
  return new Pod(address, server).listen();
}

describe("data plane: an ALB's requests", function () {
  this.timeout(60_000);
  let rig: Rig;
  let agent: http.Agent;
  beforeEach(() => {
    rig = new Rig(SCALE, { registrationLagSeconds: 0, weightLagSeconds: 60, deregistrationLagSeconds: 60 });
    agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    await rig.close();
  });

  const http1 = (arn: string, pods: readonly Pod[], more: Partial<DataPlaneTargetGroup> = {}): DataPlaneTargetGroup =>
    groupOf(
      arn,
      pods.map((pod) => pod.target()),
      { protocol: "HTTP", connectionTermination: true, ...more },
    );

  async function apply(
    routing: Partial<DataPlaneRouting>,
    targetGroups: readonly DataPlaneTargetGroup[],
    more: Partial<DataPlaneListener> = {},
  ): Promise<void> {
    rig.balancer.apply({
      listeners: [requestListener({ action: forwardTo({ tg: 1 }), rules: [], ...routing }, more)],
      targetGroups,
    });
    await eventually("the socket", () => rig.heard.some((m) => m.type === "listening"));
  }

  function at(): { host: string; port: number } {
    const heard = rig.heard.flatMap((m) => (m.type === "listening" ? [m] : [])).at(-1)!;
    return { host: heard.host, port: heard.hostPort };
  }

  /** On the test's one kept-alive connection, unless another agent is given. */
  function ask(path = "/", options: http.RequestOptions = {}, body = ""): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request({ ...at(), path, agent, ...options }, (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (data: string) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  }
  const once = (path = "/", options: http.RequestOptions = {}) => ask(path, { ...options, agent: false });

  it("reach a target with what an ALB adds, and keep connections on both sides", async () => {
    const [pod] = rig.add(await web("10.0.0.1"));
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    for (let n = 0; n < 10; n++) {
      const { status, body, headers } = await ask("/a?b=c", { headers: { host: "shop.example", "x-own": "1" } });
      assert.equal(status, 200);
      assert.equal(headers.connection, "keep-alive");
      const seen = JSON.parse(body) as IncomingHttpHeaders;
      assert.equal(seen.host, "shop.example");
      assert.equal(seen["x-own"], "1");
      assert.match(String(seen["x-forwarded-for"]), /^127\./);
      assert.equal(seen["x-forwarded-proto"], "http");
      assert.equal(seen["x-forwarded-port"], "80");
      assert.match(String(seen["x-amzn-trace-id"]), /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    }
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1, "the client needed one connection");
    assert.equal(pod!.sockets.size, 1, "and so did the load balancer");
  });

  it("carry bodies of both kinds both ways", async () => {
    const [pod] = rig.add(await web("10.0.0.1", (request, response) => void request.pipe(response)));
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    const body = "0123456789".repeat(100_000);
    assert.equal((await ask("/", { method: "POST" }, body)).body, body);
    assert.equal((await ask("/", { method: "PUT", headers: { "content-length": body.length } }, body)).body, body);
    assert.equal((await ask("/", { method: "POST", headers: { "content-length": 0 } })).body, "");
  });

  it("go by rules first, and by the default action where none fits", async () => {
    const [blue, api] = rig.add(await web("10.0.0.1"), await web("10.0.0.2"));
    const fixed: DataPlaneAction = { type: "fixed-response", status: 418, contentType: "text/plain", body: "tea" };
    await apply(
      {
        action: { type: "fixed-response", status: 404, contentType: "text/plain", body: "no such host" },
        rules: [
          {
            arn: "r1",
            conditions: [{ field: "path-pattern", values: ["/tea"], regexValues: [] }],
            action: fixed,
          },
          {
            arn: "r2",
            conditions: [{ field: "host-header", values: ["api.*"], regexValues: [] }],
            action: forwardTo({ api: 1 }),
          },
          {
            arn: "r3",
            conditions: [{ field: "path-pattern", values: ["/web*"], regexValues: [] }],
            action: forwardTo({ blue: 1 }),
          },
          {
            arn: "r4",
            conditions: [{ field: "path-pattern", values: ["/old"], regexValues: [] }],
            action: {
              type: "redirect",
              protocol: "HTTPS",
              host: "#{host}",
              port: "443",
              path: "/new",
              query: "#{query}",
              status: 301,
            },
          },
        ],
      },
      [http1("blue", [blue!]), http1("api", [api!])],
    );
    await rig.healthy(blue!, api!);
    assert.equal((await ask("/tea")).body, "tea");
    assert.equal((await ask("/web")).headers["x-pod"], blue!.address);
    assert.equal((await ask("/web", { headers: { host: "api.example:80" } })).headers["x-pod"], api!.address);
    const none = await ask("/elsewhere");
    assert.deepEqual([none.status, none.body, none.headers.server], [404, "no such host", "awselb/2.0"]);
    const moved = await ask("/old?x=1", { headers: { host: "shop.example" } });
    assert.deepEqual([moved.status, moved.headers.location], [301, "https://shop.example:443/new?x=1"]);
  });

  it("are divided by weight, also on one kept-alive connection", async () => {
    const [blue, green] = rig.add(await web("10.0.0.1"), await web("10.0.0.2"));
    await apply({ action: forwardTo({ blue: 75, green: 25 }) }, [http1("blue", [blue!]), http1("green", [green!])]);
    await rig.healthy(blue!, green!);
    let greens = 0;
    for (let n = 0; n < 800; n++) if ((await ask()).headers["x-pod"] === green!.address) greens++;
    assert.ok(Math.abs(greens / 800 - 0.25) <= 3 * Math.sqrt((0.25 * 0.75) / 800), `green had ${greens} of 800`);
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1);
  });

  it("follow new weights node by node: a client of a slow node goes on for the lag", async () => {
    const [blue, green] = rig.add(await web("10.0.0.1"), await web("10.0.0.2"));
    const groups = [http1("blue", [blue!]), http1("green", [green!])];
    await apply({ action: forwardTo({ blue: 100, green: 0 }) }, groups);
    await rig.healthy(blue!, green!);
    await apply({ action: forwardTo({ blue: 0, green: 100 }) }, groups);
    const podOf = async (): Promise<unknown> => (await once()).headers["x-pod"];
    let ofBlue = 0;
    let inARow = 0;
    // How long it takes is the machine's business too: what counts is that some still go to blue, and in the end none.
    await eventually("all go to green", async () => {
      if ((await podOf()) === green!.address) return (inARow += 1) >= 50;
      ofBlue += 1;
      inARow = 0;
      return false;
    });
    assert.ok(ofBlue > 0, "no node went on with the former weights");
    for (let n = 0; n < 50; n++) assert.equal(await podOf(), green!.address);
  });

  it("get 503 for a group without targets, with no fallback to the other group", async () => {
    const [blue] = rig.add(await web("10.0.0.1"));
    await apply({ action: forwardTo({ blue: 50, green: 50 }) }, [http1("blue", [blue!]), http1("green", [])]);
    await rig.healthy(blue!);
    const seen = new Set<number>();
    await eventually("both", async () => seen.add((await ask()).status).size === 2);
    assert.deepEqual([...seen].sort(), [200, 503]);
    assert.ok(rig.losses.some((one) => one["loss"] === "no target"));
  });

  it("are answered by unhealthy targets when a group has no healthy one", async () => {
    const [pod] = rig.add(await web("10.0.0.1"));
    await apply({}, [http1("tg", [pod!], { healthCheck: { ...groupOf("x", []).healthCheck, matcher: "299" } })]);
    await eventually("unhealthy", () => rig.health(pod!, "unhealthy") !== undefined);
    assert.equal((await ask()).status, 200);
  });

  it("get 502 from a target that resets, refuses, or says what is no HTTP, and the connection stays", async () => {
    const [resets, talks] = rig.add(
      await tcpPod("10.0.0.1", (socket) => socket.once("data", () => socket.resetAndDestroy())),
      await tcpPod("10.0.0.2", (socket) => socket.once("data", () => socket.end("hello\r\n\r\n"))),
    );
    const gone = await tcpPod("10.0.0.3", () => undefined);
    rig.add(gone);
    gone.kill();
    const tcp = { healthCheck: { ...groupOf("x", []).healthCheck, protocol: "TCP" as const } };
    for (const pod of [resets!, talks!, gone]) {
      await apply({}, [http1("tg", [pod], tcp)]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { status, headers, body } = await ask();
      assert.deepEqual([status, headers.server], [502, "awselb/2.0"], pod.address);
      assert.match(body, /<h1>502 Bad Gateway<\/h1>/);
    }
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1);
  });

  it("see a reset when a target breaks off within its answer", async () => {
    const [pod] = rig.add(
      await web("10.0.0.1", (_request, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("half");
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
      }),
    );
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    await assert.rejects(ask());
  });

  it("get 504 when security groups cut the target off", async () => {
    const [pod] = rig.add(await web("10.0.0.1"));
    await apply({}, [groupOf("tg", [pod!.target(undefined, { reachable: false })], { protocol: "HTTP" })]);
    assert.equal((await ask()).status, 504);
  });

  it("get 504 from a target that is silent longer than the idle time-out", async () => {
    const [pod] = rig.add(await web("10.0.0.1", (_request, _response) => undefined));
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    assert.equal((await ask()).status, 504);
  });

  it("do not tell the client that a target closes, and take another connection for the next request", async () => {
    const [pod] = rig.add(
      await web("10.0.0.1", (_request, response) => {
        response.setHeader("connection", "close");
        response.end("bye");
      }),
    );
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    for (let n = 0; n < 5; n++) {
      const { status, headers } = await ask();
      assert.deepEqual([status, headers.connection], [200, "keep-alive"]);
    }
    assert.equal(rig.balancer.stats().listeners["listener"]?.accepted, 1);
  });

  it("go on to a deregistered target for the lag, then no more; idle connections to it end", async () => {
    const [a, b] = rig.add(await web("10.0.0.1"), await web("10.0.0.2"));
    await apply({}, [http1("tg", [a!, b!])]);
    await rig.healthy(a!, b!);
    for (let n = 0; n < 4; n++) await ask();
    const deregisteredAt = Date.now();
    await apply({}, [groupOf("tg", [a!.target(), b!.target(undefined, { deregisteredAt })], { protocol: "HTTP" })]);
    let during = 0;
    const lagMs = 60_000 / SCALE;
    while (Date.now() < deregisteredAt + lagMs) if ((await ask()).headers["x-pod"] === b!.address) during++;
    assert.ok(during > 0, "the danger that is modelled did not show");
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (let n = 0; n < 20; n++) assert.equal((await ask()).headers["x-pod"], a!.address);
    await eventually("b has no connection", () => b!.sockets.size === 0);
  });

  it("that last longer than the deregistration delay get 502 at its end", async () => {
    const [pod] = rig.add(await web("10.0.0.1", (_request, _response) => undefined));
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    const answer = ask();
    await eventually("it is under way", () => pod!.sockets.size > 0 && rig.open(pod!) === 1);
    await apply({}, [
      groupOf("tg", [pod!.target(undefined, { deregisteredAt: Date.now() })], {
        protocol: "HTTP",
        connectionTermination: true,
        deregistrationDelaySeconds: 90,
      }),
    ]);
    assert.equal((await answer).status, 502);
  });

  it("of a client that goes away are broken off at the target too", async () => {
    let aborted = false;
    const [pod] = rig.add(
      await web("10.0.0.1", (request, _response) => void request.on("close", () => (aborted = true))),
    );
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    const request = http.get({ ...at(), agent: false });
    request.on("error", () => undefined);
    await eventually("it is under way", () => rig.open(pod!) === 1);
    request.destroy();
    await eventually("the target saw it", () => aborted && rig.open(pod!) === 0);
    assert.deepEqual(rig.losses, []);
  });

  it("that upgrade become a flow both ways; a target that won't answers as usual", async () => {
    const [pod] = rig.add(await web("10.0.0.1"));
    (pod!.server as http.Server).on("upgrade", (request, socket: Socket) => {
      socket.on("error", () => undefined);
      if (request.url === "/no") return void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`,
      );
      socket.on("data", (data) => socket.write(`echo ${data.toString()}`));
      socket.on("end", () => socket.end("bye"));
    });
    await apply({}, [http1("tg", [pod!])]);
    await rig.healthy(pod!);
    const open = (path: string): Socket => {
      const socket = rig.connect({ allowHalfOpen: true });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      return socket;
    };
    const socket = open("/ws");
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    await eventually("101", () => text.endsWith("\r\n\r\n"));
    assert.match(text, /^HTTP\/1\.1 101 /);
    socket.write("hi");
    await eventually("an echo", () => text.endsWith("echo hi"));
    socket.end();
    await eventually("the end", () => text.endsWith("bye"));
    assert.match(await received(open("/no")), /^HTTP\/1\.1 403 Forbidden\r\n[^]*\r\n\r\nno$/);
    await eventually("nothing is open", () => rig.open(pod!) === 0);
  });

  it("that upgrade to a group without targets get 503", async () => {
    await apply({}, [http1("tg", [])]);
    const socket = rig.connect();
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert.match(await received(socket), /^HTTP\/1\.1 503 /);
  });

  it("stay with a group by cookie where the action is sticky, also when its weight is 0", async () => {
    const [blue, green] = rig.add(await web("10.0.0.1"), await web("10.0.0.2"));
    const groups = [http1("blue", [blue!]), http1("green", [green!])];
    const sticky = (weights: Record<string, number>): DataPlaneAction => ({
      ...(forwardTo(weights) as Extract<DataPlaneAction, { type: "forward" }>),
      sticky: { seconds: 60 },
    });
    await apply({ action: sticky({ blue: 100, green: 0 }) }, groups);
    await rig.healthy(blue!, green!);
    const first = await ask();
    assert.equal(first.headers["x-pod"], blue!.address);
    const [cookie = ""] = first.headers["set-cookie"] ?? [];
    assert.match(cookie, /^AWSALBTG=[^;]+; Expires=.*; Path=\/$/);
    await apply({ action: sticky({ blue: 0, green: 100 }) }, groups);
    await eventually("all nodes", async () => {
      for (let n = 0; n < 20; n++) if ((await once()).headers["x-pod"] !== green!.address) return false;
      return true;
    });
    const headers = { cookie: `a=b; ${cookie.split(";")[0]}` };
    for (let n = 0; n < 5; n++) assert.equal((await once("/", { headers })).headers["x-pod"], blue!.address);
  });

  it("may go on for a client's longest connection, whose last answer says that it ends", async () => {
    const [pod] = rig.add(await web("10.0.0.1"));
    await apply({}, [http1("tg", [pod!])], { clientKeepAliveSeconds: 60 });
    await rig.healthy(pod!);
    const socket = rig.connect();
    const begun = Date.now();
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    await eventually("it is told to close", () => {
      socket.write("GET / HTTP/1.1\r\nHost: lb\r\n\r\n");
      return /connection: close/i.test(text);
    });
    assert.ok(Date.now() - begun >= 60_000 / SCALE);
  });

  it("leads nowhere but to loopback: an address that nobody announced is a 502", async () => {
    const pod = await web("10.0.0.9");
    await apply({}, [http1("tg", [pod])]);
    const { status } = await ask();
    assert.equal(status, 502);
    assert.ok((pod.server.address() as AddressInfo).port > 0);
    pod.kill();
  });
});
