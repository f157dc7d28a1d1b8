// Collects the files in .changes into a section of CHANGELOG.md. Without a version it prints the section only.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = ".changes";
const kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
const version = process.argv[2];
if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
  process.stderr.write(`'${version}' is not a version. Use: node scripts/changelog.mjs 0.2.0\n`);
  process.exit(2);
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith(".md") && name !== "README.md")
  .sort();
const changes = names.map((name) => {
  // The formatter may break the sentence; notes are behind an empty line.
  const [first, ...more] = readFileSync(join(folder, name), "utf8")
    .trim()
    .split(/\n\s*\n/);
  const [, kind, sentence] = /^([A-Z][a-z]+): (.+)$/.exec((first ?? "").replace(/\s*\n\s*/g, " ")) ?? [];
  if (!kinds.includes(kind) || sentence.length > 200) {
    process.stderr.write(
      `${folder}/${name}: the first paragraph must be '${kinds.join("|")}: at most 200 characters'\n`,
    );
    process.exit(1);
  }
  const notes = more.join("\n\n").trim();
  return { kind, text: `- ${sentence}${notes === "" ? "" : `\n\n${notes.replace(/^(?=.)/gm, "  ")}\n`}` };
});
const section = kinds
  .map((kind) => ({ kind, texts: changes.filter((change) => change.kind === kind).map((change) => change.text) }))
  .filter(({ texts }) => texts.length > 0)
  .map(({ kind, texts }) => `### ${kind}\n\n${texts.join("\n")}\n`)
  .join("\n");

if (version === undefined) process.stdout.write(`## Unreleased\n\n${section}`);
else {
  const [head, ...rest] = readFileSync("CHANGELOG.md", "utf8").split(/^(?=## )/m);
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync("CHANGELOG.md", `${head}## ${version} - ${date}\n\n${section}\n${rest.join("")}`);
  for (const name of names) rmSync(join(folder, name));
}
