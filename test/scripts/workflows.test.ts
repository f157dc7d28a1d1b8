/** What CI runs beside the package's sources and its publishing token. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

const folder = resolve(__dirname, "../../.github/workflows");
const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly "timeout-minutes"?: number; readonly steps: readonly Step[] }>>;
}
interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

describe("the workflows", () => {
  it("name every action by its commit, with the version beside it: a tag can be moved", () => {
    for (const [name, text] of files) {
      const used = [...text.matchAll(/uses: (.*)/g)].map(([, what = ""]) => what.trim());
      assert.ok(used.length > 0, name);
      for (const what of used) assert.match(what, /^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
    }
  });
  it("read only, keep no token in the checkout, and install without scripts", () => {
    for (const [name, text] of files) {
      const { permissions, jobs } = parse(text) as Workflow;
      assert.deepEqual(permissions, { contents: "read" }, name);
      for (const [job, { steps, "timeout-minutes": minutes }] of Object.entries(jobs)) {
        assert.ok(minutes !== undefined, `${name} ${job}`);
        for (const step of steps) {
          if (step.uses?.startsWith("actions/checkout@")) assert.equal(step.with?.["persist-credentials"], false, job);
          if (/npm (ci|install)/.test(step.run ?? "")) assert.match(step.run ?? "", /--ignore-scripts/, job);
          // An event's texts are written by whoever opens a pull request.
          assert.doesNotMatch(step.run ?? "", /\$\{\{\s*github\.(event|head_ref)/, job);
        }
      }
    }
  });
  it("look for advisories and for credentials", () => {
    const runs = files.map(([, text]) => text).join("");
    assert.match(runs, /npm audit --omit=dev/);
    assert.match(runs, /credentials\.test\.ts/);
  });
});
