import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installArguments } from "../../../sandbox/tools/python";
import { packageRoot } from "../../../sandbox/processes/scripts";

describe("the Python packages of the sandbox", () => {
  const entries = readFileSync(join(packageRoot(), "sandbox/tools/python/requirements.txt"), "utf8")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll("\\\n", " ")
    .trim()
    .split("\n");

  it("are one version each, with the hash of every file that may be it (scripts/python-hashes.mjs)", () => {
    assert.ok(entries.length > 20);
    for (const entry of entries)
      assert.match(entry, /^[A-Za-z0-9._-]+==[0-9][^\s]*(\s+--hash=sha256:[0-9a-f]{64})+\s*$/, entry.slice(0, 60));
  });
  it("are installed by these hashes, as wheels, without what they depend on", () => {
    for (const flag of ["--require-hashes", "--no-deps", "--only-binary=:all:"])
      assert.ok(installArguments().includes(flag), flag);
  });
});
