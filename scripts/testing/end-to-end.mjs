// The end-to-end tests, a process and a folder for temporary files each; as many side by side as there are lanes. What a
// test leaves in its folder, or running, is a failure of its own.
import { mkdtempSync, openSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { start } from "./children.mjs";
import { leftAfter } from "./left-behind.mjs";
import { testsOf } from "./tier.mjs";

/** The test at the true speed of AWS nearly only waits: it begins first of all, and runs beside everything else. */
const waiting = "real-time";
/** Those that take the longest begin first: the last one to end decides how long it takes. */
const longest = [
  "cycle",
  "faults-lost",
  "faults-silent",
  "dead-cluster",
  "scale",
  "half-made",
  "walk-back",
  "adopt",
  "environment",
  "many-hands",
  "kill",
  "drift",
];
const gibibytesOfOne = 3;
/** A container may have less than its host; no limit is 0, or a number beyond all memory. */
const memoryBytes = () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
/**
 * How many run side by side: one for each core. One wants a bit more than a core while it is busy. With more of them
 * each takes longer, what waits costs CPU meanwhile, and clients' requests get no answer in time.
 */
export function lanesFor(cores, memoryBytes) {
  const fitting = Math.floor(memoryBytes / (gibibytesOfOne * 2 ** 30));
  return Math.max(1, Math.min(4, cores, fitting));
}
const lanes = Number(process.env.EBG_E2E_LANES ?? lanesFor(availableParallelism(), memoryBytes()));
/** None would run no test, and nothing would have failed. */
const lanesAreMeant = Number.isInteger(lanes) && lanes >= 1;

export class EndToEnd {
  #results;
  #scratch;
  #files;
  #waited = null;

  /** `only`: names; none stands for all of the tier. @throws when there is no such test, or no lane */
  constructor(results, scratch, only, tier) {
    if (!lanesAreMeant) throw new Error(`EBG_E2E_LANES is '${process.env.EBG_E2E_LANES}'; a whole number from 1`);
    const all = readdirSync("test/e2e")
      .filter((name) => name.endsWith(".e2e.ts"))
      .map((name) => name.slice(0, -".e2e.ts".length));
    const unknown = only.filter((name) => !all.includes(name));
    if (unknown.length > 0)
      throw new Error(`ONLY names no end-to-end test: ${unknown.join(", ")}; there are: ${all.join(", ")}`);
    const gone = longest.filter((name) => !all.includes(name));
    if (gone.length > 0)
      throw new Error(`the longest tests are named in scripts/testing: there is no ${gone.join(", ")}`);
    this.#results = results;
    this.#scratch = scratch;
    this.#files = only.length > 0 ? only : testsOf(tier, all);
  }

  /** Begins the one that waits, once; what else runs meanwhile does not matter to it. */
  beginWaiting() {
    if (this.#files.includes(waiting)) this.#waited ??= this.#file(waiting);
  }

  async run() {
    this.beginWaiting();
    const rank = (name) => (longest.includes(name) ? longest.indexOf(name) : longest.length);
    const queue = this.#files
      .filter((name) => name !== waiting)
      .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    const lane = async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) await this.#file(name);
    };
    await Promise.all([this.#waited, ...Array.from({ length: lanes }, lane)]);
  }

  #file(name) {
    const results = this.#results;
    const folder = mkdtempSync(join(this.#scratch, "e-"));
    const log = join(this.#scratch, `${name}.log`);
    const counts = join(this.#scratch, `${name}.ndjson`);
    const out = openSync(log, "w");
    const began = Date.now();
    process.stdout.write(`# e2e ${name}: started\n`);
    const mocha = ["--no-config", "--require", "ts-node/register/transpile-only", "--timeout", "600000"];
    const rest = ["--forbid-only", "--reporter", "scripts/testing/counting-reporter.cjs", `test/e2e/${name}.e2e.ts`];
    const child = start("npx", ["mocha", ...mocha, ...rest], {
      stdio: ["ignore", out, out],
      env: { ...process.env, EBG_TEST_COUNTS: counts, TMPDIR: folder },
    });
    return new Promise((resolve) =>
      child.once("close", async (status, signal) => {
        const cpu = results.spent(`e2e ${name}`);
        const text = readFileSync(log, "utf8");
        const seconds = Math.round((Date.now() - began) / 1000);
        process.stdout.write(`\n# e2e ${name} (${seconds} s, ${Math.round(cpu)} CPU s)\n${text}`);
        results.count(name, counts, { status, signal });
        if (status !== 0)
          results.failures.at(-1).more = text
            .split("\n")
            .filter((line) => line.includes('"connection-lost"'))
            .slice(0, 10)
            .join("\n");
        const left = status === 0 ? await leftAfter(folder) : [];
        if (left.length > 0) results.fail(name, "leaves nothing behind", left.join("\n"));
        resolve();
      }),
    );
  }
}
