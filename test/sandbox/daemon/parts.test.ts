import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { FabricMessage, SandboxOptions } from "../../../sandbox/contract";
import {
  childEnvironment,
  environmentScript,
  sandboxEnvironment,
  variablesToUnset,
} from "../../../sandbox/daemon/environment";
import { FabricTable } from "../../../sandbox/daemon/fabric-table";
import { isAlive, killGroup, processMemory, processStartTime } from "../../../sandbox/processes/processes";
import { createSandboxDir, readSandboxInfo, removeSandboxDir } from "../../../sandbox/processes/sandbox-dir";
import { script } from "../../../sandbox/processes/scripts";
import { Supervisor } from "../../../sandbox/processes/supervisor";

async function poll(what: string, check: () => boolean, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!check()) {
    if (Date.now() > deadline) assert.fail(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "ebg-d-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("the sandbox's environment", () => {
  const options: SandboxOptions = {
    dir: "/s",
    timeScale: 60,
    lbc: "stand-in",
    providers: {},
    region: "eu-west-1",
    untilStdinCloses: false,
  };
  const env = sandboxEnvironment(
    options,
    { aws: "http://127.0.0.1:1", control: "http://127.0.0.1:2", controlSecret: "s" },
    { id: "AKIA", secret: "s" },
    "/usr/bin:/s/bin",
  );

  it("puts the sandbox's tools first, once", () => assert.equal(env["PATH"], "/s/bin:/usr/bin"));
  it("lets nothing of AWS, Pulumi, Kubernetes or a proxy through, whatever the caller has", () => {
    const name = fc.oneof(
      fc.stringMatching(/^(AWS|PULUMI|KUBE|KUBERNETES)_[A-Z_]{1,30}$/),
      fc.constantFrom(
        "HTTPS_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "KUBECONFIG",
        "AWS_ENDPOINT_URL_EKS",
        "PULUMI_ACCESS_TOKEN",
      ),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant("theirs")), (base) => {
        const child = childEnvironment(env, { ...base, HOME: "/h" });
        assert.ok(!Object.values(child).includes("theirs"));
        assert.equal(child["HOME"], "/h");
        assert.deepEqual(Object.fromEntries(Object.entries(child).filter(([key]) => key in env)), env);
        for (const unset of variablesToUnset(env, base)) assert.ok(!(unset in env));
      }),
    );
  });
  it("is the same after sourcing env.sh in a shell that had others", () => {
    const tricky = { ...env, AWS_SECRET_ACCESS_KEY: 'it\'s $HOME \\ "x"' };
    const file = join(dir, "env.sh");
    writeFileSync(file, environmentScript(tricky, variablesToUnset(tricky, {})));
    const shell = spawnSync("/bin/sh", ["-c", `PATH=/usr/bin:/bin; . ${file}; PATH=/usr/bin:/bin; env -0`], {
      env: {
        PATH: "/usr/bin:/bin",
        AWS_PROFILE: "prod",
        AWS_ENDPOINT_URL_RDS: "https://x",
        PULUMI_OPTION_COLOR: "never",
      },
      encoding: "utf8",
    });
    const got = Object.fromEntries(
      shell.stdout
        .split("\0")
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    assert.equal(got["AWS_SECRET_ACCESS_KEY"], tricky.AWS_SECRET_ACCESS_KEY);
    for (const name of ["AWS_PROFILE", "AWS_ENDPOINT_URL_RDS", "PULUMI_OPTION_COLOR"])
      assert.equal(got[name], undefined, name);
  });
});

describe("the fabric's table", () => {
  const table = (): { all: FabricTable; told: FabricMessage[]; file: string } => {
    const told: FabricMessage[] = [];
    const file = join(dir, "connect-to");
    return { all: new FabricTable(file, (message) => told.push(message)), told, file };
  };
  const set = (address: string, host = "127.0.0.1"): FabricMessage => ({
    type: "fabric-set",
    entry: { address, port: 80, host, hostPort: 5 },
  });

  it("refuses whatever is not on loopback", () => {
    const { all, told } = table();
    for (const host of ["10.0.0.1", "localhost", "128.0.0.1", "127.0.0.1.example.com", "::1"])
      assert.throws(() => all.apply(set("10.1.1.1", host), "blue"), /127\.0\.0\.0\/8/);
    assert.equal(told.length, 0);
  });
  it("writes load balancers, and only these, for clients", () => {
    const { all, file } = table();
    assert.equal(readFileSync(file, "utf8"), "");
    all.apply(set("10.1.1.1"), "blue");
    all.apply(set("lb.localhost"), "data-plane");
    assert.equal(readFileSync(file, "utf8"), "lb.localhost:80:127.0.0.1:5\n");
    all.apply({ type: "fabric-delete", address: "lb.localhost", port: 80 }, "data-plane");
    assert.equal(readFileSync(file, "utf8"), "");
  });
  it("keeps an address that has moved on when its first owner says farewell", () => {
    const { all, told } = table();
    all.apply(set("10.1.1.1"), "blue");
    all.apply(set("10.1.1.1"), "green");
    all.apply({ type: "fabric-delete", address: "10.1.1.1", port: 80 }, "blue");
    all.dropOwner("blue");
    assert.equal(all.list().length, 1);
    all.dropOwner("green");
    assert.equal(all.list().length, 0);
    assert.deepEqual(
      told.map((one) => one.type),
      ["fabric-set", "fabric-set", "fabric-delete"],
    );
  });
});

describe("the sandbox's folder", () => {
  it("is never someone's own", () => {
    writeFileSync(join(dir, "thesis.txt"), "x");
    assert.throws(() => createSandboxDir(dir), { code: "SBX-DIR" });
    assert.equal(removeSandboxDir(dir), true);
    assert.ok(existsSync(join(dir, "thesis.txt")));
  });
  it("is made anew over a dead sandbox's, and goes whole", () => {
    const own = join(dir, "s");
    createSandboxDir(own);
    writeFileSync(join(own, "sandbox.json"), JSON.stringify({ schemaVersion: 1, pid: 999_999_999 }));
    assert.equal(readSandboxInfo(own), null);
    createSandboxDir(own);
    assert.equal(existsSync(join(own, "sandbox.json")), false);
    assert.equal(removeSandboxDir(own), true);
    assert.equal(existsSync(own), false);
  });
  it("is refused while a sandbox runs in it, or when sockets in it would have too long a name", () => {
    const own = join(dir, "s");
    createSandboxDir(own);
    writeFileSync(
      join(own, "sandbox.json"),
      JSON.stringify({ schemaVersion: 1, pid: process.pid, startTime: processStartTime(process.pid) }),
    );
    assert.throws(() => createSandboxDir(own), { code: "SBX-ALREADY-RUNNING" });
    assert.throws(() => createSandboxDir(join(dir, "x".repeat(120))), { code: "SBX-DIR" });
  });
});

describe("processes", () => {
  it("are told apart from others with the same pid", () => {
    const start = processStartTime(process.pid);
    assert.ok(start !== null && isAlive(process.pid, start));
    assert.equal(isAlive(process.pid, `${start}1`), false);
    assert.ok((processMemory(process.pid) ?? 0) > 1_000_000);
  });
  it("that never were are not signalled", () => {
    for (const pid of [-1, 0, 1, Number.NaN]) killGroup(pid);
  });
  it("end with their groups when the pipe to the reaper ends; strangers stay; the folder goes", async () => {
    const own = join(dir, "s");
    createSandboxDir(own);
    // The first ignores SIGTERM and has a child of its own; the second is registered with another's start time.
    const family = spawn("/bin/sh", ["-c", `trap '' TERM; sleep 300 & echo $! > ${dir}/grandchild; wait`], {
      detached: true,
      stdio: "ignore",
    });
    const stranger = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
    const reaper = spawn(process.execPath, [script("processes/reaper"), own], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    await poll(
      "the grandchild",
      () => existsSync(join(dir, "grandchild")) && readFileSync(join(dir, "grandchild"), "utf8").endsWith("\n"),
    );
    const grandchild = Number(readFileSync(join(dir, "grandchild"), "utf8"));
    reaper.stdin.write(`+${family.pid} ${processStartTime(family.pid as number)}\n+${stranger.pid} 1\n`);
    reaper.stdin.end();
    await poll("the family's end", () => !isAlive(family.pid as number) && !isAlive(grandchild));
    await poll("the folder's end", () => !existsSync(own));
    assert.ok(isAlive(stranger.pid as number));
    killGroup(stranger.pid as number);
    await poll("the reaper's end", () => !isAlive(reaper.pid as number));
  });
  it("of a supervisor end with what they started, and it says which ended by themselves", async () => {
    const own = join(dir, "s");
    mkdirSync(join(own, "logs"), { recursive: true });
    const supervisor = new Supervisor(own, script("processes/reaper"), () => undefined);
    supervisor.startReaper();
    let unexpected = "";
    const env = { PATH: "/usr/bin:/bin" };
    const short = supervisor.start({
      name: "short",
      command: "/bin/sh",
      args: ["-c", "exit 3"],
      env,
      onUnexpectedExit: (how) => (unexpected = how),
    });
    assert.equal(await short.exit, "exit code 3");
    await poll("the notice", () => unexpected === "exit code 3");
    const missing = supervisor.start({ name: "missing", command: join(own, "nothing-here"), args: [], env });
    assert.match(await missing.exit, /ENOENT/);
    const stubborn = supervisor.start({
      name: "stubborn",
      command: "/bin/sh",
      args: ["-c", "trap '' TERM; sleep 300 & echo $!; wait; sleep 300"],
      env,
    });
    await poll("the grandchild", () => /\d+\n/.test(readFileSync(stubborn.logFile, "utf8")));
    const grandchild = Number(readFileSync(stubborn.logFile, "utf8"));
    await stubborn.stop(100);
    await poll("the grandchild's end", () => !isAlive(grandchild));
    const reaper = supervisor.status().find((one) => one.name === "reaper");
    await supervisor.stopAll(0);
    supervisor.endReaper();
    await poll("the reaper's end", () => !isAlive(reaper?.pid as number));
  });
});
