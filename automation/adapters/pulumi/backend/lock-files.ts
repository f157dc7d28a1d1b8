/** The locks of a backend in a folder. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { LockHolder } from "../engine/failures";

/** Whether the backend in this folder has its stacks by project; one of old times has its locks elsewhere. */
export const isByProject = (root: string, project: string): boolean =>
  existsSync(join(root, ".pulumi", "stacks", project));

/** Who holds the stack, or null when nobody does. */
export function holderInFiles(root: string, project: string, stack: string): LockHolder | null {
  const folder = join(root, ".pulumi", "locks", "organization", project, stack);
  if (!existsSync(folder)) return null;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    try {
      const {
        pid,
        username,
        hostname: host,
        timestamp,
      } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
        pid?: number;
        username?: string;
        hostname?: string;
        timestamp?: string;
      };
      if (typeof pid === "number")
        return { pid, user: username ?? "", host: host ?? hostname(), since: timestamp ?? "" };
    } catch {
      // Released or being written at this moment; the engine itself has the last word.
    }
  }
  return null;
}
