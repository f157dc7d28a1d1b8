/** Who holds a stack's lock, and whether that process still lives. */
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import type { LockHolder } from "../engine/failures";
import { lifeOf } from "../../process-mark";
import type { EngineMark } from "./engine-marks";

/** An engine takes the lock within moments of its start: another process of the same number came at another time. */
const lockedWithinMs = 120_000;

/** The mark of the engine that took this lock, as far as pid and time tell. */
export function markOfHolder(holder: LockHolder, marks: readonly EngineMark[]): EngineMark | null {
  const locked = Date.parse(holder.since);
  return (
    marks.find(({ process, startedAt }) => {
      const started = Date.parse(startedAt);
      // The lock's time has whole seconds.
      return process.pid === holder.pid && locked - started >= -2_000 && locked - started <= lockedWithinMs;
    }) ?? null
  );
}

/** As the engine finds it: a container's user need not stand in its table of users. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USER"] ?? "";
  }
}

function isPulumi(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const program = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
    return basename(program).startsWith("pulumi");
  } catch (error) {
    // Of another user, or no /proc: something has that number.
    return ["EPERM", "ENOENT"].includes((error as { code?: string }).code ?? "");
  }
}

/**
 * `gone` only when it is proved: the lock is of this user and this host's name, in a folder, and an engine that this
 * driver's project started took it, in this boot and pid namespace, and has ended. A host's name and a pid alone prove
 * nothing: two containers may share both. `lives`: something like it runs here, and is worth a longer wait. `unknown`:
 * on another machine, in another container, or somebody else's.
 */
export function holderLives(
  holder: LockHolder,
  marks: readonly EngineMark[],
  backend: "file" | "bucket" | "service",
): "lives" | "gone" | "unknown" {
  if (holder.host !== hostname()) return "unknown";
  const mark = markOfHolder(holder, marks);
  if (mark !== null && holder.user === ownName()) {
    const life = lifeOf(mark.process);
    // Elsewhere than in a folder the same names may be another machine's.
    if (life !== "gone" || backend === "file") return life;
  }
  return isPulumi(holder.pid) ? "lives" : "unknown";
}
