/** With the real CLI and a bucket, whose locks nobody can list: a plain update under way while the driver begins. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { resolveTools } from "../../../../../sandbox/tools/index";
import { Bench } from "../real-engine/bench";

const environment = { kind: "environment" } as const;
const keys = { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench", AWS_REGION: "us-east-1" };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("an update on a bucket that is under way when the driver begins", function () {
  this.timeout(45 * 60_000);
  const surroundings = Object.fromEntries([...Object.keys(keys), "BENCH_GO"].map((key) => [key, process.env[key]]));
  let moto: ChildProcess | undefined;
  let bench: Bench;

  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    for (let left = 600; !(await isSo()); left -= 1) {
      assert.ok(left > 0, `${what} does not come`);
      await sleep(100);
    }
  };

  before(async function () {
    const tools = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    const port = await freePort();
    moto = spawn(tools.motoServer, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    const put = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/state`, { method: "PUT" }).then(
        ({ ok }) => ok,
        () => false,
      );
    await until("the bucket", put);
    const opened = await Bench.open(
      `
      const first = new Resource("kubernetes:fake:Cluster", "first", { size: 1 });
      const slow = new Resource("kubernetes:fake:Cluster", "slow", { until: process.env.BENCH_GO }, { dependsOn: first });
      new Resource("kubernetes:fake:Cluster", "last", { size: 1 }, { dependsOn: slow });
      return { done: true };`,
      `s3://state?region=us-east-1&endpoint=127.0.0.1:${port}&disableSSL=true&s3ForcePathStyle=true`,
    );
    if (opened === null) this.skip();
    bench = opened;
    Object.assign(process.env, keys, { BENCH_GO: join(bench.folder, "go") });
    await bench.adapter.ensureEnvironmentStack();
  });
  after(() => {
    for (const [key, value] of Object.entries(surroundings)) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
    bench?.close();
    moto?.kill();
  });

  it("is waited for, and what it made stays in the state", async () => {
    const update = bench.adapter.update(environment);
    const isCreating = (line: string): boolean => line.startsWith("create ") && line.endsWith("slow");
    await until("the creation", () => bench.providerLog.some(isCreating));
    const pending = async (): Promise<number> =>
      ((await bench.export("dev")).deployment.pending_operations ?? []).length;
    await until("the pending operation", async () => (await pending()) > 0);
    const driver = bench.another();
    const settled = driver.settle(environment);
    await until("the driver to wait", () => bench.notes.some((note) => /is locked by .*waiting/.test(note)));
    writeFileSync(join(bench.folder, "go"), "");
    await update;
    assert.deepEqual(await settled, { adopted: 0, cleared: 0, refreshed: 0 });
    assert.equal(bench.notes.filter((note) => note.includes("a killed update")).length, 0, bench.notes.join("\n"));
    const { resources = [], pending_operations: left = [] } = (await bench.export("dev")).deployment;
    const made = resources.filter(({ type }) => type === "kubernetes:fake:Cluster");
    assert.deepEqual(made.map(({ urn }) => urn.split("::").at(-1)).sort(), ["first", "last", "slow"]);
    assert.deepEqual(left, []);
    driver.dispose();
  });

  it("is proved to have ended without changing the stack or its settings", async () => {
    const settings = (): string => readFileSync(join(bench.project, "Pulumi.dev.yaml"), "utf8");
    const { engine } = bench.another() as unknown as { engine: { untilProvenFree(stack: string): Promise<boolean> } };
    const [stateBefore, settingsBefore] = [await bench.export("dev"), settings()];
    assert.equal(await engine.untilProvenFree("dev"), false, "nobody had to be waited for");
    assert.deepEqual([await bench.export("dev"), settings()], [stateBefore, settingsBefore]);
  });
});
