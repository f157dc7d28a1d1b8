// Runs every check in order, goes on after a failure, and ends with one line: `N passed, N failed`.
// A suite that ends badly without having reported a failed test counts as one failure; a skipped test counts as failed.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./testing/children.mjs";
import { EndToEnd } from "./testing/end-to-end.mjs";
import { Results } from "./testing/results.mjs";
import { readTier } from "./testing/tier.mjs";

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Files of unit tests that take the longest begin first: else the last one runs alone, and the other cores wait. */
const longestUnitTests = [
  "test/sandbox/load-balancer-controller/integration.test.ts",
  "test/sandbox/providers/engine.test.ts",
  "test/sandbox/providers/imports.test.ts",
  "test/sandbox/node-agent/integration.test.ts",
  "test/sandbox/daemon/daemon.test.ts",
];
function unitTests() {
  const all = readdirSync("test", { recursive: true })
    .map((name) => `test/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".test.ts"))
    .sort();
  const missing = longestUnitTests.filter((name) => !all.includes(name));
  if (missing.length > 0)
    throw new Error(`scripts/test.mjs names unit tests that are not there: ${missing.join(", ")}`);
  return [...longestUnitTests, ...all.filter((name) => !longestUnitTests.includes(name))];
}
const scratch = mkdtempSync(join(tmpdir(), "ebg-t-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
const results = new Results();
const tier = readTier(process.env);
if (tier.problem !== undefined) refuse(tier.problem);
let endToEnd;
try {
  // Names of end-to-end tests, with commas: `make test STEPS=build,e2e ONLY=kill`.
  const only = (process.env.ONLY ?? "").split(",").filter(Boolean);
  endToEnd = new EndToEnd(results, scratch, only, tier);
} catch (error) {
  refuse(error.message);
}

/**
 * Runs a command to its end. `onOutput`: what it says is not shown meanwhile. The end-to-end test that waits may run
 * beside it and needs the machine only now and then: it goes first.
 */
async function run(name, command, args, { env = process.env, onOutput } = {}) {
  const output = onOutput === undefined ? "inherit" : "pipe";
  const child = start(command, args, { stdio: ["ignore", output, output], env });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", onOutput);
  try {
    setPriority(child.pid, 5);
  } catch {
    // It could not be started, or has ended already.
  }
  return await new Promise((resolve) =>
    child
      .once("error", () => resolve({ status: 1, signal: null }))
      .once("close", (status, signal) => {
        results.spent(name);
        resolve({ status, signal });
      }),
  );
}

/** One command that passes or fails as a whole. `beside`: others run meanwhile, so what it says is shown in one piece. */
async function check(name, command, args, { beside = false } = {}) {
  if (!beside) process.stdout.write(`\n# ${name}\n`);
  const said = [];
  const { status } = await run(name, command, args, beside ? { onOutput: (part) => said.push(part) } : {});
  const text = Buffer.concat(said)
    .toString("utf8")
    .replace(/^(?=.)/s, "\n");
  process.stdout.write(`${text}# ${name}: ${status === 0 ? "passed" : "FAILED"}\n`);
  if (status === 0) results.passed += 1;
  else results.fail(name, `${command} ${args.join(" ")}`, "ended with an error: its output is above");
}

/** The unit tests, files side by side, one on each core. */
async function unit() {
  process.stdout.write("\n# unit\n");
  const counts = join(scratch, "unit.ndjson");
  const jobs = String(availableParallelism());
  const env = { ...process.env, EBG_TEST_COUNTS: counts };
  const ended = await run("unit, all", "npx", ["mocha", "--parallel", "--jobs", jobs, ...unitTests()], { env });
  results.countUnit("unit", counts, ended);
}

const steps = {
  build: () => check("build", "node", ["scripts/build.mjs"]),
  tools: () => check("tools", "node", ["bin/eks-blue-green.js", "sandbox", "tools"]),
  format: () => check("format", "npx", ["prettier", "--check", "--log-level", "warn", "."], { beside: true }),
  lint: () => check("lint", "npx", ["eslint", "."], { beside: true }),
  types: () => check("types", "npx", ["tsc", "--noEmit"], { beside: true }),
  api: () => check("api", "node", ["scripts/api-pages.mjs", "--check"], { beside: true }),
  unit,
  e2e: () => endToEnd.run(),
};
const wanted = (process.argv[2] ?? "all") === "all" ? Object.keys(steps) : process.argv[2].split(",");
for (const name of wanted) if (!steps[name]) refuse(`unknown step '${name}'; one of: ${Object.keys(steps).join(", ")}`);

process.stdout.write(`# tier: ${process.env.EBG_TEST_TIER}; EBG_TEST_SEED=${tier.seed} runs the same points again\n`);
const together = (...names) => Promise.all(names.filter((name) => wanted.includes(name)).map((name) => steps[name]()));
await together("build");
/** Steps that need nothing of each other run together. A sandbox needs the tools, and nothing else. */
const checks = together("format", "lint", "types", "api");
await together("tools");
if (wanted.includes("e2e")) endToEnd.beginWaiting();
await checks;
await together("unit");
await together("e2e");
process.stdout.write(results.summary());
process.exit(results.failed === 0 ? 0 : 1);
