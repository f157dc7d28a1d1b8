// Mocha's own spec reporter, plus a line of counts and of what failed, appended to the file that scripts/test.mjs adds up.
const { appendFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const bad = [];
    runner.on("fail", (test, error) => bad.push({ title: test.fullTitle(), why: String(error?.message ?? error) }));
    runner.on("pending", (test) => bad.push({ title: test.fullTitle(), why: "skipped" }));
    runner.once("end", () => {
      const file = process.env.EBG_TEST_COUNTS;
      const { passes, failures, pending } = runner.stats;
      if (file)
        appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending, bad })}\n`);
    });
  }
};
