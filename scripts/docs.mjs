// Writes the files that follow from the sources: reference pages and the JSON schema of the config.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
require("ts-node/register/transpile-only");
const { generated } = require("./docs/generated.ts");
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
for (const [file, make] of Object.entries(generated)) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), await make());
  process.stdout.write(`${file}\n`);
}
