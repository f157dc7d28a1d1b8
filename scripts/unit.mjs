// `npm test`: all unit tests; `npm test -- FILE …`: those files alone. An end-to-end test is named by its file too.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { basename } from "node:path";

const words = process.argv.slice(2);
const endToEnd = words.filter((word) => word.endsWith(".e2e.ts"));
const run = (command, args, env = {}) =>
  spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } }).status ?? 1;

if (endToEnd.length > 0) {
  if (endToEnd.length < words.length) {
    process.stderr.write("end-to-end tests take no other arguments: npm test -- test/e2e/NAME.e2e.ts\n");
    process.exit(2);
  }
  const names = endToEnd.map((file) => basename(file, ".e2e.ts")).join(",");
  process.exit(run("node", ["scripts/test.mjs", "build,e2e"], { ONLY: names }));
}
/** Options and their values alone choose among all files. */
const files = words.filter((word) => /\.ts$|[*/]/.test(word));
const all = files.length > 0 ? [] : ["--parallel", "--jobs", String(availableParallelism()), "test/**/*.test.ts"];
process.exit(run("npx", ["mocha", ...all, ...words]));
