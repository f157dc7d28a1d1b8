/**
 * Writes the SHA-256 of every wheel of every pinned version into sandbox/tools/python/requirements.txt, as the package
 * index has them: `node scripts/python-hashes.mjs`, after a version was changed. pip then installs nothing else
 * (`--require-hashes`), whatever index it asks.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const file = join(fileURLToPath(import.meta.url), "..", "..", "sandbox", "tools", "python", "requirements.txt");
const index = (process.env.PIP_INDEX_URL ?? "https://pypi.org/simple").replace(/\/$/, "");

/** Wheels' names are `name-version(-build)-python-abi-platform.whl`, with other separators than the package's. */
const isWheelOf = (filename, name, version) =>
  filename.endsWith(".whl") &&
  filename.split("-")[0].toLowerCase().replaceAll(/[._]/g, "-") === name.toLowerCase().replaceAll(/[._]/g, "-") &&
  filename.split("-")[1] === version;

async function hashesOf(name, version) {
  const answer = await fetch(`${index}/${name.toLowerCase().replaceAll(/[._]+/g, "-")}/`, {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) throw new Error(`${index} answers ${answer.status} for ${name}`);
  const { files } = await answer.json();
  const found = files.filter(({ filename }) => isWheelOf(filename, name, version)).map(({ hashes }) => hashes.sha256);
  if (found.length === 0) throw new Error(`${index} has no wheel of ${name} ${version}`);
  return [...new Set(found)].sort();
}

const lines = readFileSync(file, "utf8").split("\n");
const comments = lines.filter((line) => line.startsWith("#"));
const pins = lines.flatMap((line) => /^([A-Za-z0-9._-]+)==([^\s\\]+)/.exec(line)?.slice(1, 3).join("==") ?? []);
const written = [];
for (const pin of pins) {
  const [name, version] = pin.split("==");
  const hashes = await hashesOf(name, version);
  written.push([pin, ...hashes.map((hash) => `    --hash=sha256:${hash}`)].join(" \\\n"));
  console.log(`${pin}: ${hashes.length}`);
}
writeFileSync(file, `${[...comments, ...written].join("\n")}\n`);
