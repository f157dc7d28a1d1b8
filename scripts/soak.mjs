// Bundles the simulation (it is test code and not part of the package) and runs it; arguments are passed on. With
// --confirm a sample is repeated
// in sandboxes, which run the compiled files.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const passedOn = process.argv.slice(2);
const run = (...args) => spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;

async function soak() {
  const scratch = mkdtempSync(join(tmpdir(), "eks-blue-green-soak-"));
  try {
    const outfile = join(scratch, "soak.cjs");
    await build({
      entryPoints: ["test/simulation/soak.ts"],
      outfile,
      bundle: true,
      format: "cjs",
      platform: "node",
      target: "node20",
      sourcemap: "inline",
      logLevel: "warning",
    });
    return run("--enable-source-maps", outfile, ...passedOn);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (passedOn.some((word) => word === "--confirm" || word.startsWith("--confirm="))) {
  process.exitCode =
    run("scripts/build.mjs") || run("-r", "ts-node/register/transpile-only", "test/simulation/confirm.ts", ...passedOn);
} else {
  process.exitCode = await soak();
}
