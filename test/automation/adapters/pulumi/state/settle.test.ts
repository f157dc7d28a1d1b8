/** With the real CLI: a plain update under way while the driver begins, and one that was killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Bench } from "../real-engine/bench";

const environment = { kind: "environment" } as const;

describe("an update that is under way when the driver begins", function () {
  this.timeout(240_000);
  let bench: Bench;
  const go = (): string => join(bench.folder, "go");
  /** Waits beside an update that must not end before: its error would else be a time-out. The test has a time-out. */
  const until = async (update: Promise<unknown>, holds: () => boolean | Promise<boolean>): Promise<void> => {
    let ended = false;
    const over = (): boolean => (ended = true);
    update.then(over, over);
    while (!(await holds())) {
      if (ended) assert.fail(`the update ended before: ${JSON.stringify(await update)}`);
      await sleep(100);
    }
  };
  const creating = (): boolean => bench.providerLog.some((line) => line.startsWith("create ") && line.endsWith("slow"));
  const names = async (): Promise<string[]> =>
    ((await bench.export("dev")).deployment.resources ?? [])
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ urn }) => urn.split("::").at(-1) ?? "")
      .sort();

  before(async function () {
    // No variable names the backend: Pulumi.yaml does.
    const opened = await Bench.open(
      `
      const first = new Resource("kubernetes:fake:Cluster", "first", { size: 1 });
      const slow = new Resource("kubernetes:fake:Cluster", "slow", { until: process.env.BENCH_GO }, { dependsOn: first });
      new Resource("kubernetes:fake:Cluster", "last", { size: 1 }, { dependsOn: slow });
      return { done: true };`,
      "project",
    );
    if (opened === null) this.skip();
    bench = opened;
    process.env["BENCH_GO"] = go();
    await bench.adapter.ensureEnvironmentStack();
  });
  after(() => {
    delete process.env["BENCH_GO"];
    bench?.close();
  });

  it("is waited for, and what it made stays in the state", async () => {
    const update = bench.adapter.update(environment);
    await until(update, creating);
    await until(update, async () => ((await bench.export("dev")).deployment.pending_operations ?? []).length > 0);
    const driver = bench.another();
    const settled = driver.settle(environment);
    await until(update, () => bench.notes.some((note) => note.includes("is locked by")));
    assert.equal(
      bench.notes.some((note) => note.includes("a killed update")),
      false,
      bench.notes.join("\n"),
    );
    writeFileSync(go(), "");
    await update;
    assert.deepEqual(await settled, { adopted: 0, cleared: 0, refreshed: 0 });
    assert.deepEqual(await names(), ["first", "last", "slow"]);
    driver.dispose();
  });

  it("has left its mark only while it ran, and its lock is gone", () => {
    const engines = join(bench.project, ".eks-blue-green", "engines");
    assert.deepEqual(existsSync(engines) ? readdirSync(engines) : [], []);
    const locks = join(bench.folder, "backend", ".pulumi", "locks", "organization", "bench", "dev");
    assert.deepEqual(existsSync(locks) ? readdirSync(locks).filter((name) => name.endsWith(".json")) : [], []);
  });

  it("is not taken for dead because its lock names a process that is none of ours", async () => {
    const locks = join(bench.folder, "backend", ".pulumi", "locks", "organization", "bench", "dev");
    const ended = spawn(process.execPath, ["-e", ""]);
    await once(ended, "exit");
    const lock = { pid: ended.pid, username: userInfo().username, hostname: hostname(), timestamp: new Date() };
    const file = join(locks, "00000000-0000-4000-8000-000000000000.json");
    writeFileSync(file, JSON.stringify(lock));
    const settled = bench.another().settle(environment);
    const early = await Promise.race([settled, sleep(3000).then(() => "waiting")]);
    assert.equal(early, "waiting");
    assert.ok(existsSync(file), "another container may have that host's name and that number");
    rmSync(file);
    assert.deepEqual(await settled, { adopted: 0, cleared: 0, refreshed: 0 });
  });
});
