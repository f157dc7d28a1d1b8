import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { keepBackup } from "../../../../../automation/adapters/pulumi/state/backups";

describe("the copy of a stack's state", () => {
  const dir = mkdtempSync(join(tmpdir(), "ebg-backups-"));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("stays in its folder, whatever the stack is called", () => {
    const work = join(dir, "work");
    mkdirSync(work);
    const folder = join(work, ".eks-blue-green", "state-backups");
    for (const stack of ["dev-blue", "../../escaped", "/etc/x", "org/shop/dev", "..", "a\0b"]) {
      const file = keepBackup(work, stack, "{}");
      assert.equal(dirname(file), folder, stack);
      assert.equal(statSync(file).mode & 0o777, 0o600);
    }
    assert.deepEqual(readdirSync(dir), ["work"]);
    assert.deepEqual(readdirSync(work), [".eks-blue-green"]);
  });

  it("replaces the oldest of its own stack alone", () => {
    const work = join(dir, "many");
    mkdirSync(work);
    const other = keepBackup(work, "dev", "{}");
    const folder = dirname(other);
    for (let count = 0; count < 25; count += 1) keepBackup(work, "dev-blue", "{}");
    assert.ok(readdirSync(folder).includes(basename(other)));
  });
});
