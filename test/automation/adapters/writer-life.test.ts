import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { writerLife } from "../../../automation/adapters/writer-life";

describe("whether the driver that wrote the record still runs", () => {
  const by = (pid: number, host = hostname()): string => `ann@${host} ${pid}`;

  it("is not known of another machine's", () =>
    assert.equal(writerLife(by(process.pid, "elsewhere.example")), "elsewhere"));
  it("is not known of what is no name and number", () => assert.equal(writerLife("somebody"), "elsewhere"));
  it("is no longer so once the process has ended", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    assert.equal(writerLife(by(pid)), "gone");
  });
  it("is so for a driver that runs", () => {
    // Its command line is read: a number that another program has got since is no driver.
    const script = `
      const { writerLife } = require(${JSON.stringify(require.resolve("../../../automation/adapters/writer-life"))});
      console.log(writerLife("ann@" + require("node:os").hostname() + " " + process.pid));`;
    const run = (name: string): string =>
      spawnSync(process.execPath, ["-r", "./scripts/esbuild-register.cjs", "-e", script, name], {
        encoding: "utf8",
      }).stdout.trim();
    assert.equal(run("eks-blue-green"), "runs");
  });
});
