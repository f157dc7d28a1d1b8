import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

describe("make sandbox on a fresh clone", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebg-make-"));
    for (const file of ["Makefile", "package-lock.json"]) copyFileSync(join(root, file), join(folder, file));
    for (const sub of ["bin", "scripts", "path"]) mkdirSync(join(folder, sub));
    writeFileSync(join(folder, "scripts/build.mjs"), "");
    writeFileSync(join(folder, "bin/eks-blue-green.js"), 'console.log("export A=1");');
    writeFileSync(
      join(folder, "path/npm"),
      '#!/bin/sh\nmkdir node_modules && touch installed && echo "added 510 packages (all of them)"\n',
    );
    chmodSync(join(folder, "path/npm"), 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('prints nothing but what `eval "$(make -s sandbox)"` can take, though it installs first', () => {
    const run = spawnSync("make", ["-s", "sandbox"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(folder, "path")}:${process.env["PATH"]}`, MAKEFLAGS: "" },
    });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stdout, "export A=1\n");
    assert.ok(existsSync(join(folder, "installed")));
    assert.match(run.stderr, /installing npm packages[^]*added 510 packages/);
  });
});
