// Runs every check in order, goes on after a failure, and ends with one line: `N passed, N failed`.
// A suite that ends badly without having reported a failed test counts as one failure; a skipped test counts as failed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "ebg-t-"));
/** How many end-to-end tests run side by side: one keeps about one core busy (measured: 43 % of two cores idle). */
const lanes = Number(process.env.EBG_E2E_LANES ?? Math.min(4, availableParallelism()));
/** Names of end-to-end tests, with commas: `make test STEPS=build,e2e ONLY=kill`. Default: all. */
const onlyThese = (process.env.ONLY ?? "").split(",").filter(Boolean);
/**
 * The test that nearly only waits, and those that take the longest, first of all: the last one to end decides how long
 * it takes.
 */
const waiting = "real-time";
const longest = ["cycle", "adopt", "kill", "half-made", "walk-back", "faults-lost", "faults-silent", "scale", "drift"];
let passed = 0;
let failed = 0;
/** What failed and why, said again at the end: whoever reads only the tail of a log must see it. */
const failures = [];

/**
 * One command that passes or fails as a whole. `beside`: others run meanwhile, so what it says is shown at its end, in
 * one piece.
 */
async function check(name, command, args, { beside = false } = {}) {
  if (!beside) process.stdout.write(`\n# ${name}\n`);
  const child = spawn(command, args, { stdio: ["ignore", ...(beside ? ["pipe", "pipe"] : ["inherit", "inherit"])] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => said.push(part));
  const ok = await new Promise((resolve) =>
    child.once("error", () => resolve(false)).once("close", (status) => resolve(status === 0)),
  );
  process.stdout.write(
    `${Buffer.concat(said)
      .toString("utf8")
      .replace(/^(?=.)/s, "\n")}# ${name}: ${ok ? "passed" : "FAILED"}\n`,
  );
  if (ok) passed += 1;
  else {
    failed += 1;
    failures.push({
      suite: name,
      title: `${command} ${args.join(" ")}`,
      why: "ended with an error: its output is above",
    });
  }
  return ok;
}

const countsOf = (name) => join(scratch, `${name}.ndjson`);
const withCounts = (name) => ({ ...process.env, EBG_TEST_COUNTS: countsOf(name) });

/** Adds up what a mocha suite has written; its tests are counted one by one. */
function count(name, run) {
  const counts = countsOf(name);
  const lines = existsSync(counts)
    ? readFileSync(counts, "utf8")
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  const bad = lines.reduce((sum, line) => sum + line.failed + line.skipped, 0);
  passed += lines.reduce((sum, line) => sum + line.passed, 0);
  const brokeOff = bad === 0 && (run.status !== 0 || lines.length === 0);
  failed += brokeOff ? 1 : bad;
  failures.push(...lines.flatMap((line) => line.bad.map((one) => ({ suite: name, ...one }))));
  if (brokeOff)
    failures.push({
      suite: name,
      title: "the suite itself",
      why: `ended with ${run.signal ?? run.status} without a failed test`,
    });
}

/** Its files side by side, one on each core. */
function suite(name, config) {
  process.stdout.write(`\n# ${name}\n`);
  count(
    name,
    spawnSync("npx", ["mocha", "--config", config, "--parallel", "--jobs", String(availableParallelism())], {
      stdio: "inherit",
      env: withCounts(name),
    }),
  );
}

/**
 * The end-to-end tests, a process and a folder for temporary files each. The one at the true speed of AWS nearly only
 * waits, and runs beside the others. What a test leaves in its folder, or running, is a failure of its own.
 */
async function endToEnd() {
  const all = readdirSync("test/e2e")
    .filter((name) => name.endsWith(".e2e.ts"))
    .map((name) => name.slice(0, -".e2e.ts".length));
  const unknown = onlyThese.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`ONLY names no end-to-end test: ${unknown.join(", ")}; there are: ${all.join(", ")}\n`);
    process.exit(2);
  }
  const files = onlyThese.length === 0 ? all : onlyThese;
  const rank = (name) => (longest.includes(name) ? longest.indexOf(name) : longest.length);
  const queue = files.filter((name) => name !== waiting).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const lane = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await endToEndFile(name);
  };
  await Promise.all([
    ...(files.includes(waiting) ? [endToEndFile(waiting)] : []),
    ...Array.from({ length: lanes }, lane),
  ]);
}

function endToEndFile(name) {
  const folder = mkdtempSync(join(scratch, "e-"));
  const log = join(scratch, `${name}.log`);
  const out = openSync(log, "w");
  const began = Date.now();
  process.stdout.write(`# e2e ${name}: started\n`);
  const child = spawn(
    "npx",
    [
      "mocha",
      "--no-config",
      "--require",
      "ts-node/register/transpile-only",
      "--timeout",
      "600000",
      "--forbid-only",
      "--reporter",
      "scripts/counting-reporter.cjs",
      `test/e2e/${name}.e2e.ts`,
    ],
    { stdio: ["ignore", out, out], env: { ...withCounts(name), TMPDIR: folder } },
  );
  return new Promise((resolve) =>
    child.once("close", async (status, signal) => {
      const text = readFileSync(log, "utf8");
      process.stdout.write(`\n# e2e ${name} (${Math.round((Date.now() - began) / 1000)} s)\n${text}`);
      count(name, { status, signal });
      if (status !== 0)
        failures.at(-1).more = text
          .split("\n")
          .filter((line) => line.includes('"connection-lost"'))
          .slice(0, 10)
          .join("\n");
      const left = status === 0 ? await leftAfter(folder) : [];
      if (left.length > 0) {
        failed += 1;
        failures.push({ suite: name, title: "leaves nothing behind", why: left.join("\n") });
      }
      resolve();
    }),
  );
}

/** What is still there when everything has had time to end: folders of ours, and processes that work in them. */
async function leftAfter(folder) {
  const until = Date.now() + 20_000;
  for (;;) {
    const left = [
      ...readdirSync(folder).filter((entry) => /^(ebg|eks-blue-green)-/.test(entry)),
      ...processesNaming(folder),
    ];
    if (left.length === 0 || Date.now() > until) return left;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Processes whose command line names the folder. */
function processesNaming(folder) {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(folder) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}

const only = process.argv[2] ?? "all";
const steps = {
  build: () => check("build", "node", ["scripts/build.mjs"]),
  format: () => check("format", "npx", ["prettier", "--check", "--log-level", "warn", "."], { beside: true }),
  lint: () => check("lint", "npx", ["eslint", "."], { beside: true }),
  types: () => check("types", "npx", ["tsc", "--noEmit"], { beside: true }),
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
}
/** Steps that need nothing of each other run together; the groups one after the other. */
for (const group of [["build"], ["tools", "format", "lint", "types"], ["unit"], ["e2e"]])
  await Promise.all(group.filter((name) => wanted.includes(name)).map((name) => steps[name]()));
rmSync(scratch, { recursive: true, force: true });
for (const { suite: where, title, why, more = "" } of failures) {
  process.stdout.write(
    `FAILED ${where}: ${title}\n${[why.slice(0, 1500), more].filter(Boolean).join("\n").replace(/^/gm, "    ")}\n`,
  );
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
