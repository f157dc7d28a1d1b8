/** What each command writes, when what it was told and what it found out is hostile: nothing that steers a CI system. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { buildProgram, printError } from "../../../automation/cli/main";
import { DriverError } from "../../../automation/errors";
import { tellEnding } from "../../../automation/report/result-line";
import { assertHarmless, hostile, poisoned } from "../../support/hostile";

const root = join(__dirname, "../../..");

/** Commands that do something, with their words. */
function leaves(command: Command, words: readonly string[] = []): { words: readonly string[]; command: Command }[] {
  return command.commands.length === 0
    ? [{ words, command }]
    : command.commands.flatMap((one) => leaves(one, [...words, one.name()]));
}

/** What is written to both streams, and whether it failed. */
async function written(work: () => Promise<unknown>): Promise<{ readonly text: string; readonly failed: boolean }> {
  let text = "";
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const { exitCode } = process;
  const take = (chunk: string | Uint8Array): boolean => {
    text += String(chunk);
    return true;
  };
  let failed = false;
  try {
    process.stdout.write = process.stderr.write = take as typeof stdout;
    await work();
  } catch (error) {
    failed = true;
    // As `main` does.
    if (!(error instanceof CommanderError)) printError(error, true);
  } finally {
    process.stdout.write = stdout;
    process.stderr.write = stderr;
    process.exitCode = exitCode;
  }
  return { text, failed };
}
const run = (args: readonly string[]) => written(() => buildProgram().parseAsync(["node", "eks-blue-green", ...args]));

describe("the log of every command", () => {
  const folder = mkdtempSync(join(tmpdir(), "ebg-log-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const all = leaves(buildProgram());

  it("is tried for all of them", () => {
    assert.ok(all.length >= 20, String(all.length));
    for (const name of ["up", "upgrade", "teardown", "verify", "rehearse"])
      assert.ok(
        all.some(({ words }) => words[0] === name),
        name,
      );
  });

  for (const { words, command } of all) {
    it(`${words.join(" ")}: an option or argument that it does not know`, async () => {
      for (const args of [[`--${hostile}`], [`--no-such=${hostile}`], [hostile, hostile, hostile, hostile]]) {
        // `fault add` and `fault clear` take any number of words: what they say of those is their own.
        if (args.length > 1 && command.registeredArguments.some(({ variadic }) => variadic)) continue;
        const { text, failed } = await run([...words, ...args]);
        assert.equal(failed, true, text);
        assertHarmless(text, words.join(" "), false);
      }
    });
    const names = command.options.map(({ long }) => long);
    if (names.includes("--stack") && words[0] !== "rehearse")
      it(`${words.join(" ")}: a stack, a member and whatever else it takes`, async () => {
        const texts = command.options.filter(
          ({ long, required }) => required && !["--stack", "--cwd", "--percent"].includes(long ?? ""),
        );
        const { text, failed } = await run([
          ...words,
          ...command.registeredArguments.map(() => hostile),
          ...["--stack", hostile, "--cwd", folder],
          ...(names.includes("--percent") ? ["--percent", "100"] : []),
          ...texts.flatMap(({ long, argChoices }) => [
            long ?? "",
            argChoices?.[0] ?? (long === "--requests" ? "1" : hostile),
          ]),
        ]);
        assert.equal(failed, true, text);
        assert.notEqual(text, "");
        assertHarmless(text, words.join(" "), false);
      });
    if (names.includes("--dir") && words.at(-1) !== "up")
      it(`${words.join(" ")}: a sandbox's folder`, async () => {
        const some = command.registeredArguments.map(() => "aws:eks:DescribeCluster=delay:1s");
        const { text } = await run([...words, ...some, "--dir", join(folder, hostile)]);
        assertHarmless(text, words.join(" "), false);
      });
  }

  it("ends with its result, whatever stands in that: text and JSON of those that change something", async () => {
    const left = [{ what: "", id: "", command: "" }];
    const results = {
      upgrade: { outcome: "failed", placement: {}, code: "EBG-GATE", message: "", remedy: "" },
      adopted: { outcome: "stopped", adopted: [""], code: "EBG-ADOPT", message: "", remedy: "" },
      up: { outcome: "done", message: "", remedy: null, addresses: { [hostile]: "" }, changes: { [hostile]: 1 } },
      teardown: { outcome: "failed", code: "EBG-LEFTOVERS", message: "", remedy: "", leftovers: left },
    };
    for (const [kind, result] of Object.entries(results))
      for (const json of [true, false]) {
        const { text } = await written(async () => tellEnding(json, kind, poisoned(result)));
        assertHarmless(text, kind);
      }
  });

  it("ends with its error, of ours or not", async () => {
    for (const error of [new DriverError("EBG-AWS", hostile, hostile), new Error(hostile), hostile]) {
      const { text } = await written(() => Promise.reject(error));
      assertHarmless(text, String(error));
    }
  });

  it("is written in one place: every write of the sources goes through it", () => {
    /** Lines for a shell's `eval`, and files for kubectl: only what the sandbox itself made. */
    const forPrograms = [/shellExports\(/, /shellUnsets\(/, /all\.map\(\(one\) => `---\\n\$\{stringify\(one\)\}`\)/];
    const safe = [/^jsonLine\(/, /^"\\n"/];
    const files = readdirSync(join(root, "automation"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const wild: string[] = [];
    for (const name of files) {
      const source = readFileSync(join(root, "automation", name), "utf8");
      for (const [, what = ""] of source.matchAll(/\b(?:stdout|stderr)\.write\(\s*([^\n]*)/g))
        if (![...safe, ...forPrograms].some((pattern) => pattern.test(what))) wild.push(`${name}: ${what}`);
      if (/\bconsole\.\w+\(/.test(source)) wild.push(`${name}: console`);
      const others = /\bout\.write\(/.test(source);
      if (others && !/^report\/(edge|reporters|result-line)\.ts$/.test(name)) wild.push(`${name}: out.write`);
    }
    assert.deepEqual(wild, []);
  });
});
