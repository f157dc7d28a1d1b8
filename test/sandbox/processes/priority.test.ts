import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../../..");
const group = "/proc/self/autogroup";

describe("processes that clients' requests pass through", () => {
  /** Priorities of a process, and of its session's group, after it came first. */
  function after(detached: boolean): { readonly own: number; readonly group: string } {
    const code = `
      require(${JSON.stringify(join(root, "scripts/esbuild-register.cjs"))});
      require(${JSON.stringify(join(root, "sandbox/processes/priority.ts"))}).comeFirst();
      const { readFileSync, existsSync } = require("node:fs");
      const group = existsSync("${group}") ? readFileSync("${group}", "utf8") : "";
      process.stdout.write(JSON.stringify({ own: require("node:os").getPriority(), group }));`;
    const run = spawnSync(process.execPath, ["-e", code], {
      cwd: root,
      encoding: "utf8",
      detached,
    } as SpawnSyncOptions & { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return JSON.parse(run.stdout) as { own: number; group: string };
  }

  it("come first where that is permitted, and else run as everything does", () => {
    const leader = after(true);
    assert.equal(leader.own, process.getuid?.() === 0 ? -10 : 0);
    if (leader.own === -10 && existsSync(group)) assert.match(leader.group, /nice -10$/m);
  });

  it("leave a session that others are in as it is", () => {
    const before = existsSync(group) ? readFileSync(group, "utf8") : "";
    assert.equal(after(false).group, before);
  });
});
