/** The file backend's locks. Other backends tell of theirs only when an operation meets one. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import type { LockHolder } from "../engine/failures";

/** Folder of a file backend (`.pulumi` is in it); null for every other backend. */
export function fileBackendRoot(backendUrl: string | undefined): string | null {
  if (backendUrl === undefined || !backendUrl.startsWith("file://")) return null;
  return backendUrl.slice("file://".length).replace(/^~/, homedir()).replace(/\?.*$/, "");
}

/** Who holds the stack, or null when nobody does (or the backend is no folder). */
export function holderInFiles(backendUrl: string | undefined, project: string, stack: string): LockHolder | null {
  const root = fileBackendRoot(backendUrl);
  if (root === null) return null;
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
