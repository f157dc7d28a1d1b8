import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { withLateModules } from "../../../../../automation/adapters/pulumi/engine/late-modules";

const root = resolve(__dirname, "../../../../..");

describe("modules that are loaded late", () => {
  let folder = "";
  const put = (name: string, text: string): void => {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), text);
  };
  const load = <T>(name: string, late: readonly RegExp[] = [/^heavy/]): T =>
    withLateModules("sdk", late, () => createRequire(join(folder, "main.js"))(name) as T);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebg-"));
    put("heavy", "global.heavyLoads = (global.heavyLoads ?? 0) + 1; exports.answer = () => 42; exports.value = 1;");
    put("heavy-class", "module.exports = class Tree { constructor(size) { this.size = size; } };");
    put("sdk", 'const heavy = require("heavy"); exports.heavy = heavy; exports.ask = () => heavy.answer();');
    put("sdk-like", 'exports.heavy = require("heavy");');
    put("lost", 'require("heavy-and-missing");');
  });
  after(() => {
    delete (globalThis as { heavyLoads?: number }).heavyLoads;
    rmSync(folder, { recursive: true, force: true });
  });
  const loads = (): number => (globalThis as { heavyLoads?: number }).heavyLoads ?? 0;

  it("come when something of them is used, once, and are then as ever", () => {
    const sdk = load<{ ask(): number; heavy: Record<string, unknown> }>("sdk");
    assert.equal(loads(), 0);
    assert.equal(sdk.ask(), 42);
    assert.deepEqual([sdk.heavy["value"], "answer" in sdk.heavy, sdk.heavy["nothing"]], [1, true, undefined]);
    assert.ok(Object.keys(sdk.heavy).includes("value"));
    sdk.heavy["value"] = 2;
    assert.equal((createRequire(join(folder, "main.js"))("heavy") as { value: number }).value, 2);
    assert.equal(loads(), 1);
  });

  it("come at once for everybody else, and once the work is done", () => {
    put("heavy-other", "global.heavyLoads += 1; exports.value = 1;");
    put("sdk-like", 'exports.heavy = require("heavy-other");');
    const before = loads();
    load("sdk-like");
    assert.equal(loads(), before + 1);
    put("heavy-later", "global.heavyLoads += 1;");
    createRequire(join(folder, "node_modules", "sdk", "later.js"))("heavy-later");
    assert.equal(loads(), before + 2);
  });

  it("can be constructed when the module is a class, and have it as their default", () => {
    put("sdk/tree", 'module.exports = require("heavy-class");');
    const Tree = load<{ new (size: number): { size: number }; default: unknown }>("sdk/tree");
    assert.equal(new Tree(3).size, 3);
    assert.equal(Tree.default, createRequire(join(folder, "main.js"))("heavy-class"));
  });

  it("fail at once when they are not installed: whoever asks has another way then", () => {
    put("sdk/lost", 'module.exports = (() => { try { require("heavy-lost"); } catch { return "another"; } })();');
    assert.equal(load<string>("sdk/lost"), "another");
  });
});

describe("Pulumi's SDK", function () {
  this.timeout(60_000);

  it("comes without compiler and package tree, makes a function of a closure all the same, and traces no promise", () => {
    const script = `
      require("ts-node/register/transpile-only");
      const { loadSdk } = require("./automation/adapters/pulumi/engine/sdk.ts");
      for (const file of Object.keys(require.cache)) if (/typescript\\.js$/.test(file)) delete require.cache[file];
      const loaded = () => ["@npmcli/arborist", "typescript/lib/typescript.js"]
        .map((part) => Object.keys(require.cache).some((file) => file.includes(part)));
      const main = process.cwd() + "/stacks/index.ts";
      const { automation } = loadSdk({ name: "x", directory: process.cwd(), main });
      const before = loaded();
      const { serializeFunction, computeCodePaths } = require("@pulumi/pulumi/runtime");
      const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
      const { output } = require("@pulumi/pulumi");
      (async () => {
        const three = 3;
        const { text } = await serializeFunction(() => three + 1, {});
        const paths = await computeCodePaths({});
        const promise = Promise.resolve(1);
        await debuggablePromise(promise, "a test's");
        const thrown = await new Promise((done) => output(1).apply(() => { throw new Error("x"); }).promise().catch(done));
        console.log(JSON.stringify({
          stacks: typeof automation.Stack.select, before, after: loaded(),
          closure: /three/.test(text), paths: paths.size > 0,
          trace: promise._debugStackTrace.split("\\n").length, errors: /at /.test(thrown.stack),
        }));
      })();`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { cwd: root, encoding: "utf8" });
    assert.notEqual(stdout, "", stderr);
    assert.deepEqual(JSON.parse(stdout), {
      stacks: "function",
      before: [false, false],
      after: [true, true],
      closure: true,
      paths: true,
      trace: 1,
      errors: true,
    });
  });
});
