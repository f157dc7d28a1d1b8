import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceNetwork } from "../../../../sandbox/node-agent/nodes/service-network";
import type { Backend } from "../../../../sandbox/node-agent/nodes/service-routes";

describe("the API server's way to Services", () => {
  const folder = mkdtempSync(join(tmpdir(), "ebg-services-"));
  const socketPath = join(folder, "services.sock");
  let pod: Server;
  let network: ServiceNetwork;
  let routes: readonly Backend[] | null = null;
  let does: "answer" | "reset" | "stay" = "answer";
  const podPort = (): number => (pod.address() as AddressInfo).port;

  before(async () => {
    pod = createServer((socket) => {
      if (does === "answer") socket.end("from the pod");
      else if (does === "reset") setTimeout(() => socket.resetAndDestroy(), 20);
      else socket.on("error", () => undefined).write("first words");
    });
    await new Promise<void>((resolve) => pod.listen(0, "127.0.0.1", resolve));
    network = new ServiceNetwork({
      routes: (address) => (address === "127.96.0.7" ? routes : null),
      open: (address) => {
        if (address === "10.0.0.9") throw new Error("nobody listens there");
        return connect(podPort(), "127.0.0.1");
      },
    });
    // Left by an agent that was killed.
    writeFileSync(socketPath, "");
    await network.listen(socketPath);
  });
  after(() => {
    network.close();
    pod.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What an API server with this socket as its egress gets: the status, and what the other end says. */
  const ask = (
    target: string,
    onText: () => void = () => undefined,
  ): Promise<{ readonly status: number | undefined; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const asked = request({ socketPath, method: "CONNECT", path: target, agent: false });
      asked.on("error", reject).on("connect", (answer, socket: Socket, head: Buffer) => {
        let text = "";
        // What came right behind the answer is read as the rest.
        if (head.length > 0) socket.unshift(head);
        socket
          .on("data", (part) => {
            text += String(part);
            onText();
          })
          .on("close", () => resolve({ status: answer.statusCode, text }))
          .on("error", () => undefined);
        if (does === "answer") socket.end();
      });
      asked.end();
    });

  it("leads to a pod of the Service, past one that does not listen", async () => {
    routes = [
      { address: "10.0.0.9", port: 9443 },
      { address: "10.0.0.2", port: 9443 },
    ];
    assert.deepEqual(await ask("127.96.0.7:443"), { status: 200, text: "from the pod" });
  });
  it("refuses while the Service has no pod that listens", async () => {
    for (const none of [[], [{ address: "10.0.0.9", port: 9443 }]]) {
      routes = none;
      assert.equal((await ask("127.96.0.7:443")).status, 503);
    }
  });
  it("goes on when a pod breaks off: the API server's socket ends, and the next connection is served", async () => {
    routes = [{ address: "10.0.0.2", port: 9443 }];
    does = "reset";
    assert.deepEqual(await ask("127.96.0.7:443"), { status: 200, text: "" });
    does = "answer";
    assert.deepEqual(await ask("127.96.0.7:443"), { status: 200, text: "from the pod" });
  });
  it("connects to this machine's own addresses, and to no other", async () => {
    assert.deepEqual(await ask(`127.0.0.1:${podPort()}`), { status: 200, text: "from the pod" });
    for (const elsewhere of ["10.0.0.2:9443", "192.0.2.1:443", "example.com:443"])
      assert.equal((await ask(elsewhere)).status, 503, elsewhere);
  });
  it("ends with the connections that are open", async () => {
    routes = [{ address: "10.0.0.2", port: 9443 }];
    does = "stay";
    assert.deepEqual(await ask("127.96.0.7:443", () => network.close()), { status: 200, text: "first words" });
  });
});
