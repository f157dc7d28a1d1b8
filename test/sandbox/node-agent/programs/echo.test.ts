import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import type { FabricEntry } from "../../../../sandbox/contract";
import { startEcho } from "../../../../sandbox/node-agent/programs/echo";
import type { RunningProgram } from "../../../../sandbox/node-agent/programs/program";
import { until } from "../harness";

describe("echo program", () => {
  let program: RunningProgram;
  const fabric = new Map<number, FabricEntry>();
  const start = async (env: Record<string, string> = {}, timeScale = 60): Promise<void> => {
    program = await startEcho(
      {
        clusterName: "blue",
        namespace: "default",
        pod: "p",
        container: {
          name: "c",
          image: "eks-blue-green/echo:2.0",
          ports: [{ containerPort: 80 }, { containerPort: 53, protocol: "UDP" }],
        },
        env,
        args: [],
        address: "10.0.0.1",
        timeScale,
        publish: (entry) => fabric.set(entry.port, entry),
        withdraw: (_, port) => fabric.delete(port),
      },
      true,
    );
  };
  afterEach(() => program.kill());

  /** One kept-alive connection that is spoken to by hand. */
  async function connection(): Promise<{ socket: net.Socket; ask(): Promise<string>; closed: Promise<string> }> {
    const socket = net.connect(fabric.get(80)?.hostPort ?? 0, "127.0.0.1");
    const closed = new Promise<string>((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      socket.on("end", () => resolve("end"));
    });
    await once(socket, "connect");
    return {
      socket,
      closed,
      ask: async () => {
        socket.write("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        const [chunk] = (await once(socket, "data")) as [Buffer];
        return chunk.toString();
      },
    };
  }

  it("answers with what it is, on TCP ports only", async () => {
    await start({ MEMBER: "green" });
    assert.deepEqual([[...fabric.keys()], program.ports], [[80], [80]]);
    const answer = await (await connection()).ask();
    assert.match(answer, /^HTTP\/1\.1 200/);
    assert.match(answer, /x-member: green/);
    assert.ok(answer.endsWith('{"pod":"p","member":"green","version":"2.0","path":"/x"}'));
  });

  it("injects faults", async () => {
    await start({ ECHO_STATUS: "503" });
    assert.match(await (await connection()).ask(), /^HTTP\/1\.1 503/);
    program.kill();
    await start({ ECHO_FAIL_AFTER_SECONDS: "300" });
    const one = await connection();
    assert.match(await one.ask(), /^HTTP\/1\.1 200/);
    await until("500", async () => (await one.ask()).startsWith("HTTP/1.1 500"));
  });

  it("after SIGTERM tells kept-alive and late connections to close, and ends", async () => {
    await start();
    const kept = await connection();
    await kept.ask();
    program.terminate(10_000);
    const late = await connection();
    assert.match(await kept.ask(), /connection: close/i);
    assert.match(await late.ask(), /connection: close/i);
    assert.deepEqual([await kept.closed, await late.closed, await program.ended], ["end", "end", 0]);
    assert.equal(fabric.size, 0);
  });

  it("closes idle connections in order just before the grace ends", async () => {
    await start();
    const idle = await connection();
    await idle.ask();
    program.terminate(400);
    assert.equal(await idle.closed, "end");
    assert.equal(await program.ended, 0);
  });

  it("resets what is open when it is killed", async () => {
    await start({ ECHO_DELAY_MS: "60000" });
    const busy = await connection();
    busy.socket.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await new Promise((resolve) => setImmediate(resolve));
    program.kill();
    assert.deepEqual([await busy.closed, await program.ended], ["ECONNRESET", 137]);
  });
});
