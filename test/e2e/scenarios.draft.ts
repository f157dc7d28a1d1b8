// A draft: the scenarios have passed by hand, this file has not run as a test yet, so its name keeps it out of `make test`.
/** The rehearsals beside the default one, as a person runs them: nothing lost, every verification held, nothing left behind. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { DriverEvent } from "../../automation/events";
import { leftFolders, leftProcesses } from "./left-behind";

const root = resolve(__dirname, "../..");

interface Told { readonly title: string; readonly claims: number; readonly steps: readonly string[] }

/** Moves that each scenario makes, and how many verifications it tells of at least. */
const scenarios: Readonly<Record<string, Told>> = {
  "new-workload": { title: "new workload, load balancer of a Service", claims: 12, steps: ["provision green", "admit green", "drain blue", "admit blue"] },
  extend: { title: "extend an existing load balancer", claims: 12, steps: ["provision green", "admit green"] },
  adopt: { title: "adopt the load balancer of dev", claims: 6, steps: ["provision green", "admit green", "drain blue", "scale blue", "retire blue"] },
  teardown: { title: "teardown of dev", claims: 3, steps: ["provision green", "admit green", "drain blue", "drain green", "scale blue", "scale green", "retire blue", "retire green"] },
};

describe("rehearse --scenario", () => {
  for (const [name, { title, claims, steps }] of Object.entries(scenarios)) {
    it(`${name}: loses nothing, and what it claims was seen`, () => {
      const before = leftFolders();
      const run = spawnSync(process.execPath, [join(root, "bin/eks-blue-green.js"), "rehearse", "--scenario", name, "--json", "--rate", "300"], { cwd: root, encoding: "utf8", timeout: 500_000, maxBuffer: 1 << 28 });
      const text = stripVTControlCharacters(run.stderr);
      assert.equal(run.status, 0, text.slice(-4000));
      const events = run.stdout.trim().split("\n").map((line) => JSON.parse(line) as DriverEvent);
      assert.deepEqual(events.flatMap((event) => (event.kind === "step-finished" && event.step.type === "move" ? [`${event.step.kind} ${event.step.member}`] : [])), steps);
      const told = events.filter((event): event is Extract<DriverEvent, { kind: "stage" }> => event.kind === "stage" && event.name.startsWith("verify: ") && (event.status === "finished" || event.status === "failed"));
      assert.deepEqual(told.filter((event) => event.status === "failed"), []);
      assert.ok(told.length >= claims, `${told.length} verifications`);
      assert.ok(text.includes(`✔ ${title}`), text.slice(-4000));
      assert.match(text, /sent in .*, 0 failed\n/);
      assert.deepEqual(leftFolders().filter((folder) => !before.includes(folder)), []);
      assert.deepEqual(leftProcesses(), []);
    });
  }
});
