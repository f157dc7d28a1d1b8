import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeOwnFolder } from "../project/own-folder";

const kept = 20;

/** A stack's name as part of a file's: a name with its organization has slashes, one from a state may have anything. */
const fileNameOf = (stack: string): string => stack.replace(/[^A-Za-z0-9._-]/g, "_");

/** Writes a stack's exported state beside the project and drops the oldest copies; answers the file. */
export function keepBackup(workDirectory: string, stack: string, text: string): string {
  const folder = makeOwnFolder(workDirectory, "state-backups");
  const name = fileNameOf(stack);
  const file = join(folder, `${name}.${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, text, { mode: 0o600 });
  const mine = readdirSync(folder)
    .filter((one) => one.startsWith(`${name}.`))
    .sort();
  for (const old of mine.slice(0, Math.max(0, mine.length - kept))) rmSync(join(folder, old), { force: true });
  return file;
}
