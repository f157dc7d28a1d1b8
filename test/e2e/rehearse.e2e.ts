/** The command that every newcomer runs first, as they run it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { DriverEvent } from "../../automation/events";
import { leftFolders, leftProcesses } from "./left-behind";

const root = resolve(__dirname, "../..");
describe("rehearse", () => {
  it("upgrades under load, loses nothing, says so, and leaves nothing behind", () => {
    const before = leftFolders();
    const run = spawnSync(
      process.execPath,
      [join(root, "bin/eks-blue-green.js"), "rehearse", "--json", "--rate", "300"],
      {
        cwd: root,
        encoding: "utf8",
        timeout: 1_200_000,
        maxBuffer: 1 << 28,
        env: {
          ...process.env,
          AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
          AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          AWS_PROFILE: "prod",
          KUBECONFIG: "/nowhere",
          PULUMI_BACKEND_URL: "s3://nobody",
        },
      },
    );
    assert.equal(run.status, 0, run.stderr.slice(-4000));
    const events = run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as DriverEvent);
    const steps = events.flatMap((event) =>
      event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [],
    );
    assert.deepEqual(steps, ["provision green", "admit green", "drain blue", "scale blue", "retire blue"]);
    assert.equal(
      events.filter((event) => event.kind === "stack" && event.status === "failed").length,
      0,
      "no update had to be tried again",
    );
    // CI systems get colours.
    const text = stripVTControlCharacters(run.stderr);
    assert.match(text, /✔ dev 1\.34 → 1\.35 \(replace\): done/);
    assert.match(text, /sent in .*, 0 failed\n/);
    assert.deepEqual(
      leftFolders().filter((name) => !before.includes(name)),
      [],
    );
    assert.deepEqual(leftProcesses(), []);
  });
});
