import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../../..");

describe("the start of a command", function () {
  this.timeout(60_000);

  it("loads none of what only some commands need: each start costs it, and a rollout has many", () => {
    const script = `
      process.argv = [process.execPath, "eks-blue-green", "--version"];
      process.on("exit", () => console.log(JSON.stringify(Object.keys(require.cache))));
      require(${JSON.stringify(join(root, "bin/eks-blue-green.js"))});`;
    const run = spawnSync(process.execPath, ["-e", script], { cwd: root, encoding: "utf8" });
    const files = JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "") as readonly string[];
    assert.ok(files.length > 100, "nothing was loaded");
    // The SDK is the project's own copy, and comes without its compiler (adapters/pulumi/engine/sdk.ts).
    for (const late of ["@pulumi/pulumi", "typescript", "esbuild", "@npmcli/arborist", "@peculiar/x509", "log-update"])
      assert.deepEqual(
        files.filter((file) => file.includes(`/node_modules/${late}/`)),
        [],
        late,
      );
  });
});
