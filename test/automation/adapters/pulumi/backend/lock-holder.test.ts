import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { holderLives, startedAtMs, startedLater } from "../../../../../automation/adapters/pulumi/backend/lock-holder";

describe("who holds a lock", () => {
  it("a process of another machine can't be told, one that is gone or is no pulumi is gone", () => {
    const since = new Date().toISOString();
    assert.equal(holderLives({ user: "ann", host: `${hostname()}-2`, pid: process.pid, since }), "unknown");
    assert.equal(holderLives({ user: "ann", host: hostname(), pid: 2 ** 22 + 1, since }), "gone");
    assert.equal(holderLives({ user: "ann", host: hostname(), pid: process.pid, since }), "gone");
  });

  it("reads when a process began, whatever its name holds", function () {
    if (process.platform !== "linux") this.skip();
    const began = startedAtMs(readFileSync("/proc/self/stat", "utf8"), readFileSync("/proc/stat", "utf8")) ?? 0;
    assert.ok(Math.abs(began - (Date.now() - process.uptime() * 1000)) < 5000, new Date(began).toISOString());
    assert.equal(
      startedAtMs(`7 (a) b) S ${Array.from({ length: 18 }, () => "0").join(" ")} 250 0`, "cpu 1\nbtime 1000\n"),
      1_002_500,
    );
    assert.equal(startedAtMs("nonsense", ""), null);
  });

  it("one that is younger than the lock never held it", () => {
    assert.equal(startedLater(Date.parse("2026-01-01T00:02:00Z"), "2026-01-01T00:00:00Z"), true);
    assert.equal(startedLater(Date.parse("2026-01-01T00:00:30Z"), "2026-01-01T00:00:00Z"), false);
    assert.equal(startedLater(null, "2026-01-01T00:00:00Z"), false);
    assert.equal(startedLater(5, "soon"), false);
  });
});
