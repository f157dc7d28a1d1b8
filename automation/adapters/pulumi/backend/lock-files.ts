/** The locks of a backend in a folder. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { LockHolder } from "../engine/failures";

/** Whether the backend in this folder has its stacks by project; one of old times has its locks elsewhere. */
export const isByProject = (root: string, project: string): boolean =>
  existsSync(join(root, ".pulumi", "stacks", project));

const folderOf = (root: string, project: string, stack: string): string =>
  join(root, ".pulumi", "locks", "organization", project, stack);

function readLock(file: string): LockHolder | null {
  try {
    const {
      pid,
      username,
      hostname: host,
      timestamp,
    } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly pid?: number;
      readonly username?: string;
      readonly hostname?: string;
      readonly timestamp?: string;
    };
    if (typeof pid !== "number") return null;
    return { pid, user: username ?? "", host: host ?? hostname(), since: timestamp ?? "" };
  } catch {
    // Released or being written at this moment; the engine itself has the last word.
    return null;
  }
}

const lockFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .map((name) => join(folder, name))
    : [];

/** Who holds the stack, or null when nobody does. */
export function holderInFiles(root: string, project: string, stack: string): LockHolder | null {
  for (const file of lockFiles(folderOf(root, project, stack))) {
    const holder = readLock(file);
    if (holder !== null) return holder;
  }
  return null;
}

/**
 * Takes away the lock of this holder and no other: `pulumi cancel` removes every lock of the stack, also that of an
 * update which began a moment ago, because another driver saw the same dead holder first.
 */
export function removeLockOf(holder: LockHolder, root: string, project: string, stack: string): void {
  for (const file of lockFiles(folderOf(root, project, stack))) {
    const found = readLock(file);
    // The engine tells the time of a lock in whole seconds.
    const apart = Math.abs(Date.parse(found?.since ?? "") - Date.parse(holder.since));
    if (found === null || found.pid !== holder.pid || found.host !== holder.host || !(apart < 1000)) continue;
    for (const gone of [file, `${file}.attrs`]) rmSync(gone, { force: true });
  }
}
