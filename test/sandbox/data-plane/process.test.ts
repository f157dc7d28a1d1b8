import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import type { DataPlaneState, FromDataPlane, ToDataPlane } from "../../../sandbox/contract";
import { eventually, flowListener, groupOf, httpPod, lags, type Pod, received } from "./rig";

const root = join(__dirname, "../../..");

describe("data plane: its process", function () {
  this.timeout(60_000);
  let child: ChildProcess;
  let pod: Pod;
  const heard: FromDataPlane[] = [];
  const tell = (message: ToDataPlane): void => void child.send(message);
  const find = <T extends FromDataPlane["type"]>(type: T): Extract<FromDataPlane, { type: T }> | undefined =>
    heard.find((m): m is Extract<FromDataPlane, { type: T }> => m.type === type);

  before(async () => {
    pod = await httpPod("10.0.0.1");
    child = fork(join(root, "sandbox/data-plane/main.ts"), [], {
      cwd: root,
      execArgv: ["-r", join(root, "scripts/esbuild-register.cjs")],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (message: FromDataPlane) => heard.push(message));
  });
  after(() => {
    if (child.exitCode === null) child.kill("SIGKILL");
    pod.kill();
  });

  it("starts, listens, checks, carries a request, counts it, and ends with its parent", async () => {
    tell({
      type: "start",
      timeScale: 180,
      times: lags({ registrationLagSeconds: 0 }),
    });
    await eventually("ready", () => find("ready") !== undefined);
    tell({ type: "fabric-set", entry: pod.entry });
    const state: DataPlaneState = {
      listeners: [flowListener({ tg: 1 })],
      targetGroups: [groupOf("tg", [pod.target()])],
    };
    tell({ type: "state", state });
    await eventually("healthy", () => find("health")?.state === "healthy");
    const { host, hostPort } = find("listening")!;
    assert.match(host, /^127\./);
    const socket = net.connect({ host, port: hostPort });
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n");
    assert.match(await received(socket), /x-pod: 10\.0\.0\.1\r\n/);
    tell({ type: "stats", id: 7 });
    await eventually("stats", () => find("stats")?.id === 7);
    assert.deepEqual(find("stats")!.stats.listeners, {
      listener: { open: find("stats")!.stats.listeners.listener!.open, accepted: 1, refused: 0 },
    });
    assert.equal(find("stats")!.stats.targets["10.0.0.1:8080"]?.accepted, 1);
    tell({ type: "state", state: { ...state, listeners: [] } });
    await eventually("closed", () => find("listener-closed") !== undefined);
    await assert.rejects(received(net.connect({ host, port: hostPort })), { code: "ECONNREFUSED" });
    child.disconnect();
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0);
  });
});
