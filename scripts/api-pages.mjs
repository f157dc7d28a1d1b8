// Writes docs/reference/api from the docstrings of what the package exports. `--check` writes nothing, and fails when
// the pages are not what the sources say. A type that an export refers to, and that nobody can name, fails too.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const pages = "docs/reference/api";

function write(folder) {
  const typedoc = ["node_modules/typedoc/bin/typedoc", "--out", folder, "--logLevel", "Warn"];
  const { status } = spawnSync(process.execPath, typedoc, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
const read = (folder) =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8").replaceAll("\r", "")]));

if (process.argv.includes("--check")) {
  const fresh = mkdtempSync(join(tmpdir(), "ebg-api-"));
  process.once("exit", () => rmSync(fresh, { recursive: true, force: true }));
  write(fresh);
  const [wanted, present] = [read(fresh), read(pages)];
  const differing = [...new Set([...wanted.keys(), ...present.keys()])].filter(
    (name) => wanted.get(name) !== present.get(name),
  );
  for (const name of differing)
    process.stderr.write(`${pages}/${name} is not what the sources say: run npm run docs:api\n`);
  process.exit(differing.length === 0 ? 0 : 1);
}
write(pages);
