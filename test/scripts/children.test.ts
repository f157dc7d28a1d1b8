/** A test run that is ended ends what it has started, also what that has started. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const module = pathToFileURL(resolve(__dirname, "../../scripts/testing/children.mjs")).href;

describe("commands of a test run", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ebg-children-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A run whose command starts another one in the background, and says its pid; it is told when that runs. */
  async function started(): Promise<{ readonly run: ChildProcess; readonly grandchild: number }> {
    const file = join(folder, "pid");
    const script = `sleep 300 & echo $! > ${file}.new && mv ${file}.new ${file}; wait`;
    const program = `import { start } from "${module}";
      start("sh", ["-c", ${JSON.stringify(script)}], { stdio: "ignore" });`;
    const run = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    for (;;) {
      try {
        return { run, grandchild: Number(readFileSync(file, "utf8")) };
      } catch {
        await sleep(20);
      }
    }
  }
  const runs = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  async function isGone(pid: number): Promise<void> {
    while (runs(pid)) await sleep(20);
  }

  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)
    it(`end with it on ${signal}`, async () => {
      const { run, grandchild } = await started();
      assert.ok(runs(grandchild));
      const ended = new Promise((told) => run.once("exit", (status) => told(status)));
      run.kill(signal);
      assert.equal(await ended, code);
      await isGone(grandchild);
    });
});
