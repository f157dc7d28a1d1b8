import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOptions } from "../../../sandbox/contract";
import type { FromLoad, ToLoad } from "../../../sandbox/load/start";
import { eventually, httpPod, type Pod } from "../data-plane/rig";

const root = join(__dirname, "../../..");

describe("load: its process", function () {
  this.timeout(60_000);
  let dir: string;
  let pod: Pod;
  let child: ChildProcess;
  let heard: FromLoad[];
  const ledger = (): { type: string }[] =>
    existsSync(join(dir, "ledger"))
      ? readFileSync(join(dir, "ledger"), "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { type: string })
      : [];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "load-"));
    pod = await httpPod("10.0.0.1");
    writeFileSync(join(dir, "connect-to"), `lb.example:80:127.0.0.1:${pod.entry.hostPort}\n`);
    heard = [];
    child = fork(join(root, "sandbox/load/main.ts"), [], {
      cwd: root,
      execArgv: ["-r", join(root, "scripts/esbuild-register.cjs")],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (message: FromLoad) => heard.push(message));
    const options: LoadOptions = {
      host: "lb.example",
      port: 80,
      path: "/",
      connectToFile: join(dir, "connect-to"),
      requestsPerSecond: 50,
      newConnectionShare: 0.5,
      keepAliveConnections: 2,
      timeoutMs: 5_000,
      sourceAddresses: [],
    };
    child.send({ type: "start", options, ledgerFile: join(dir, "ledger") } satisfies ToLoad);
    await eventually("it has begun", () => heard.some((m) => m.type === "started") && pod.sockets.size > 0);
  });
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    pod.kill();
    await eventually("it is gone", () => child.exitCode !== null || child.signalCode !== null);
    rmSync(dir, { recursive: true });
  });

  it("ends with its parent", async () => {
    const exit = once(child, "exit");
    child.disconnect();
    assert.deepEqual(await exit, [0, null]);
  });

  it("writes failures and seconds to the ledger, and sums up on request", async () => {
    await eventually("a second", () => heard.some((m) => m.type === "sample"));
    pod.kill();
    await eventually("a failure is in the ledger", () => ledger().some((line) => line.type === "failure"));
    child.send({ type: "stop" } satisfies ToLoad);
    await eventually("the summary", () => heard.some((m) => m.type === "summary"));
    const summary = heard.flatMap((m) => (m.type === "summary" ? [m.summary] : []))[0]!;
    assert.ok(summary.failed > 0);
    assert.equal(summary.sent, summary.succeeded + summary.failed);
    assert.equal(ledger().filter((line) => line.type === "failure").length, summary.failed);
    assert.ok(ledger().some((line) => line.type === "second"));
  });
});
