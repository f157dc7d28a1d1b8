/** A file backend whose sidecar an engine left half written, under the real engine's own CLI. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { systemClock } from "../../../../../automation/adapters/clock";
import { Engine } from "../../../../../automation/adapters/pulumi/engine/engine";
import { readProject } from "../../../../../automation/adapters/pulumi/project/project";
import {
  looksLikeBrokenSidecar,
  mayBeHalfWritten,
  removeBrokenSidecars,
} from "../../../../../automation/adapters/pulumi/backend/attrs-sidecars";
import { DriverError } from "../../../../../automation/errors";
import { resolveTools } from "../../../../../sandbox/tools/index";

describe("a sidecar of the file backend", function () {
  this.timeout(45 * 60_000);
  let base: string;
  let engine: Engine;
  let notes: string[];
  const url = (): string => `file://${join(base, "state")}`;
  const sidecarsOf = (stack: string): string[] => {
    const folder = join(base, "state", ".pulumi", "stacks", "half");
    return readdirSync(folder)
      .filter((name) => name.startsWith(`${stack}.json`) && name.endsWith(".attrs"))
      .map((name) => join(folder, name));
  };

  before(async () => {
    base = mkdtempSync(join(tmpdir(), "ebg-sidecars-"));
    for (const folder of ["state", "home", "project"]) mkdirSync(join(base, folder));
    writeFileSync(join(base, "project", "Pulumi.yaml"), "name: half\nruntime: nodejs\n");
    const { pulumi } = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    const env = {
      PATH: `${dirname(pulumi)}${delimiter}${process.env["PATH"] ?? ""}`,
      PULUMI_BACKEND_URL: url(),
      PULUMI_HOME: join(base, "home"),
      PULUMI_CONFIG_PASSPHRASE: "sidecar",
    };
    notes = [];
    engine = new Engine({
      project: readProject(join(base, "project")),
      workDirectory: join(base, "project"),
      env,
      clock: systemClock(1),
      note: (message) => notes.push(message),
      region: async () => "us-east-1",
      clusterOf: async () => null,
    });
    for (const stack of ["dev", "dev-blue"]) {
      await engine.command(stack, ["stack", "init", stack, "--no-select"]);
      // A second write: the first has left a checkpoint without a backup.
      await engine.command(stack, ["stack", "tag", "set", "seen", "yes", "--stack", stack]);
    }
  });
  after(() => rmSync(base, { recursive: true, force: true }));

  it("that is empty ends every read with EOF; it is removed, and the read repeated", async () => {
    const broken = sidecarsOf("dev-blue");
    const others = sidecarsOf("dev");
    assert.ok(broken.length > 0, "this engine writes no sidecars any more: the healing can go");
    for (const file of broken) writeFileSync(file, "");
    const exported = JSON.parse(await engine.command("dev-blue", ["stack", "export", "--stack", "dev-blue"])) as {
      version?: number;
    };
    assert.equal(exported.version, 3);
    assert.equal(
      notes.filter((note) => note.startsWith("dev-blue: a killed engine left ") && note.includes("half written"))
        .length,
      1,
      notes.join("\n"),
    );
    assert.deepEqual(
      broken.filter((file) => existsSync(file)),
      [],
    );
    assert.deepEqual(sidecarsOf("dev"), others);
  });

  it("that is whole, and one of another stack, stay", () => {
    const [file] = sidecarsOf("dev");
    assert.ok(file !== undefined);
    assert.deepEqual(removeBrokenSidecars(join(base, "state"), "half", "dev"), []);
    writeFileSync(file, '{"user.content_type":');
    assert.deepEqual(removeBrokenSidecars(join(base, "state"), "half", "dev-blue"), []);
    assert.deepEqual(removeBrokenSidecars(join(base, "state"), "half", "dev"), [file]);
  });

  it("that is not to blame changes nothing: a checkpoint that is really broken is an error, after a few reads", async () => {
    const checkpoint = join(base, "state", ".pulumi", "stacks", "half", "dev-blue.json");
    writeFileSync(checkpoint, "");
    await assert.rejects(
      engine.command("dev-blue", ["stack", "export", "--stack", "dev-blue"]),
      (error: unknown) => error instanceof DriverError && error.code === "EBG-UPDATE-FAILED",
    );
    assert.ok(existsSync(checkpoint));
  });

  it("is not blamed for what only sounds alike", () => {
    assert.ok(
      looksLikeBrokenSidecar("pulumi stack export of dev-blue failed: stderr: error: failed to load checkpoint: EOF"),
    );
    assert.ok(!mayBeHalfWritten('update of dev-blue failed: Put "https://127.0.0.1/api": EOF'));
    assert.ok(!looksLikeBrokenSidecar('update of dev-blue failed: Get "https://127.0.0.1/api": EOF while reading'));
  });
});
