// ts-node's transpiler (tsconfig.json, "ts-node"): esbuild takes a tenth of the time that the TypeScript compiler takes.
// Types are checked by `npm run types` alone. What a source becomes is kept by its content: a suite's many processes
// load the same files.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { transformSync, version } = require("esbuild");

const folder = join(__dirname, "..", "node_modules", ".cache", "transpiled");
const target = "node20";

/** esbuild starts a process for each file, so what it wrote is worth keeping. */
function kept(key, make) {
  const file = join(folder, `${key}.json`);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    const made = make();
    try {
      mkdirSync(folder, { recursive: true });
      // By a rename: another process never reads half of it.
      const scratch = `${file}.${process.pid}`;
      writeFileSync(scratch, JSON.stringify(made));
      renameSync(scratch, file);
    } catch {
      // A folder that can't be written makes it slower, and nothing else.
    }
    return made;
  }
}

exports.create = ({ nodeModuleEmitType }) => ({
  transpile(input, { fileName }) {
    const format = nodeModuleEmitType === "nodeesm" || fileName.endsWith(".mts") ? "esm" : "cjs";
    const options = { format, target, loader: "ts", sourcemap: "external" };
    const key = createHash("sha256")
      .update(JSON.stringify([version, options]))
      .update(input)
      .digest("hex");
    return kept(key, () => {
      const { code, map } = transformSync(input, { ...options, sourcefile: fileName });
      return { outputText: code, sourceMapText: map };
    });
  },
});
