import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxInfo, SandboxOptions, ToolPaths } from "../../../sandbox/contract";
import { ControlClient } from "../../../sandbox/client/control-client";
import { isAlive, killGroup, processStartTime } from "../../../sandbox/processes/processes";
import { packageRoot } from "../../../sandbox/processes/scripts";
import {
  childEnvironment,
  readSandboxInfo,
  sandboxStatus,
  startSandbox,
  stopSandbox,
} from "../../../sandbox/client/start";
import { resolveTools } from "../../../sandbox/tools/index";

async function poll(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Everything of a sandbox that must be gone after it: processes with their start times, and what listens. */
interface Traces {
  readonly processes: { pid: number; start: string | null }[];
  readonly urls: string[];
}

async function traces(info: SandboxInfo): Promise<Traces> {
  const status = await new ControlClient(info).status();
  return {
    processes: status.processes.map(({ pid }) => ({ pid, start: processStartTime(pid) })),
    urls: [info.control, info.awsEndpoint, ...status.clusters.map((one) => one.endpoint)],
  };
}

async function assertGone(dir: string, { processes, urls }: Traces): Promise<void> {
  await poll("every process to end", () => processes.every(({ pid, start }) => !isAlive(pid, start)));
  await poll("the folder to go", () => !existsSync(dir));
  for (const url of urls) assert.equal(await listens(url), false, url);
}

describe("the daemon, with real control planes", function () {
  this.timeout(120_000);
  let tools: ToolPaths;
  let base = "";
  const dirs: string[] = [];

  before("get the tools", async function () {
    this.timeout(45 * 60_000);
    tools = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    base = mkdtempSync(join(tmpdir(), "ebg-"));
  });
  after(async () => {
    for (const dir of dirs) await stopSandbox(dir);
    rmSync(base, { recursive: true, force: true });
  });

  const start = (name: string): Promise<SandboxInfo> => {
    const dir = join(base, name);
    dirs.push(dir);
    return startSandbox(
      { dir, timeScale: 60, lbc: "stand-in", providers: {}, region: "us-east-1", untilStdinCloses: false },
      tools,
      () => undefined,
    );
  };
  const kubectl = (info: SandboxInfo, ...args: string[]): string => {
    const run = spawnSync("kubectl", args, {
      env: childEnvironment(info.env, process.env),
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  };

  it(
    "runs clusters that kubectl reaches through the merged kubeconfig, upgrades one in place, stops and starts " +
      "another",
    async () => {
      const info = await start("a");
      const control = new ControlClient(info);
      await Promise.all([
        control.createControlPlane("dev-blue", "1.35"),
        control.createControlPlane("dev-green", "1.36"),
      ]);
      for (const context of ["dev-blue", "dev-green"])
        assert.match(kubectl(info, "--context", context, "get", "ns", "-o", "name"), /namespace\/kube-system/);
      const emulated = (): string =>
        (JSON.parse(kubectl(info, "--context", "dev-blue", "get", "--raw", "/version")) as { emulationMinor: string })
          .emulationMinor;
      assert.equal(emulated(), "35");
      kubectl(info, "--context", "dev-blue", "create", "configmap", "kept");
      await control.upgradeControlPlane("dev-blue", "1.36");
      assert.equal(emulated(), "36");
      kubectl(info, "--context", "dev-blue", "get", "configmap", "kept");

      const green = (await control.status()).clusters.find((one) => one.name === "dev-green");
      const manager = async (): Promise<number | undefined> =>
        (await control.status()).processes.find(({ name }) => name === "kube-controller-manager-dev-green")?.pid;
      const earlier = await manager();
      await control.stopApiServer("dev-green");
      assert.equal(await listens(green?.endpoint ?? ""), false);
      await control.startApiServer("dev-green");
      assert.match(kubectl(info, "--context", "dev-green", "get", "ns", "-o", "name"), /kube-system/);
      // One that has waited for its API server looks for it in minutes of the sandbox's time: it is a new one.
      assert.notEqual(await manager(), undefined);
      assert.notEqual(await manager(), earlier);

      // Faults of its API server: refused once, its answer lost though the work is done, silent; each is counted, and
      // nobody else is hit.
      const lost = await control.addFault({
        on: "kubernetes",
        cluster: "dev-green",
        verb: "create",
        resource: "configmaps",
        kind: "lost-answer",
        count: 1,
      });
      await control.addFault({
        on: "kubernetes",
        cluster: "dev-green",
        verb: "list",
        resource: "namespaces",
        kind: "error",
        status: 500,
        count: 1,
      });
      await control.addFault({
        on: "kubernetes",
        cluster: "dev-green",
        verb: "create",
        resource: "serviceaccounts",
        kind: "timeout",
        ms: 300,
        count: 1,
      });
      const tries = (...args: string[]): string =>
        spawnSync("kubectl", ["--context", "dev-green", ...args], {
          env: childEnvironment(info.env, process.env),
          encoding: "utf8",
          timeout: 20_000,
        }).stderr;
      assert.match(kubectl(info, "--context", "dev-blue", "get", "ns", "-o", "name"), /kube-system/);
      assert.match(tries("get", "ns"), /fault kubernetes-2 of the sandbox/);
      assert.match(tries("create", "configmap", "made"), /EOF|reset|closed/);
      kubectl(info, "--context", "dev-green", "get", "configmap", "made");
      assert.match(tries("create", "serviceaccount", "silent"), /EOF|reset|closed/);
      assert.match(tries("get", "serviceaccount", "silent"), /NotFound/);
      assert.deepEqual(
        (await control.faults(true)).map(({ id, state, hits }) => `${id} ${state} ${hits}`),
        ["kubernetes-2 spent 1", `${lost.id} spent 1`, "kubernetes-3 spent 1"],
      );
      assert.deepEqual(
        (await control.kubernetesCalls())
          .filter((call) => call.fault !== null)
          .map(({ cluster, verb, resource, status }) => `${cluster} ${verb} ${resource} ${status}`),
        ["dev-green list namespaces 500", "dev-green create configmaps 201", "dev-green create serviceaccounts 0"],
      );

      // Deleted and made again, it is a new cluster.
      await control.deleteControlPlane("dev-blue");
      assert.deepEqual(kubectl(info, "config", "get-contexts", "-o", "name").trim(), "dev-green");
      await control.createControlPlane("dev-blue", "1.34");
      const again = spawnSync("kubectl", ["--context", "dev-blue", "get", "configmap", "kept"], {
        env: childEnvironment(info.env, process.env),
        encoding: "utf8",
      });
      assert.match(again.stderr, /NotFound/);
      await assert.rejects(control.createControlPlane("old", "1.20"), {
        code: "SBX-VERSION",
        remedy: /1\.33, 1\.34, 1\.35, 1\.36/,
      });
    },
  );

  it("runs beside another, and ends in order without a trace while the other goes on", async () => {
    const other = readSandboxInfo(dirs[0] as string) as SandboxInfo;
    const info = await start("b");
    await new ControlClient(info).createControlPlane("dev-blue", "1.36");
    const left = await traces(info);
    assert.ok(left.processes.length >= 7);
    const began = Date.now();
    await stopSandbox(info.dir);
    assert.ok(Date.now() - began < 60_000);
    await assertGone(info.dir, left);
    assert.equal(readSandboxInfo(info.dir), null);
    await assert.rejects(sandboxStatus(info.dir), { code: "SBX-NOT-RUNNING" });
    assert.equal((await sandboxStatus(other.dir)).clusters.length, 2);
  });

  it("leaves nothing behind when it is killed with -9", async () => {
    const info = readSandboxInfo(dirs[0] as string) as SandboxInfo;
    const left = await traces(info);
    process.kill(info.pid, "SIGKILL");
    await assertGone(info.dir, left);
  });

  it("ends on SIGTERM", async () => {
    const info = await start("c");
    const left = await traces(info);
    // As a killed engine leaves its language host: run from the sandbox's folder, in a group of its own, nobody's
    // child.
    const program = join(info.dir, "bin", "left-behind");
    symlinkSync("/bin/sleep", program);
    const orphan = spawn(program, ["600"], { detached: true, stdio: "ignore" });
    const over = new Promise<NodeJS.Signals | null>((resolve) => orphan.once("exit", (_, signal) => resolve(signal)));
    process.kill(info.pid, "SIGTERM");
    await assertGone(info.dir, left);
    if (process.platform === "linux") assert.equal(await over, "SIGKILL");
    else orphan.kill();
  });

  it("ends with its parent, when that is killed with -9", async () => {
    const dir = join(base, "d");
    dirs.push(dir);
    const options: SandboxOptions = {
      dir,
      timeScale: 60,
      lbc: "stand-in",
      providers: {},
      region: "us-east-1",
      untilStdinCloses: true,
    };
    const module_ = join(packageRoot(), "dist", "sandbox", "client", "start.js");
    const code =
      `require(${JSON.stringify(module_)}).startSandbox(${JSON.stringify(options)}, ${JSON.stringify(tools)}, () ` +
      "=> {}).then(() => setInterval(() => {}, 1000))";
    const parent = spawn(process.execPath, ["-e", code], { stdio: "inherit", detached: true });
    await poll("the sandbox to be ready", () => readSandboxInfo(dir) !== null, 60_000);
    const left = await traces(readSandboxInfo(dir) as SandboxInfo);
    killGroup(parent.pid as number);
    await assertGone(dir, left);
  });

  it("answers only local programs, and says what is wrong with a request", async () => {
    const info = await start("e");
    const page = await fetch(`${info.control}/status`, { headers: { origin: "https://example.com" } });
    assert.equal(page.status, 403);
    await page.arrayBuffer();
    await assert.rejects(new ControlClient(info).stopApiServer("nobody"), { code: "SBX-NO-CLUSTER" });
    const bad = await fetch(`${info.control}/clusters/x`, {
      method: "PUT",
      body: "{",
      headers: { authorization: `Bearer ${info.controlSecret}` },
    });
    assert.match(await bad.text(), /not JSON/);
    assert.equal(
      (readFileSync(join(info.dir, "env.sh"), "utf8").match(/^export AWS_ENDPOINT_URL='(.*)'$/m) ?? [])[1],
      info.awsEndpoint,
    );
    await stopSandbox(info.dir);
  });

  it("says why it could not start, and cleans up", async () => {
    const dir = join(base, "f");
    await assert.rejects(
      startSandbox(
        { dir, timeScale: 60, lbc: "stand-in", providers: {}, region: "us-east-1", untilStdinCloses: false },
        { ...tools, etcd: "/nonexistent/etcd" },
        () => undefined,
      ),
      { code: "SBX-ETCD" },
    );
    await poll("the folder to go", () => !existsSync(dir));
  });
});
