/** Who holds a stack's lock, and whether that process still lives. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { LockHolder } from "./failures";

/** `unknown`: on another machine, where nobody can tell from here. */
export function holderLives(holder: LockHolder): "lives" | "gone" | "unknown" {
  if (holder.host !== hostname()) return "unknown";
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as { code?: unknown }).code === "ESRCH" ? "gone" : "lives";
  }
  // The number may have been given to another program since.
  try {
    const program = readFileSync(`/proc/${holder.pid}/cmdline`, "utf8").split("\0")[0] ?? "";
    return basename(program).startsWith("pulumi") ? "lives" : "gone";
  } catch {
    return "lives";
  }
}
