/** With the real CLI: driver and engine are killed in the middle of an update, and the same machine goes on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../../../automation/adapters/clock";
import { PulumiAdapter } from "../../../../../automation/adapters/pulumi/pulumi-adapter";
import { Bench } from "../real-engine/bench";

const root = resolve(__dirname, "../../../../..");
const environment = { kind: "environment" } as const;

const until = async (what: string, isSo: () => boolean): Promise<void> => {
  for (let left = 600; !isSo(); left -= 1) {
    assert.ok(left > 0, `${what} does not come`);
    await sleep(100);
  }
};

describe("a driver and its engine that are killed in the middle of an update", function () {
  this.timeout(120_000);
  let bench: Bench;
  before(async function () {
    const opened = await Bench.open(`
      const slow = new Resource("kubernetes:fake:Cluster", "slow", { until: __dirname + "/go" });
      new Resource("kubernetes:fake:Cluster", "last", { size: 1 }, { dependsOn: slow });`);
    if (opened === null || process.platform !== "linux") return this.skip();
    bench = opened;
    await bench.adapter.ensureEnvironmentStack();
  });
  after(() => bench?.close());

  const locks = (): string[] => {
    const folder = join(bench.folder, "backend", ".pulumi", "locks", "organization", "bench", "dev");
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  };

  /** Answers when the lock is nobody's any more. */
  async function killInTheMiddle(): Promise<void> {
    const adapters = join(root, "automation/adapters");
    const script = `
      const { PulumiAdapter } = require(${JSON.stringify(join(adapters, "pulumi/pulumi-adapter.ts"))});
      const { systemClock } = require(${JSON.stringify(join(adapters, "clock.ts"))});
      new PulumiAdapter({ projectDirectory: ${JSON.stringify(bench.project)}, environment: "dev",
        clock: systemClock(1) }).update({ kind: "environment" });`;
    const driver = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", "-e", script], {
      cwd: root,
      env: { ...process.env, ...bench.env },
      stdio: "ignore",
    });
    await until("the creation", () => bench.providerLog.some((line) => /^create .*slow$/.test(line)));
    const [lock] = locks();
    const { pid } = JSON.parse(readFileSync(lock ?? "", "utf8")) as { readonly pid: number };
    driver.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    writeFileSync(join(bench.project, "go"), "");
  }

  it("leave a lock that the next driver on this machine takes away, and no other lock", async () => {
    await killInTheMiddle();
    const [dead = ""] = locks();
    const faster = join(dirname(dead), "faster.json");
    const others = { pid: 1, username: "ann", hostname: "elsewhere", timestamp: new Date().toISOString() };
    const notes: string[] = [];
    const next = new PulumiAdapter({
      projectDirectory: bench.project,
      environment: "dev",
      env: bench.env,
      clock: systemClock(1),
      note: (message) => {
        notes.push(message);
        if (/that process is gone/.test(message)) {
          // Another driver has seen the same, and its update has begun already.
          rmSync(dead);
          writeFileSync(faster, JSON.stringify(others));
        } else if (/ann@elsewhere.*waiting for it to end/.test(message)) rmSync(faster);
      },
    });
    await next.settle(environment);
    assert.equal(notes.filter((note) => /that process is gone/.test(note)).length, 1, notes.join("\n"));
    assert.equal(notes.filter((note) => /ann@elsewhere/.test(note)).length, 1, notes.join("\n"));
    assert.deepEqual(locks(), []);
    await next.update(environment);
    const made = ((await bench.export("dev")).deployment.resources ?? []).map(({ urn }) => urn.split("::").at(-1));
    assert.deepEqual(made.filter((name) => name === "slow" || name === "last").sort(), ["last", "slow"]);
    next.dispose();
  });
});
