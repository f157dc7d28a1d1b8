import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as automation from "@pulumi/pulumi/automation";
import { findPulumi, identityOfCli } from "../../../../../automation/adapters/pulumi/engine/cli-version";

describe("the version of the pulumi command", () => {
  let folder = "";
  let path: string | undefined;
  /** As large as a real one; notes down each of its calls. */
  const install = (bin: string, version: string, padding = 1_100_000): string => {
    mkdirSync(bin, { recursive: true });
    const file = join(bin, "pulumi");
    writeFileSync(file, `#!/bin/sh\necho asked >> "${folder}/asked"\necho v${version}\nexit\n${"#".repeat(padding)}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const asked = (): number =>
    readFileSync(join(folder, "asked"), { encoding: "utf8", flag: "a+" }).split("\n").length - 1;
  const find = () => findPulumi(automation, createRequire(__filename), join(folder, "project"));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ebg-"));
    mkdirSync(join(folder, "project"));
    path = process.env["PATH"];
    process.env["PATH"] = `${join(folder, "bin")}${delimiter}${path}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true, force: true });
  });

  it("is asked for once of the same file", async () => {
    install(join(folder, "bin"), "3.246.0");
    for (let starts = 0; starts < 3; starts += 1) {
      const command = await find();
      assert.ok(command instanceof automation.PulumiCommand);
      assert.deepEqual([command.command, command.version?.toString()], ["pulumi", "3.246.0"]);
      assert.equal(command.version?.compare("3.181.0"), 1);
    }
    assert.equal(asked(), 1);
  });

  it("is asked for again when there is another file", async () => {
    install(join(folder, "bin"), "3.246.0");
    await find();
    install(join(folder, "bin"), "3.250.0", 1_200_000);
    assert.equal((await find()).version?.toString(), "3.250.0");
    assert.equal(asked(), 2);
  });

  it("is asked for once of a sandbox's script, which runs one pulumi in every folder, until that is another one", async () => {
    const real = install(join(folder, "cache"), "3.246.0");
    const script = install(join(folder, "bin"), "0.0.0", 0);
    writeFileSync(script, `#!/bin/sh\n# eks-blue-green sandbox, always runs ${real}\nexec "${real}" "$@"\n`);
    for (let starts = 0; starts < 3; starts += 1) assert.equal((await find()).version?.toString(), "3.246.0");
    assert.equal(asked(), 1);
    install(join(folder, "cache"), "3.250.0", 1_200_000);
    assert.equal((await find()).version?.toString(), "3.250.0");
    assert.equal(asked(), 2);
  });

  it("is refused each time when it is too old for the SDK", async () => {
    install(join(folder, "bin"), "3.0.0");
    await assert.rejects(find(), /minimum CLI version requirement/i);
    await assert.rejects(find(), /minimum CLI version requirement/i);
  });

  it("is asked for each time of a version manager's script or link, which answers differently in each folder", async () => {
    install(join(folder, "bin"), "3.246.0", 10);
    assert.equal(identityOfCli(process.env["PATH"] ?? ""), null);
    await find();
    await find();
    assert.equal(asked(), 2);
    const manager = join(folder, "manager");
    mkdirSync(join(folder, "links"));
    writeFileSync(manager, "#".repeat(1_100_000), { mode: 0o755 });
    symlinkSync(manager, join(folder, "links", "pulumi"));
    assert.equal(identityOfCli(join(folder, "links")), null);
  });

  it("passes over folders that have none", () => {
    const file = install(join(folder, "bin"), "3.246.0");
    mkdirSync(join(folder, "other", "pulumi"), { recursive: true });
    const identity = identityOfCli(
      [join(folder, "nowhere"), join(folder, "other"), join(folder, "bin")].join(delimiter),
    );
    assert.equal(identity?.[0], file);
    assert.equal(identityOfCli(join(folder, "nowhere")), null);
  });

  it("is found all the same when nothing can be kept", async () => {
    install(join(folder, "bin"), "3.246.0");
    writeFileSync(join(folder, "project", ".eks-blue-green"), "a file in the folder's place");
    assert.equal((await find()).version?.toString(), "3.246.0");
    assert.equal((await find()).version?.toString(), "3.246.0");
    assert.equal(asked(), 2);
  });
});
