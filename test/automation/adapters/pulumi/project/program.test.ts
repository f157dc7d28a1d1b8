import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isModule, programFile, readProject } from "../../../../../automation/adapters/pulumi/project/project";
import { assertOneCopy, installedCopies } from "../../../../../automation/adapters/pulumi/project/sdk-copies";
import { findTranspiler, transpile } from "../../../../../automation/adapters/pulumi/project/typescript";

const root = resolve(__dirname, "../../../../..");
let folder = "";

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
const install = (name: string, to: string = join(root, "node_modules", name)): void => {
  mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
  symlinkSync(to, join(folder, "node_modules", name));
};

/** Loads the project in a fresh process, from the compiled files, as the CLI does; what its program answers. */
function run(): { readonly answer: unknown; readonly error: string } {
  const dist = join(root, "dist/automation/adapters/pulumi/project");
  const script = `
    const { readProject } = require(${JSON.stringify(join(dist, "project.js"))});
    const { loadProgram } = require(${JSON.stringify(join(dist, "program.js"))});
    Promise.resolve().then(() => loadProgram(readProject(${JSON.stringify(folder)}))).then((program) => program())
      .then((answer) => console.log(JSON.stringify(answer)), (error) => { console.error(error.code + ": " + error.message + " → " + error.remedy); process.exitCode = 1; });`;
  const child = spawnSync(process.execPath, ["-e", script], { encoding: "utf8", cwd: tmpdir() });
  return { answer: child.stdout === "" ? null : JSON.parse(child.stdout), error: child.stderr };
}

beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), "ebg-program-")))));
afterEach(() => rmSync(folder, { recursive: true }));

describe("the project's program", () => {
  const yaml = "name: shop\nruntime: nodejs\n";
  const tsconfig = JSON.stringify({ compilerOptions: { module: "commonjs", target: "es2016", strict: true } });
  const extra = "export enum Size { small = 1, large }\nexport type Unused = string;\n";

  for (const [main, why] of [
    ["", "as `pulumi new` writes it"],
    ["main: ./\n", "a folder"],
    ["main: .\n", "a folder"],
    ["main: index.ts\n", "a file"],
    ["main: index\n", "a file without its ending"],
  ] as const) {
    it(`is found and transpiled when Pulumi.yaml says ${JSON.stringify(main)}: ${why}`, () => {
      install("typescript");
      write({
        "Pulumi.yaml": yaml + main,
        "package.json": JSON.stringify({ name: "shop", main: "index.ts" }),
        "tsconfig.json": tsconfig,
        "index.ts":
          'import { Size, type Unused } from "./extra.js";\nimport * as path from "path";\n' +
          "const name: Unused = path.basename('/a/b');\n" +
          "export default async (): Promise<object> => ({ size: Size.large, name });\n",
        "extra.ts": extra,
      });
      assert.deepEqual(run(), { answer: { size: 2, name: "b" }, error: "" });
    });
  }
  for (const tool of ["typescript", "esbuild"]) {
    it(`may be an ES module in TypeScript, with ${tool}: top-level await, its own place, CommonJS packages`, () => {
      install(tool);
      install("yaml");
      write({
        "Pulumi.yaml": yaml,
        "package.json": JSON.stringify({ name: "shop", type: "module" }),
        "tsconfig.json": JSON.stringify({ compilerOptions: { module: "nodenext", verbatimModuleSyntax: true } }),
        "index.ts":
          'import { Size } from "./deep/extra.js";\nimport yaml from "yaml";\nimport { parse } from "yaml";\n' +
          "const size: Size = await Promise.resolve(Size.large);\n" +
          "export default () => ({ size, same: yaml.parse === parse, here: import.meta.url.endsWith('/index.ts') });\n",
        "deep/extra.ts": extra,
      });
      assert.deepEqual(run(), { answer: { size: 2, same: true, here: true }, error: "" });
    });
  }
  it("may be compiled, of either kind", () => {
    write({ "Pulumi.yaml": `${yaml}main: bin\n`, "bin/index.js": "exports.default = () => ({ kind: 'commonjs' });" });
    assert.deepEqual(run().answer, { kind: "commonjs" });
    write({ "package.json": '{"type":"module"}', "bin/index.js": "export default () => ({ kind: 'module' });" });
    assert.deepEqual(run().answer, { kind: "module" });
    write({ "package.json": "{}", "Pulumi.yaml": `${yaml}main: a.mts\n`, "a.mts": "export default () => ({ b: 1 });" });
    assert.deepEqual(run().answer, { b: 1 });
  });
  it("is the JavaScript where both are there, as with plain pulumi", () => {
    write({ "Pulumi.yaml": yaml, "index.ts": "", "index.js": "" });
    assert.equal(programFile(readProject(folder)), join(folder, "index.js"));
  });

  it("that has a mistake names its place, whichever way it is loaded", () => {
    write({ "Pulumi.yaml": yaml, "index.ts": "\nexport default (: => {};" });
    for (const tool of ["typescript", "esbuild"]) {
      install(tool);
      for (const type of ["commonjs", "module"]) {
        write({ "package.json": JSON.stringify({ type }) });
        assert.match(run().error, /^EBG-CONFIG: the program .*index\.ts can't be loaded: [^]*index\.ts:2:\d+/);
      }
      rmSync(join(folder, "node_modules"), { recursive: true });
    }
    write({ "index.ts": "import './absent.js';\nexport default () => ({});", "package.json": "{}" });
    assert.match(run().error, /^EBG-CONFIG: .*Cannot find module '\.\/absent\.js'/);
  });
  it("must export a function", () => {
    write({ "Pulumi.yaml": yaml, "index.js": "exports.vpc = 1;" });
    assert.match(run().error, /^EBG-CONFIG: .*index\.js does not export a function → export the program/);
  });
  it("must be there", () => {
    write({ "Pulumi.yaml": yaml });
    assert.match(run().error, /^EBG-NO-PROJECT: .* holds no program/);
    write({ "Pulumi.yaml": `${yaml}main: src/index.ts\n` });
    assert.match(run().error, /^EBG-NO-PROJECT: .*main names is missing: .*src\/index\.ts/);
    write({ "Pulumi.yaml": "name: [" });
    assert.match(run().error, /^EBG-NO-PROJECT: .*Pulumi\.yaml can't be read/);
    write({ "Pulumi.yaml": `${yaml}main: 7\n` });
    assert.match(run().error, /^EBG-NO-PROJECT: .*main is no text/);
  });

  it("is an ES module by its name, else by the nearest package.json", () => {
    write({ "package.json": '{"type":"module"}', "lib/package.json": "{}" });
    const kinds = ["a.ts", "a.js", "a.cts", "lib/a.ts", "lib/a.mts"].map((name) => isModule(join(folder, name)));
    assert.deepEqual(kinds, [true, true, false, false, true]);
  });
});

describe("transpiling", () => {
  it("takes what says how code is made from tsconfig.json and its parents, and nothing else", () => {
    install("typescript");
    write({
      "base.json": JSON.stringify({ compilerOptions: { experimentalDecorators: true, outDir: "bin", noEmit: true } }),
      "tsconfig.json": JSON.stringify({ extends: "./base.json", compilerOptions: { module: "es2022", strict: true } }),
    });
    const found = findTranspiler(folder, [join(folder, "index.ts")]);
    assert.deepEqual(found?.compilerOptions, { experimentalDecorators: true });
    assert.match(transpile(found, "export const a: number = 1;", "a.ts", "commonjs"), /exports\.a = 1/);
    assert.match(transpile(found, "export const a: number = 1;", "a.ts", "module"), /export const a = 1/);
  });
  it("uses the TypeScript of Pulumi's SDK where there is no other", () => {
    mkdirSync(join(folder, "node_modules/@pulumi"), { recursive: true });
    install("@pulumi/pulumi");
    const found = findTranspiler(folder, [join(folder, "index.ts")]);
    assert.match(found?.path ?? "", /vendor.typescript@3\.8\.3/);
    assert.ok(found !== null);
    assert.match(transpile(found, "export const a: number = 1;", "a.ts", "commonjs"), /exports\.a = 1/);
  });
  it("is not possible without any", () => assert.equal(findTranspiler(folder, [join(folder, "index.ts")]), null));
});

describe("copies of Pulumi's SDK", () => {
  const sdk = (at: string, version: string): void =>
    write({
      [`${at}/@pulumi/pulumi/package.json`]: JSON.stringify({ version }),
      [`${at}/@pulumi/pulumi/index.js`]: "",
    });
  const library = "node_modules/eks-blue-green";

  it("may be one, which the library finds as the program does", () => {
    sdk("node_modules", "3.276.0");
    write({
      [`${library}/package.json`]: "{}",
      "Pulumi.yaml": "name: shop\n",
      "index.js": "module.exports = () => ({})",
    });
    const copies = installedCopies({ main: folder });
    assert.deepEqual(new Set(copies.map(({ path }) => path)).size, 1);
    assert.doesNotThrow(() => assertOneCopy(copies));
  });
  it("are named with their places and the way out when there are two", () => {
    sdk("node_modules", "3.276.0");
    sdk(`${library}/node_modules`, "3.246.0");
    write({
      [`${library}/package.json`]: "{}",
      "Pulumi.yaml": "name: shop\n",
      "index.js": "module.exports = () => ({})",
    });
    const { error } = run();
    assert.match(error, /^EBG-CONFIG: there are 2 copies of @pulumi\/pulumi.*3\.276\.0 in .*\(the program's\)/);
    assert.match(error, /3\.246\.0 in .*eks-blue-green\/node_modules.*→ npm dedupe;.*"overrides"/);
  });
  it("that only loading the program shows are found as well", () => {
    sdk("node_modules", "3.276.0");
    sdk("vendor/node_modules", "3.100.0");
    write({
      "Pulumi.yaml": "name: shop\n",
      "index.js": "require('@pulumi/pulumi'); require('./vendor'); module.exports = () => ({})",
      "vendor/index.js": "require('@pulumi/pulumi')",
    });
    assert.match(run().error, /^EBG-CONFIG: there are 2 copies.*3\.100\.0 in .*vendor.*\(loaded by the program\)/);
  });
});
