// Bundles the simulation (it is test code and not part of the package) and runs it; arguments are passed on.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const scratch = mkdtempSync(join(tmpdir(), "eks-blue-green-soak-"));
try {
  const outfile = join(scratch, "soak.cjs");
  await build({ entryPoints: ["test/simulation/soak.ts"], outfile, bundle: true, format: "cjs", platform: "node", target: "node20", sourcemap: "inline", logLevel: "warning" });
  const run = spawnSync(process.execPath, ["--enable-source-maps", outfile, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
