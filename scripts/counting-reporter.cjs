// Mocha's own spec reporter, plus a line of counts appended to the file that scripts/test.mjs adds up.
const { appendFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const file = process.env.EBG_TEST_COUNTS;
      const { passes, failures, pending } = runner.stats;
      if (file) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
    });
  }
};
