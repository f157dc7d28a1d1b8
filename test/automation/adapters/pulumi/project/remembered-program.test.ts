import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../../../../..");

describe("what the project's program was transpiled to", function () {
  this.timeout(60_000);
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebg-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: x\nruntime: nodejs\nmain: index.ts\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** In a process as a driver's: without ts-node. Answers what the program does, and how often esbuild was called. */
  function load(): { answer: unknown; transpiled: number } {
    const script = `
      const { buildSync } = require("esbuild");
      const entry = ${JSON.stringify(join(root, "automation/adapters/pulumi/project/program.ts"))};
      const built = buildSync({ entryPoints: [entry], bundle: true, write: false, platform: "node", format: "cjs" });
      const compiled = new (require("node:module"))("program");
      compiled.filename = ${JSON.stringify(join(root, "program.js"))};
      compiled.paths = module.paths;
      compiled._compile(built.outputFiles[0].text, compiled.filename);
      const esbuild = require("esbuild");
      let transpiled = 0;
      const real = esbuild.transformSync;
      const counted = { ...esbuild, transformSync: (...args) => { transpiled += 1; return real(...args); } };
      require.cache[require.resolve("esbuild")].exports = counted;
      const { loadProgram, readProject } = compiled.exports;
      loadProgram(readProject(process.argv[1])).then((program) =>
        console.log(JSON.stringify({ answer: program(), transpiled })));`;
    const run = spawnSync(process.execPath, ["-e", script, folder], { cwd: root, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return JSON.parse(run.stdout) as { answer: unknown; transpiled: number };
  }
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

  it("is transpiled once, as long as its files stay the same", () => {
    write("index.ts", 'import { two } from "./two";\nexport = (): number => 40 + (two as number);\n');
    write("two.ts", "export const two: number = 2;\n");
    assert.deepEqual(load(), { answer: 42, transpiled: 2 });
    assert.deepEqual(load(), { answer: 42, transpiled: 0 });
    write("two.ts", "export const two: number = 3;\n");
    assert.deepEqual(load(), { answer: 43, transpiled: 1 });
    const own = join(folder, ".eks-blue-green");
    assert.equal(readFileSync(join(own, ".gitignore"), "utf8"), "*\n");
    assert.equal(readdirSync(join(own, "cache")).length, 2, "one entry of each file, however often it changes");
  });

  it("is transpiled anew when what was kept is damaged", () => {
    load();
    for (const name of readdirSync(join(folder, ".eks-blue-green", "cache")))
      writeFileSync(join(folder, ".eks-blue-green", "cache", name), "half of it");
    assert.deepEqual(load(), { answer: 43, transpiled: 2 });
  });
});
