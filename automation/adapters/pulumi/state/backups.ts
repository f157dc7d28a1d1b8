import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const kept = 20;

/** Writes a stack's exported state beside the project and drops the oldest copies; answers the file. */
export function keepBackup(workDirectory: string, stack: string, text: string): string {
  const root = join(workDirectory, ".eks-blue-green");
  const folder = join(root, "state-backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Nobody shall commit a state by accident.
  if (!existsSync(join(root, ".gitignore"))) writeFileSync(join(root, ".gitignore"), "*\n");
  const file = join(folder, `${stack}.${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, text, { mode: 0o600 });
  const mine = readdirSync(folder)
    .filter((name) => name.startsWith(`${stack}.`))
    .sort();
  for (const old of mine.slice(0, Math.max(0, mine.length - kept))) rmSync(join(folder, old), { force: true });
  return file;
}
