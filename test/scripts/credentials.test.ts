/** A credential in the tree is found before it is published. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(__dirname, "../..");

const kinds: Readonly<Record<string, RegExp>> = {
  "AWS access key": /\b(AKIA|ASIA)[A-Z0-9]{16}\b/g,
  "private key": /-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40}/g,
  "GitHub token": /\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/g,
  "npm token": /\bnpm_[A-Za-z0-9]{36}\b/g,
  "Pulumi token": /\bpul-[0-9a-f]{40}\b/g,
  "Slack token": /\bxox[abprs]-[A-Za-z0-9-]{20,}\b/g,
};
/** AWS's own examples, and ours that say that they are none. */
const example = /EXAMPLE|SANDBOX|REALLOOKING/;

const found = (text: string): string[] =>
  Object.entries(kinds).flatMap(([kind, pattern]) =>
    [...text.matchAll(pattern)].filter(([match]) => !example.test(match)).map(() => kind),
  );

/** Without git, where it refuses somebody else's checkout, or knows nothing of this one: all that is not made here. */
function tracked(): string[] {
  const list = spawnSync("git", ["-c", "safe.directory=*", "ls-files", "-z"], { cwd: root, encoding: "utf8" });
  const names = list.stdout.split("\0").filter((name) => name !== "");
  if (list.status === 0 && names.includes("package.json")) return names;
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((name) => !/(^|\/)(node_modules|dist|\.git|\.sandbox|state)\//.test(name));
}

describe("the tracked files", () => {
  it("hold no credential", () => {
    const files = tracked().filter((name) => !/\.(sum|svg|png)$/.test(name));
    assert.ok(files.length > 300);
    const hits = files.flatMap((name) => {
      try {
        return found(readFileSync(join(root, name), "utf8")).map((kind) => `${name}: ${kind}`);
      } catch {
        // Deleted in the work tree, or a link.
        return [];
      }
    });
    assert.deepEqual(hits, []);
  });
  const historyToo = process.env["EBG_SCAN_HISTORY"] !== undefined;
  // Of a clone with its whole history: CI has a job for it.
  (historyToo ? it : () => undefined)("brought none with any commit", function () {
    this.timeout(600_000);
    const log = spawnSync(
      "git",
      [
        "-c",
        "safe.directory=*",
        "log",
        "--all",
        "-p",
        "--no-color",
        "--no-ext-diff",
        "--text",
        "--unified=0",
        "--format=commit %h",
        "--",
        ".",
        ":!*.sum",
      ],
      { cwd: root, encoding: "utf8", maxBuffer: 2 ** 30 },
    );
    assert.equal(log.status, 0, log.stderr);
    const hits: string[] = [];
    let commit = "";
    for (const line of log.stdout.split("\n")) {
      if (line.startsWith("commit ")) commit = line;
      else if (line.startsWith("+")) hits.push(...found(line).map((kind) => `${commit}: ${kind}`));
    }
    assert.deepEqual(hits, []);
  });
  it("would be caught with one of each kind", () => {
    const letters = "abcdefghij0123456789";
    const samples = [
      `AKIA${"IOSFODNN7QWERTYU"}`,
      `-----BEGIN ${""}PRIVATE KEY-----\n${letters.repeat(3)}`,
      `ghp_${letters}${letters}`,
      `npm_${letters}${letters.slice(0, 16)}`,
      `pul-${"0a".repeat(20)}`,
      `xoxb-${letters}${letters}`,
    ];
    assert.deepEqual(samples.flatMap(found), Object.keys(kinds));
  });
});
