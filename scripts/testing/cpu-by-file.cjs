// Mocha's root hooks: in a suite that runs its files side by side they run once for each file, and write down the CPU
// seconds of the worker and of the processes that it started and that have ended.
const { appendFileSync, readFileSync } = require("node:fs");
const { relative } = require("node:path");

/** Of this process' ended children and theirs; 0 where the system does not tell (it is Linux that does). */
function childrenSeconds() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // Behind the name, in brackets, comes the third field; the 16th and 17th are wanted, in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return 0;
  }
}

function ownSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

let before = { own: 0, children: 0 };

exports.childrenSeconds = childrenSeconds;
exports.mochaHooks = {
  beforeAll() {
    before = { own: ownSeconds(), children: childrenSeconds() };
  },
  afterAll() {
    const file = process.env.EBG_TEST_COUNTS;
    if (!file) return;
    const root = this.test.parent;
    const files = [...new Set(root.suites.map((suite) => suite.file))];
    const cpu = {
      file: files.length === 1 ? relative(process.cwd(), files[0]) : `${files.length} files`,
      own: ownSeconds() - before.own,
      children: childrenSeconds() - before.children,
    };
    appendFileSync(file, `${JSON.stringify({ cpu })}\n`);
  },
};
