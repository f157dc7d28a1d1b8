import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { lifeOf, markOf, parseMark } from "../../../automation/adapters/process-mark";

const mine = markOf(process.pid);

describe("the mark of a process", function () {
  before(function () {
    // Other systems tell none of it, and then nothing is ever taken for gone.
    if (process.platform !== "linux") this.skip();
  });

  it("lives as long as its process, and is gone afterwards", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const mark = markOf(child.pid ?? 0);
    assert.ok(mark !== null);
    assert.equal(lifeOf(mark), "lives");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(lifeOf(mark), "gone");
  });

  it("is gone when another process has its number", () => {
    assert.equal(lifeOf({ ...mine!, startedTicks: "1" }), "gone");
  });

  it("is unknown in another pid namespace and after another boot, whether or not the number is in use", () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    for (const pid of [process.pid, dead]) {
      assert.equal(lifeOf({ ...mine!, pid, pidNamespace: "pid:[1]" }), "unknown");
      assert.equal(lifeOf({ ...mine!, pid, bootId: "another" }), "unknown");
    }
    assert.equal(lifeOf({ ...mine!, pid: dead }), "gone");
  });

  it("survives being written, and nothing else is taken for one", () => {
    assert.deepEqual(parseMark(JSON.stringify(mine)), mine);
    for (const text of ["", "{}", "null", '{"pid":"1"}', JSON.stringify({ ...mine, bootId: 1 })])
      assert.equal(parseMark(text), null, text);
  });
});
