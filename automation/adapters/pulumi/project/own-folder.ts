import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes `.eks-blue-green/<name>` of a project's folder, for this user alone, and hides it from git. */
export function makeOwnFolder(directory: string, name: string): string {
  const root = join(directory, ".eks-blue-green");
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Nobody shall commit a state by accident.
  if (!existsSync(join(root, ".gitignore"))) writeFileSync(join(root, ".gitignore"), "*\n");
  return folder;
}
