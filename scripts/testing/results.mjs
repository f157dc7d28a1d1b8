// What a run of `scripts/test.mjs` has seen: counts, what failed and why, and where the CPU seconds went.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { childrenSeconds } = createRequire(import.meta.url)("./cpu-by-file.cjs");

export class Results {
  passed = 0;
  failed = 0;
  /** What failed and why, said again at the end: whoever reads only the tail of a log must see it. */
  failures = [];
  /** CPU seconds by suite and file. */
  cpu = [];
  #reaped = childrenSeconds();

  fail(suite, title, why) {
    this.failed += 1;
    this.failures.push({ suite, title, why });
  }

  /**
   * CPU seconds of the child that has just ended, and of all below it that ended before it. To be called as soon as it
   * is known to have ended: what ended in the same moment counts as the same.
   */
  spent(name) {
    const now = childrenSeconds();
    const seconds = now - this.#reaped;
    this.#reaped = now;
    if (seconds > 0) this.cpu.push({ name, seconds });
    return seconds;
  }

  /** Adds up what a mocha suite has written; its tests are counted one by one, a skipped one as failed. */
  count(name, file, { status, signal }) {
    const lines = existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
    const counts = lines.filter((line) => line.passed !== undefined);
    const bad = counts.reduce((sum, line) => sum + line.failed + line.skipped, 0);
    const brokeOff = bad === 0 && (status !== 0 || counts.length === 0);
    this.passed += counts.reduce((sum, line) => sum + line.passed, 0);
    this.failed += bad;
    this.failures.push(...counts.flatMap((line) => line.bad.map((one) => ({ suite: name, ...one }))));
    if (brokeOff) this.fail(name, "the suite itself", `ended with ${signal ?? status} without a failed test`);
    return lines.flatMap((line) => (line.cpu === undefined ? [] : [line.cpu]));
  }

  /** The dearest unit-test files are named; of the others their sum is enough. */
  countUnit(name, file, ended) {
    const most = 20;
    const byFile = this.count(name, file, ended)
      .map(({ file: path, own, children }) => ({ name: path, seconds: own + children }))
      .sort((a, b) => b.seconds - a.seconds);
    this.cpu.push(...byFile.slice(0, most));
    const rest = byFile.slice(most);
    if (rest.length > 0)
      this.cpu.push({
        name: `${rest.length} other unit-test files`,
        seconds: rest.reduce((sum, { seconds }) => sum + seconds, 0),
      });
  }

  cpuTable() {
    const lines = [...this.cpu]
      .sort((a, b) => b.seconds - a.seconds)
      .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)}  ${name}`);
    return lines.length === 0 ? "" : `# CPU seconds\n${lines.join("\n")}\n`;
  }

  /** Of a long reason its beginning (what was wrong) and its end (how a run ended, which tools say last). */
  static shortened(why, head = 600, tail = 2400) {
    return why.length <= head + tail ? why : `${why.slice(0, head)}\n…\n${why.slice(-tail)}`;
  }

  summary() {
    const failures = this.failures.map(
      ({ suite, title, why, more = "" }) =>
        `FAILED ${suite}: ${title}\n${[Results.shortened(why), more].filter(Boolean).join("\n").replace(/^/gm, "    ")}\n`,
    );
    return `\n${this.cpuTable()}${failures.join("")}\n${this.passed} passed, ${this.failed} failed\n`;
  }
}
