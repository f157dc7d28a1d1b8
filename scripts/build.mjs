// Transpiles every source file to dist/, one to one (no bundling, no type check: that is `npm run types`).
// `--types` also writes the declaration files that the published package carries.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const roots = ["components", "stacks", "automation", "sandbox", "bench"];
const entryPoints = ["index.ts"];
for (const root of roots) {
  for (const file of readdirSync(root, { recursive: true })) {
    if (String(file).endsWith(".ts") && !String(file).endsWith(".d.ts")) entryPoints.push(join(root, String(file)));
  }
}
rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints,
  outdir: "dist",
  outbase: ".",
  format: "cjs",
  platform: "node",
  target: "node20",
  sourcemap: "linked",
  logLevel: "warning",
});
if (process.argv.includes("--types")) {
  const tsc = spawnSync("npx", ["tsc", "--project", "tsconfig.types.json"], { stdio: "inherit" });
  if (tsc.status !== 0) process.exit(tsc.status ?? 1);
}
