import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { markOf, type ProcessMark } from "../../../automation/adapters/process-mark";
import {
  makeKeptFolder,
  makeTemporaryFolder,
  removeTemporaryFolder,
  sweepTemporaryFolders,
  withShortLivedFolder,
  withTemporaryFolder,
  writePrivateFile,
} from "../../../automation/adapters/temporary-folders";
import { canBe, nobody } from "../../support/another-user";

const repository = resolve(__dirname, "../../..");
const sources = ["automation", "sandbox"].flatMap((folder) =>
  readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name)),
);

describe("temporary folders", () => {
  let root = "";
  let dead: ProcessMark;
  /** As a killed driver leaves it, with something of its own in it. */
  const left = (name: string, mark: unknown = dead, mode = 0o700): string => {
    const folder = join(root, name);
    mkdirSync(join(folder, "inner"), { recursive: true });
    writeFileSync(join(folder, "inner", "1.json"), "{}");
    if (mark !== null) writeFileSync(join(folder, "maker.json"), JSON.stringify(mark));
    chmodSync(folder, mode);
    return folder;
  };

  before(function () {
    if (process.platform !== "linux") this.skip();
    dead = { ...markOf(process.pid)!, pid: spawnSync(process.execPath, ["-e", ""]).pid };
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "ebg-sweep-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("are private, and so are the files in them", async () => {
    for (const folder of [makeTemporaryFolder("plans"), makeKeptFolder()]) {
      assert.equal(lstatSync(folder).mode & 0o777, 0o700);
      writePrivateFile(join(folder, "plan.json"), "{}");
      assert.equal(lstatSync(join(folder, "plan.json")).mode & 0o777, 0o600);
      assert.throws(() => writePrivateFile(join(folder, "plan.json"), "{}"), /EEXIST/);
      removeTemporaryFolder(folder);
      assert.equal(existsSync(folder), false);
    }
    let used = "";
    assert.equal(
      withShortLivedFolder("cli", (folder) => ((used = folder), 7)),
      7,
    );
    await assert.rejects(
      withTemporaryFolder("state", async (folder) => {
        used = folder;
        throw new Error("work failed");
      }),
      /work failed/,
    );
    assert.equal(existsSync(used), false);
  });

  it("of a process that is gone are swept", () => {
    const folder = left("eks-blue-green-plans-a");
    assert.deepEqual(sweepTemporaryFolders(root), [folder]);
    assert.equal(existsSync(folder), false);
  });

  it("of anybody else, or of who knows whom, are left alone", () => {
    const living = left("eks-blue-green-plans-living", markOf(process.pid));
    const kept = [
      living,
      left("eks-blue-green-plans-unmarked", null),
      left("eks-blue-green-plans-999994-x", "no mark"),
      left("eks-blue-green-plans-container", { ...dead, pidNamespace: "pid:[1]" }),
      left("eks-blue-green-plans-machine", { ...dead, bootId: "another" }),
      left("eks-blue-green-plans-open", dead, 0o777),
      left("another-program"),
    ];
    const elsewhere = left("theirs");
    symlinkSync(elsewhere, join(root, "eks-blue-green-plans-link"));
    const marked = left("eks-blue-green-plans-linkedmark", null);
    symlinkSync(join(elsewhere, "maker.json"), join(marked, "maker.json"));
    assert.deepEqual(sweepTemporaryFolders(root), []);
    for (const folder of [...kept, elsewhere, marked])
      assert.ok(existsSync(join(folder, "inner", "1.json")), `${folder} is whole`);
  });

  it("are left alone where another user could put something in their place", () => {
    const folder = left("eks-blue-green-plans-a");
    chmodSync(root, 0o777);
    assert.deepEqual(sweepTemporaryFolders(root), []);
    chmodSync(root, 0o1777);
    assert.deepEqual(sweepTemporaryFolders(root), [folder]);
  });

  // Only root can make another user's folder; where that is not possible, there is nothing to try.
  (canBe(nobody) ? it : () => undefined)("of another user neither stop a driver nor are touched by it", () => {
    chmodSync(root, 0o1777);
    const script = `
      const fs = require("node:fs"); const folder = process.argv[1] + "/eks-blue-green-plans-foreign";
      fs.mkdirSync(folder, { mode: 0o700 }); fs.writeFileSync(folder + "/maker.json", process.argv[2]);`;
    const made = spawnSync(process.execPath, ["-e", script, root, JSON.stringify(dead)], { uid: nobody, gid: nobody });
    assert.equal(made.status, 0, String(made.stderr));
    assert.deepEqual(sweepTemporaryFolders(root), []);
    assert.ok(existsSync(join(root, "eks-blue-green-plans-foreign")));
  });

  it("that can't be swept are no error", () => {
    assert.deepEqual(sweepTemporaryFolders(join(root, "missing")), []);
  });

  it("are made in one place", () => {
    // The cache of tools renames its folders into place: they are in the cache, which is the user's own.
    const allowed = ["automation/adapters/temporary-folders.ts", "sandbox/tools/cache.ts"];
    const makers = sources.filter((file) => /\bmkdtemp|\btmpdir\b/.test(readFileSync(join(repository, file), "utf8")));
    assert.deepEqual(makers.sort(), allowed);
  });
});
