import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeOwnFolder } from "../project/own-folder";

const kept = 20;

/** Writes a stack's exported state beside the project and drops the oldest copies; answers the file. */
export function keepBackup(workDirectory: string, stack: string, text: string): string {
  const folder = makeOwnFolder(workDirectory, "state-backups");
  const file = join(folder, `${stack}.${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, text, { mode: 0o600 });
  const mine = readdirSync(folder)
    .filter((name) => name.startsWith(`${stack}.`))
    .sort();
  for (const old of mine.slice(0, Math.max(0, mine.length - kept))) rmSync(join(folder, old), { force: true });
  return file;
}
