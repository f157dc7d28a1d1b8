/** What npm installs of this package: what is in it, and how other programs find its parts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import typescript from "typescript";

const root = resolve(__dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json")) as Readonly<Record<string, unknown>>;
const sourceFolders = ["components", "stacks", "automation", "sandbox"];

const sources = (): string[] =>
  sourceFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );

/** Files and folders of the package that sources name: `join(packageRoot(), "policies", …)`. */
function namedInSources(): string[] {
  const named = sources().flatMap((file) =>
    [...read(file).matchAll(/join\(packageRoot\(\),((?:\s*"[^"]+",?)+)/g)].map(([, parts = ""]) =>
      [...parts.matchAll(/"([^"]+)"/g)].map(([, part]) => part).join("/"),
    ),
  );
  return [...new Set(named)].sort();
}

describe("the package", () => {
  let packed: string[] = [];
  before(function () {
    this.timeout(120_000);
    const pack = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" });
    assert.equal(pack.status, 0, pack.stderr);
    const [{ files }] = JSON.parse(pack.stdout) as [{ readonly files: readonly { readonly path: string }[] }];
    packed = files.map(({ path }) => path);
  });

  it("has every file that its sources read at run time", () => {
    const named = namedInSources();
    for (const known of [
      "bin/eks-blue-green.js",
      "sandbox/aws-front/validation/aws-models.json",
      "sandbox/load-balancer-controller/chart/helm",
      "sandbox/tools/go",
    ])
      assert.ok(named.includes(known), `the search does not find ${known} any more: ${named.join(", ")}`);
    // What a checkout has before its build: of the package, `dist` is the same.
    const published = named.filter((name) => !sourceFolders.some((folder) => name === `${folder}/index.ts`));
    for (const name of published)
      assert.ok(
        packed.some((file) => file === name || file.startsWith(`${name}/`)),
        `${name} is not in the package`,
      );
    for (const name of ["sandbox/tools/python/plugin_launcher.py", "sandbox/tools/python/requirements.txt"])
      assert.ok(packed.includes(name), name);
  });

  it("has the compiled file of every source", () => {
    const compiled = ["index.ts", ...sources()].map((file) => `dist/${file.replace(/ts$/, "js")}`);
    assert.deepEqual(
      compiled.filter((file) => !packed.includes(file)),
      [],
    );
  });

  it("has nothing of the tests and benches", () => {
    assert.deepEqual(
      packed.filter((file) => /^(dist\/)?(test|bench|scripts)\/|\.test\.|__pycache__|\.pyc$/.test(file)),
      [],
    );
  });

  it("declares the types of what it exports alone", () => {
    const config = join(root, "tsconfig.types.json");
    const host = { ...typescript.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
    const parsed = typescript.getParsedCommandLineOfConfigFile(config, {}, host);
    assert.ok(parsed !== undefined);
    assert.deepEqual(parsed.fileNames.map((file) => file.slice(root.length + 1)).sort(), [
      "index.ts",
      "stacks/index.ts",
    ]);
    const { outDir, rootDir, emitDeclarationOnly, declaration, noEmit } = parsed.options;
    assert.deepEqual([outDir, rootDir], [join(root, "dist"), root]);
    assert.deepEqual([emitDeclarationOnly, declaration, noEmit], [true, true, false]);
    // Options that contradict each other are told without a look at any file.
    const program = typescript.createProgram([], parsed.options);
    assert.deepEqual(
      program.getOptionsDiagnostics().map(({ messageText }) => messageText),
      [],
    );
  });

  it("is locked as its package.json says", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as {
      readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const locked = packages[""] ?? {};
    for (const key of [
      "name",
      "version",
      "dependencies",
      "optionalDependencies",
      "devDependencies",
      "peerDependencies",
      "engines",
      "bin",
    ])
      assert.deepEqual(locked[key], manifest[key], key);
  });

  it("wants a Node that loads ES modules with require, as its dependencies need", () => {
    const { node } = manifest["engines"] as { readonly node: string };
    // As npm compares them.
    const { satisfies } = createRequire(require.resolve("@pulumi/pulumi/package.json"))("semver") as {
      satisfies(version: string, range: string): boolean;
    };
    for (const version of ["20.18.3", "21.7.3", "22.0.0", "22.11.0"]) assert.ok(!satisfies(version, node), version);
    for (const version of ["20.19.0", "22.12.0", "24.0.0", "26.0.0"]) assert.ok(satisfies(version, node), version);
    for (const name of Object.keys(manifest["dependencies"] as object)) {
      const { engines } = JSON.parse(read(`node_modules/${name}/package.json`)) as { engines?: { node?: string } };
      const least = /(\d+)(?:\.(\d+))?/.exec(engines?.node ?? "0");
      assert.ok(
        Number(least?.[1]) < 20 || (Number(least?.[1]) === 20 && Number(least?.[2] ?? 0) <= 19),
        `${name} wants Node ${engines?.node}`,
      );
    }
  });
});

describe("a program that uses the package", () => {
  let folder = "";
  const entries: Readonly<Record<string, string>> = {
    "eks-blue-green": "index",
    "eks-blue-green/components": "components/index",
    "eks-blue-green/stacks": "stacks/index",
    // The ways of before there was a list of exports.
    "eks-blue-green/dist/components": "components/index",
    "eks-blue-green/dist/components/index.js": "components/index",
    "eks-blue-green/dist/stacks": "stacks/index",
    "eks-blue-green/dist/stacks/index.js": "stacks/index",
  };
  const run = (script: string, kind: "commonjs" | "module"): unknown => {
    const child = spawnSync(process.execPath, [`--input-type=${kind}`, "-e", script], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(child.status, 0, child.stderr);
    return JSON.parse(child.stdout);
  };
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "ebg-package-")));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "eks-blue-green"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const kind of ["commonjs", "module"] as const)
    it(`finds each of its parts by name, as ${kind}`, () => {
      const find = kind === "commonjs" ? "require.resolve" : "import.meta.resolve";
      const found = run(
        `console.log(JSON.stringify(${JSON.stringify(Object.keys(entries))}.map((name) => ${find}(name))))`,
        kind,
      ) as string[];
      assert.deepEqual(
        found.map((file) => file.replace(/^file:\/\//, "")),
        Object.values(entries).map((file) => join(root, "dist", `${file}.js`)),
      );
    });

  it("gets the same things, whichever way it loads them", () => {
    const names = ["SharedLoadBalancer", "MultiClusterService", "Workload"];
    const tell = `console.log(JSON.stringify([${names.map((name) => `typeof ${name}`).join()}, typeof program]))`;
    const wanted = [...names.map(() => "function"), "function"];
    const required = `const { ${names.join()} } = require("eks-blue-green/components"); const program = require("eks-blue-green/stacks");`;
    const imported = `import { ${names.join()} } from "eks-blue-green/components"; import program from "eks-blue-green/stacks";`;
    assert.deepEqual(run(`${required} ${tell}`, "commonjs"), wanted);
    assert.deepEqual(run(`${imported} ${tell}`, "module"), wanted);
  }).timeout(120_000);

  it("finds its package.json, schema and policies", () => {
    const files = ["package.json", "schema/config.schema.json", "policies/move.json"];
    assert.deepEqual(
      run(
        `console.log(JSON.stringify(${JSON.stringify(files)}.map((file) => require.resolve("eks-blue-green/" + file))))`,
        "commonjs",
      ),
      files.map((file) => join(root, file)),
    );
  });

  it("finds the types of each part, with every kind of resolution that tsconfig.json may name", () => {
    // As installed: the package's own manifest, and an empty file for each that it names.
    const installed = join(folder, "typed", "node_modules", "eks-blue-green");
    const write = (file: string): void => {
      mkdirSync(dirname(join(installed, file)), { recursive: true });
      writeFileSync(join(installed, file), "");
    };
    for (const entry of new Set(Object.values(entries)))
      for (const kind of ["js", "d.ts"]) write(`dist/${entry}.${kind}`);
    writeFileSync(join(installed, "package.json"), read("package.json"));
    const { ModuleKind, ModuleResolutionKind } = typescript;
    for (const [moduleResolution, module] of [
      [ModuleResolutionKind.Node10, ModuleKind.CommonJS],
      [ModuleResolutionKind.Node16, ModuleKind.Node16],
      [ModuleResolutionKind.NodeNext, ModuleKind.NodeNext],
      [ModuleResolutionKind.Bundler, ModuleKind.ESNext],
    ] as const)
      for (const mode of [ModuleKind.CommonJS, ModuleKind.ESNext] as const)
        for (const [name, entry] of Object.entries(entries)) {
          const { resolvedModule } = typescript.resolveModuleName(
            name,
            join(folder, "typed", "index.ts"),
            { moduleResolution, module },
            typescript.sys,
            undefined,
            undefined,
            mode,
          );
          assert.equal(
            resolvedModule?.resolvedFileName,
            join(installed, "dist", `${entry}.d.ts`),
            `${name}, ${ModuleResolutionKind[moduleResolution]}`,
          );
        }
  });
});
