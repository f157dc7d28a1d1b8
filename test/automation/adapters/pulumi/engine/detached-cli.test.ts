import assert from "node:assert/strict";
import { mkdtempSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "../../../../../automation/adapters/pulumi/engine/detached-cli";

const here = { cwd: tmpdir(), env: {} };
const source = resolve(__dirname, "../../../../../automation/adapters/pulumi/engine/detached-cli.ts");

describe("the CLI as a process that outlives the driver", () => {
  it("answers what was written to both streams", async () => {
    const run = await runCli(
      process.execPath,
      ["-e", "console.log('a'.repeat(200000)); console.error('b')", "--"],
      here,
    );
    assert.equal(run.stdout, `${"a".repeat(200_000)}\n`);
    assert.equal(run.stderr, "b\n");
  });

  it("fails with code and text of both streams", async () => {
    await assert.rejects(
      runCli(process.execPath, ["-e", "console.log('out'); console.error('err'); process.exit(3)", "--"], here),
      /code: 3\n stdout: out\n\n stderr: err/,
    );
  });

  it("keeps what was asked for with secrets in clear out of its failure", async () => {
    const script = "console.log('error: failed: hunter2'); console.error('told'); process.exit(3)";
    await assert.rejects(
      runCli(process.execPath, ["-e", script, "--", "stack", "export", "--show-secrets"], here),
      (error: Error) => !error.message.includes("hunter2") && error.message.includes("told"),
    );
  });

  it("says that the command is missing", async () => {
    await assert.rejects(runCli("no-such-program-of-ours", [], here), /ENOENT/);
  });

  it("is interrupted by its signal, also by one that was aborted before", async () => {
    const program = [
      "-e",
      "process.on('SIGINT', () => process.exit(9)); setInterval(() => {}, 1000); console.log('up')",
      "--",
    ];
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 500);
    await assert.rejects(runCli(process.execPath, program, { ...here, signal: abort.signal }), /code: (9|130)/);
    await assert.rejects(runCli(process.execPath, program, { ...here, signal: abort.signal }), /code: (9|130)/);
  });

  it("goes on when its parent is killed, however much it writes afterwards", async function () {
    const folder = mkdtempSync(join(tmpdir(), "detached-cli-test-"));
    try {
      const mark = join(folder, "mark");
      const child =
        `setTimeout(() => { for (let n = 0; n < 1000; n += 1) console.log("x".repeat(100)); ` +
        `require("fs").writeFileSync(${JSON.stringify(mark)}, ""); }, 1000); ` +
        `require("fs").writeFileSync(${JSON.stringify(`${mark}.started`)}, "");`;
      const parent = join(folder, "parent.cjs");
      writeFileSync(
        parent,
        `require(${JSON.stringify(require.resolve("ts-node/register/transpile-only"))}); ` +
          `require(${JSON.stringify(source)}).runCli(process.execPath, ["-e", ${JSON.stringify(child)}, "--"], { ` +
          `cwd: ".", env: {} });`,
      );
      const driver = spawn(process.execPath, [parent], { stdio: "ignore", cwd: resolve(__dirname, "../../../../..") });
      for (let n = 0; n < 300 && !existsSync(`${mark}.started`); n += 1) await sleep(50);
      assert.ok(existsSync(`${mark}.started`));
      driver.kill("SIGKILL");
      for (let n = 0; n < 200 && !existsSync(mark); n += 1) await sleep(50);
      assert.ok(existsSync(mark), "the child ended with its parent");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
