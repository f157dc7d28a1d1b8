// Runs every check in order, goes on after a failure, and ends with one line: `N passed, N failed`.
// A suite that ends badly without having reported a failed test counts as one failure; a skipped test counts as failed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "eks-blue-green-test-"));
let passed = 0;
let failed = 0;
/** What failed and why, said again at the end: whoever reads only the tail of a log must see it. */
const failures = [];

/** One command that passes or fails as a whole. */
function check(name, command, args) {
  process.stdout.write(`\n# ${name}\n`);
  const ok = spawnSync(command, args, { stdio: "inherit" }).status === 0;
  process.stdout.write(`# ${name}: ${ok ? "passed" : "FAILED"}\n`);
  if (ok) passed += 1;
  else {
    failed += 1;
    failures.push({ suite: name, title: `${command} ${args.join(" ")}`, why: "ended with an error: its output is above" });
  }
  return ok;
}

const countsOf = (name) => join(scratch, `${name}.ndjson`);
const mocha = (config) => ["npx", ["mocha", "--config", config]];
const withCounts = (name) => ({ ...process.env, EBG_TEST_COUNTS: countsOf(name) });

/** Adds up what a mocha suite has written; its tests are counted one by one. */
function count(name, run) {
  const counts = countsOf(name);
  const lines = existsSync(counts) ? readFileSync(counts, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  const bad = lines.reduce((sum, line) => sum + line.failed + line.skipped, 0);
  passed += lines.reduce((sum, line) => sum + line.passed, 0);
  const brokeOff = bad === 0 && (run.status !== 0 || lines.length === 0);
  failed += brokeOff ? 1 : bad;
  failures.push(...lines.flatMap((line) => line.bad.map((one) => ({ suite: name, ...one }))));
  if (brokeOff) failures.push({ suite: name, title: "the suite itself", why: `ended with ${run.signal ?? run.status} without a failed test` });
}

function suite(name, config) {
  process.stdout.write(`\n# ${name}\n`);
  const [command, args] = mocha(config);
  count(name, spawnSync(command, args, { stdio: "inherit", env: withCounts(name) }));
}

/** A suite beside the others, for one that nearly only waits. Answers a function that awaits and counts it. */
function besides(name, config) {
  const log = join(scratch, `${name}.log`);
  const out = openSync(log, "w");
  const [command, args] = mocha(config);
  const child = spawn(command, args, { stdio: ["ignore", out, out], env: withCounts(name) });
  const ended = new Promise((resolve) => child.once("close", (status, signal) => resolve({ status, signal })));
  return async () => {
    const run = await ended;
    process.stdout.write(`\n# ${name} (ran beside the suite before)\n${readFileSync(log, "utf8")}`);
    count(name, run);
  };
}

async function endToEnd() {
  const realTime = besides("real-time", ".mocharc.real-time.json");
  suite("e2e", ".mocharc.e2e.json");
  await realTime();
}

const only = process.argv[2] ?? "all";
const steps = {
  build: () => check("build", "node", ["scripts/build.mjs"]),
  lint: () => check("lint", "npx", ["eslint", "."]),
  types: () => check("types", "npx", ["tsc", "--noEmit"]),
  tools: () => check("tools", "node", ["bin/eks-blue-green.js", "sandbox", "tools"]),
  unit: () => suite("unit", ".mocharc.unit.json"),
  e2e: endToEnd,
};
const wanted = only === "all" ? Object.keys(steps) : only.split(",");
for (const name of wanted) {
  if (!steps[name]) {
    process.stderr.write(`unknown step '${name}'; one of: ${Object.keys(steps).join(", ")}\n`);
    process.exit(2);
  }
  await steps[name]();
}
rmSync(scratch, { recursive: true, force: true });
for (const { suite: where, title, why } of failures) {
  process.stdout.write(`FAILED ${where}: ${title}\n${why.slice(0, 1500).replace(/^/gm, "    ")}\n`);
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
