import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ControllerHost } from "../../../../sandbox/node-agent/programs/controller";
import type { RunningProgram } from "../../../../sandbox/node-agent/programs/program";
import { until } from "../harness";

const CHILD = `
require("node:http").createServer((q, r) => { r.statusCode = q.url === "/readyz" ? 200 : 404; r.end(); }).listen(Number(process.env.HEALTH_PORT), "127.0.0.1");
process.on("disconnect", () => process.exit());
require("node:fs").appendFileSync(process.argv[2], JSON.stringify({ pod: process.env.POD_NAME, pid: process.pid, leaked: process.env.EBG_LEAK_TEST ?? null, key: process.env.AWS_ACCESS_KEY_ID ?? null, account: process.env.SERVICE_ACCOUNT ?? null }) + "\\n");
`;

describe("controller program", () => {
  let dir: string;
  let host: ControllerHost;
  const starts = (): {
    pod: string;
    pid: number;
    leaked: string | null;
    key: string | null;
    account: string | null;
  }[] =>
    fs.existsSync(path.join(dir, "starts"))
      ? fs
          .readFileSync(path.join(dir, "starts"), "utf8")
          .split("\n")
          // What follows the last line's end is nothing, or a line that is being written at this moment.
          .slice(0, -1)
          .map((line) => JSON.parse(line))
      : [];
  const replica = (pod: string): Promise<RunningProgram> =>
    host.start({
      clusterName: "blue",
      namespace: "kube-system",
      pod,
      serviceAccount: "lbc",
      container: { name: "c" },
      env: {},
      args: [path.join(dir, "starts")],
      address: "10.0.0.1",
      timeScale: 60,
      publish: () => undefined,
      withdraw: () => undefined,
    });
  const ready = async (program: RunningProgram): Promise<boolean> => (await program.probe?.("readiness")) ?? false;

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "ebg-controller-"));
    fs.writeFileSync(path.join(dir, "child.js"), CHILD);
    host = new ControllerHost({
      kubeconfigPath: "/none",
      timeScale: 60,
      logsDir: dir,
      region: "eu-central-1",
      awsEnv: { AWS_ACCESS_KEY_ID: "key" },
      script: path.join(dir, "child.js"),
    });
  });
  afterEach(() => {
    host.killAll();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it("fault no-credentials: the pods of the first template have none, those of the next one have", async () => {
    host.withoutCredentials();
    const first = await replica("lbc-5f7c-aaaaa");
    const second = await replica("lbc-5f7c-bbbbb");
    await until("start 1", () => starts().length === 1);
    first.kill();
    await until("start 2", () => starts().length === 2);
    const restarted = await replica("lbc-9d21-ccccc");
    second.kill();
    await until("start 3", () => starts().length === 3);
    assert.deepEqual(
      starts().map(({ pod, key }) => [pod, key]),
      [
        ["lbc-5f7c-aaaaa", ""],
        ["lbc-5f7c-bbbbb", ""],
        ["lbc-9d21-ccccc", "key"],
      ],
    );
    restarted.kill();
  });

  it("fault no-credentials: a pod that runs loses them, and has them again when the fault is removed", async () => {
    await replica("lbc-5f7c-aaaaa");
    await until("start 1", () => starts().length === 1);
    host.withoutCredentials();
    await replica("lbc-5f7c-aaaaa");
    await until("start 2", () => starts().length === 2);
    host.resume();
    host.crash();
    await replica("lbc-5f7c-aaaaa");
    await until("start 3", () => starts().length === 3);
    assert.deepEqual(
      starts().map(({ key }) => key),
      ["key", "", "key"],
    );
  });

  it("gives only the first replica a process, and the next one when that ends", async () => {
    process.env.EBG_LEAK_TEST = "secret";
    const [a, b] = [await replica("a"), await replica("b")];
    delete process.env.EBG_LEAK_TEST;
    await until("a to be ready", () => ready(a));
    assert.deepEqual([await ready(b), starts().length, starts()[0]?.leaked], [true, 1, null]);
    assert.equal(starts()[0]?.account, "kube-system:lbc", "it has its pod's rights, not the machine's");
    a.terminate(1_000);
    await a.ended;
    await until("b to lead", () => starts().length === 2);
    assert.equal(starts()[1]?.pod, "b");
    b.kill();
    assert.equal(await b.ended, 137);
  });

  it("stays down while it is stopped, and comes back", async () => {
    const a = await replica("a");
    await until("a to be ready", () => ready(a));
    host.stop();
    assert.equal(await a.ended, 137);
    const again = await replica("a");
    assert.deepEqual([await ready(again), starts().length], [false, 1]);
    host.resume();
    await until("it to be ready again", () => ready(again));
    again.kill();
    await again.ended;
  });
});
