/** With the real engine: a plain update that Helm refuses, because somebody's Helm has left its record open. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "./real-engine/bench";

const environment = { kind: "environment" } as const;

describe("a plain update that Helm refuses", function () {
  this.timeout(120_000);
  let bench: Bench;
  before(async function () {
    // As often as the file says: what the provider reports of a release.
    const opened = await Bench.open(`
      const { existsSync, readFileSync, writeFileSync } = require("node:fs");
      const file = process.env.BENCH_REFUSALS ?? "/none";
      const left = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
      if (left > 0) {
        writeFileSync(file, String(left - 1));
        throw new Error("another operation (install/upgrade/rollback) is in progress");
      }
      return { environment: "dev" };`);
    if (opened === null) return this.skip();
    bench = opened;
    process.env["BENCH_REFUSALS"] = join(bench.folder, "refusals");
    await bench.adapter.ensureEnvironmentStack();
  });
  after(() => {
    delete process.env["BENCH_REFUSALS"];
    bench?.close();
  });
  const file = (): string => join(bench.folder, "refusals");
  const refuse = (times: number): void => writeFileSync(file(), String(times));
  const left = (): string => readFileSync(file(), "utf8");

  it("is made once more by the same process, after the records were looked at: no later one knows of the refusal", async () => {
    refuse(1);
    await bench.adapter.update(environment);
    assert.equal(left(), "0");
  });

  it("ends with Helm's words where it is refused again, and is not tried for ever", async () => {
    refuse(5);
    await assert.rejects(bench.adapter.update(environment), /another operation \(install\/upgrade\/rollback\)/);
    assert.equal(left(), "3");
  });
});
