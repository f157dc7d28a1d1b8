import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { markOf } from "../../../../../automation/adapters/process-mark";
import {
  EngineMarks,
  takesLock,
  type EngineMark,
} from "../../../../../automation/adapters/pulumi/backend/engine-marks";
import { holderLives } from "../../../../../automation/adapters/pulumi/backend/lock-holder";

const now = Date.now();
const since = new Date(now).toISOString();
const at = (ms: number): string => new Date(now + ms).toISOString();

describe("who holds a lock", function () {
  let dead = 0;
  let holder = { user: "", host: hostname(), pid: 0, since };
  let mark: EngineMark;
  before(function () {
    if (process.platform !== "linux") this.skip();
    dead = spawnSync(process.execPath, ["-e", ""]).pid;
    holder = { user: userInfo().username, host: hostname(), pid: dead, since };
    mark = { process: { ...markOf(process.pid)!, pid: dead, startedTicks: "1" }, startedAt: at(-3000) };
  });

  it("is gone when an engine of ours took it, here, and has ended", () => {
    assert.equal(holderLives(holder, [mark], "file"), "gone");
  });

  it("is unknown as soon as one part of the proof is missing", () => {
    const other = (change: Partial<EngineMark["process"]>): EngineMark[] => [
      { ...mark, process: { ...mark.process, ...change } },
    ];
    assert.equal(holderLives(holder, [], "file"), "unknown", "another container may have this name and number");
    assert.equal(holderLives({ ...holder, host: "elsewhere" }, [mark], "file"), "unknown");
    assert.equal(holderLives({ ...holder, user: "ann" }, [mark], "file"), "unknown");
    assert.equal(holderLives(holder, other({ pidNamespace: "pid:[1]" }), "file"), "unknown");
    assert.equal(holderLives(holder, other({ bootId: "another" }), "file"), "unknown");
    assert.equal(holderLives(holder, other({ pid: dead + 1 }), "file"), "unknown");
    for (const startedAt of [at(-3_600_000), at(60_000)])
      assert.equal(holderLives(holder, [{ ...mark, startedAt }], "file"), "unknown", "it took another lock");
    for (const backend of ["bucket", "service"] as const)
      assert.equal(holderLives(holder, [mark], backend), "unknown", "the names may be another machine's");
  });

  it("is told from the user's variable where the system has no name for the user, as in many containers", () => {
    const holderFile = join(__dirname, "../../../../../dist/automation/adapters/pulumi/backend/lock-holder.js");
    const script = `
      require("node:os").userInfo = () => { throw new Error("uv_os_get_passwd returned ENOENT"); };
      const { holderLives } = require(${JSON.stringify(holderFile)});
      console.log(holderLives(${JSON.stringify({ ...holder, user: "ci" })}, ${JSON.stringify([mark])}, "file"))`;
    const child = spawnSync(process.execPath, ["-e", script], { env: { USER: "ci" }, encoding: "utf8" });
    assert.equal(child.stdout.trim(), "gone", child.stderr);
  });

  it("lives while the engine does, and may live where a pulumi has its number", () => {
    const folder = mkdtempSync(join(tmpdir(), "ebg-holder-"));
    symlinkSync(process.execPath, join(folder, "pulumi"));
    const child = spawn(join(folder, "pulumi"), ["-e", "setInterval(() => {}, 1000)"]);
    try {
      const pid = child.pid ?? 0;
      assert.equal(holderLives({ ...holder, pid }, [], "file"), "lives");
      assert.equal(holderLives({ ...holder, pid }, [{ process: markOf(pid)!, startedAt: at(0) }], "bucket"), "lives");
      assert.equal(holderLives({ ...holder, pid: process.pid }, [], "file"), "unknown", "this is no pulumi");
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the marks of engines", function () {
  let folder = "";
  before(function () {
    if (process.platform !== "linux") this.skip();
    folder = mkdtempSync(join(tmpdir(), "ebg-marks-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("are there while an engine runs, and for a driver that comes after a killed one", () => {
    const marks = new EngineMarks(folder);
    assert.deepEqual(marks.read(), []);
    const end = marks.begin(process.pid);
    assert.deepEqual(
      new EngineMarks(folder).read().map((one) => one.process),
      [markOf(process.pid)],
    );
    end();
    assert.deepEqual(marks.read(), []);
  });

  it("that can't be written stop nothing", () => {
    const noFolder = join(folder, "a-file");
    writeFileSync(noFolder, "");
    new EngineMarks(noFolder).begin(process.pid)();
    assert.deepEqual(new EngineMarks(noFolder).read(), []);
  });

  it("are kept for commands that take a lock alone", () => {
    for (const args of [["up"], ["destroy"], ["refresh"], ["state", "unprotect"], ["stack", "import"]])
      assert.equal(takesLock(args), true, args.join(" "));
    for (const args of [["preview"], ["stack", "export"], ["config"], ["whoami"], ["cancel"]])
      assert.equal(takesLock(args), false, args.join(" "));
  });
});
