// What npm installs, in an empty project: packed, installed, type-checked (strict, without skipLibCheck), previewed
// under Pulumi's mocks, and started from the command line. Once as ES modules with the newest @pulumi/* that the package
// allows, once as CommonJS with the oldest. Not part of `make test`, because it needs the npm registry.
//
//   node scripts/package-test.mjs [module|commonjs]
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const kinds = process.argv[2] === undefined ? ["module", "commonjs"] : [process.argv[2]];
const work = mkdtempSync(join(tmpdir(), "ebg-package-test-"));

/** @throws with what the command said */
function run(cwd, command, args, { status = 0, env = {} } = {}) {
  const began = Date.now();
  const child = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, ...env } });
  if (child.status !== status)
    throw new Error(`${command} ${args.join(" ")} ended with ${child.status}:\n${child.stdout}${child.stderr}`);
  return { stdout: child.stdout, stderr: child.stderr, seconds: (Date.now() - began) / 1000 };
}

function check(holds, what) {
  if (!holds) throw new Error(what);
}

const folderBytes = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const say = (kind, what, figure) => console.log(`${kind.padEnd(9)} ${what.padEnd(34)} ${figure}`);

function pack() {
  run(root, process.execPath, ["scripts/build.mjs", "--types"]);
  run(root, "npm", ["pack", "--ignore-scripts", "--pack-destination", work]);
  return join(
    work,
    readdirSync(work).find((name) => name.endsWith(".tgz")),
  );
}

const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };
/** `newest`: npm chooses; `oldest`: the first version of each range. */
const pulumi = (which) =>
  Object.fromEntries(
    Object.entries(ranges)
      .filter(([name]) => name.startsWith("@pulumi/"))
      .map(([name, range]) => [name, which === "newest" ? range : range.replace(/^\^/, "")]),
  );

/** Once without what only the sandbox needs, as a job with credentials installs it. */
const parts = (kind) => (kind === "commonjs" ? ["--omit=optional"] : []);

function install(folder, kind, tarball) {
  mkdirSync(folder);
  const project = {
    name: "users-program",
    private: true,
    type: kind,
    dependencies: { ...pulumi(kind === "module" ? "newest" : "oldest"), [manifest.name]: `file:${tarball}` },
    devDependencies: { typescript: manifest.devDependencies.typescript, "@types/node": "^20.0.0" },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  const options = { target: "es2022", module: "nodenext", strict: true, skipLibCheck: false, esModuleInterop: true };
  const compilerOptions = { ...options, noUncheckedIndexedAccess: true, outDir: "bin", types: ["node"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  cpSync(join(root, "test/package/consumer/index.ts"), join(folder, "index.ts"));
  say(
    kind,
    "npm install",
    `${run(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...parts(kind)]).seconds} s`,
  );
  const copies = readdirSync(join(folder, "node_modules", manifest.name)).includes("node_modules");
  check(!copies, "a dependency was installed a second time, inside of the package");
  const sandboxOnly = Object.keys(manifest.optionalDependencies).filter((name) =>
    readdirSync(join(folder, "node_modules")).includes(name.split("/")[0]),
  );
  say(kind, "packages of the sandbox alone", sandboxOnly.join(", ") || "none");
}

function preview(folder, kind) {
  say(kind, "tsc, strict, no skipLibCheck", `${run(folder, "npx", ["tsc"]).seconds} s`);
  const { stdout, seconds } = run(folder, process.execPath, ["bin/index.js"]);
  const seen = JSON.parse(stdout.trim().split("\n").at(-1));
  check(seen.resources > 20 && seen.own && seen.network && seen.loadBalancer && seen.callable, stdout);
  say(kind, `preview of ${seen.resources} resources`, `${seconds} s`);
}

/** As the tutorial's project has it; nothing is deployed, and the answer says so and what to do. */
function commandLine(folder, kind) {
  const bin = join(folder, "node_modules/.bin", manifest.name);
  const version = run(folder, bin, ["--version"]);
  check(version.stdout.trim() === manifest.version, version.stdout);
  say(kind, "eks-blue-green --version", `${version.seconds} s`);
  check(/Exit codes:/.test(run(folder, bin, ["--help"]).stdout), "no help");
  if (parts(kind).length > 0) {
    const rehearse = run(folder, bin, ["sandbox", "tools"], { status: 3 });
    check(/SBX-PACKAGE: .*left out[^\n]*\n→ install without --omit=optional/.test(rehearse.stderr), rehearse.stderr);
  }
  const main = `node_modules/${manifest.name}/dist/stacks/index.js`;
  writeFileSync(join(folder, "Pulumi.yaml"), `name: shop\nruntime: nodejs\nmain: ${main}\n`);
  mkdirSync(join(folder, "state"));
  const env = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, PULUMI_CONFIG_PASSPHRASE: "" };
  const plan = run(folder, bin, ["plan", "--stack", "prod"], { status: 3, env });
  // Without the pulumi CLI, which npm does not install, that is what is said.
  check(
    /EBG-UNKNOWN-STACK: .*\n→ .*eks-blue-green up --stack prod|EBG-TOOL-MISSING: .*pulumi/.test(plan.stderr),
    plan.stderr,
  );
}

function importTimes(folder, kind) {
  const time = (name) => {
    const load = kind === "module" ? `await import("${name}")` : `require("${name}")`;
    const script = `const began = performance.now(); ${load}; console.log(performance.now() - began);`;
    const { stdout } = run(folder, process.execPath, [`--input-type=${kind}`, "-e", script]);
    return `${(Number(stdout) / 1000).toFixed(2)} s`;
  };
  for (const name of ["@pulumi/pulumi", "components", "stacks", ""].map((one) =>
    one.startsWith("@") ? one : [manifest.name, one].filter(Boolean).join("/"),
  ))
    say(kind, `import of ${name}`, time(name));
}

try {
  console.log(`Node ${process.version}`);
  const tarball = pack();
  say("", "packed", megabytes(statSync(tarball).size));
  for (const kind of kinds) {
    const folder = join(work, kind);
    install(folder, kind, tarball);
    say(kind, "the package alone, unpacked", megabytes(folderBytes(join(folder, "node_modules", manifest.name))));
    preview(folder, kind);
    commandLine(folder, kind);
    importTimes(folder, kind);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
