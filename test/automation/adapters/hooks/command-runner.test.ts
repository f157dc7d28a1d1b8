import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandRunner } from "../../../../automation/adapters/hooks/command-runner";
import type { HookEnd } from "../../../../automation/ports/hooks";

const aMinute = 60_000;

describe("a hook's command", () => {
  let folder: string;
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "ebg-hook-")));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const never = new AbortController().signal;
  const run = (script: string, timeoutMs = aMinute, cancel = never, ...args: string[]): Promise<HookEnd> =>
    new CommandRunner(folder, { PATH: process.env["PATH"], OWN: "env" }).run(
      { command: ["sh", "-c", script, "sh", ...args], variables: { MEMBER: "green" }, timeoutMs },
      cancel,
    );
  const whyOf = (end: HookEnd): string => (end.kind === "failed" ? end.why : "it is done");
  /** @throws when it is not there in time */
  async function until(path: string): Promise<string> {
    for (const end = Date.now() + aMinute; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (existsSync(path) && readFileSync(path, "utf8").endsWith("\n")) return readFileSync(path, "utf8").trim();
      assert.ok(Date.now() < end, `${path} is not there`);
    }
  }
  /** What has ended, and was not collected yet, does not run. */
  function runs(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return process.platform !== "linux" || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  }
  /** @throws when it still runs after a while */
  async function gone(pid: number): Promise<void> {
    for (const end = Date.now() + aMinute; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (!runs(pid)) return;
      assert.ok(Date.now() < end, `process ${pid} still runs`);
    }
  }

  it("is run in the project's folder, with the driver's environment and its own variables, and no shell of ours", async () => {
    const end = await run('echo "$PWD $OWN $MEMBER $1" > seen', aMinute, never, "$HOME; exit 1");
    assert.deepEqual(end, { kind: "done" });
    assert.equal(readFileSync(join(folder, "seen"), "utf8"), `${folder} env green $HOME; exit 1\n`);
  });
  it("fails with its exit code and the last line that it said, on one line and harmless", async () => {
    assert.equal(
      whyOf(await run("echo first; echo 'no such cluster' >&2; exit 3")),
      "it ended with 3: no such cluster",
    );
    assert.equal(whyOf(await run("exit 3")), "it ended with 3");
    assert.doesNotMatch(whyOf(await run("printf 'a\\033[2Jb' >&2; exit 1")), /\u001b/);
  });
  it("fails when there is no such program", async () => {
    const runner = new CommandRunner(folder, {});
    const end = await runner.run({ command: ["./none.sh"], variables: {}, timeoutMs: aMinute }, never);
    assert.match(whyOf(end), /^it could not be started: .*none\.sh/);
  });
  it("is looked for before anything begins: in the project's folder, or on PATH", async () => {
    const runner = new CommandRunner(folder, { PATH: process.env["PATH"] });
    writeFileSync(join(folder, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    writeFileSync(join(folder, "plain.txt"), "", { mode: 0o644 });
    assert.equal(await runner.lacks(["./run.sh", "-v"]), null);
    assert.equal(await runner.lacks(["sh"]), null);
    assert.match((await runner.lacks(["./none.sh"])) ?? "", /none\.sh is not an executable file$/);
    // Root may read anything, but runs only what is executable for somebody.
    assert.match((await runner.lacks(["./plain.txt"])) ?? "", /is not an executable file$/);
    assert.match((await runner.lacks([folder])) ?? "", /is not an executable file$/);
    assert.equal(await runner.lacks(["ebg-no-such-program"]), "there is no program ebg-no-such-program on PATH");
  });
  it("is ended when its time is over, with all that it has started", async () => {
    const end = await run("sleep 600 & echo $! > child; wait", 5_000);
    assert.match(whyOf(end), /^it did not end within 5 s/);
    await gone(Number(await until(join(folder, "child"))));
  });
  it("is ended when the driver is told to end at once, and counts as failed even if it ends well then", async () => {
    const cancel = new AbortController();
    const running = run("trap 'exit 0' TERM; echo $$ > ready; while :; do sleep 0.05; done", aMinute, cancel.signal);
    await until(join(folder, "ready"));
    cancel.abort();
    assert.match(whyOf(await running), /^it was ended, as asked/);
  });
  it("does not wait for what it leaves running in the background", async () => {
    const end = await run("sleep 600 & echo $! > left");
    assert.deepEqual(end, { kind: "done" });
    process.kill(Number(await until(join(folder, "left"))));
  });
  it("is ended before it is said to have failed: also what it has started, and does not listen to SIGTERM", async () => {
    const cancel = new AbortController();
    const stubborn = "trap '' TERM; echo $$ > stubborn; while :; do sleep 0.05; done";
    const running = new CommandRunner(folder, { PATH: process.env["PATH"] }, 300).run(
      { command: ["sh", "-c", 'sh -c "$1" & wait', "sh", stubborn], variables: {}, timeoutMs: aMinute },
      cancel.signal,
    );
    const pid = Number(await until(join(folder, "stubborn")));
    cancel.abort();
    assert.equal(whyOf(await running), "it was ended, as asked");
    assert.equal(runs(pid), false);
  });
  it("fails, and does not throw, when the system refuses it at once", async () => {
    writeFileSync(join(folder, "file"), "");
    const runner = new CommandRunner(folder, { PATH: process.env["PATH"] });
    for (const [command, reason] of [
      [["./file/run.sh"], "ENOTDIR"],
      [["sh", "-c", "true", "x".repeat(8_000_000)], "E2BIG"],
      [["sh\0"], "null bytes"],
    ] as const) {
      const end = await runner.run({ command, variables: {}, timeoutMs: aMinute }, never);
      assert.match(whyOf(end), new RegExp(`^it could not be started: .*${reason}`));
    }
  });
  it("is heard to its last word, however much it says before it ends", async () => {
    const much = "head -c 60000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'no such cluster' >&2; exit 3";
    const ends = await Promise.all(Array.from({ length: 20 }, () => run(much, aMinute, new AbortController().signal)));
    assert.deepEqual(new Set(ends.map(whyOf)), new Set(["it ended with 3: no such cluster"]));
  });
});
