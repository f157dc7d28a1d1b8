/** Who holds a stack's lock, and whether that process still lives. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { LockHolder } from "../engine/failures";

/** Linux counts a process' start in hundredths of a second since the machine's. null: can't be told. */
export function startedAtMs(processStat: string, machineStat: string): number | null {
  // The name, in brackets, may hold anything; the start is the 22nd field, the 20th behind it.
  const ticks = Number(processStat.slice(processStat.lastIndexOf(")") + 2).split(" ")[19]);
  const booted = Number(/^btime (\d+)$/m.exec(machineStat)?.[1]);
  return Number.isFinite(ticks) && Number.isFinite(booted) ? booted * 1000 + ticks * 10 : null;
}

/**
 * A process that is younger than the lock never held it. `btime` has whole seconds and moves with the clock: a minute
 * is left to it.
 */
export function startedLater(startedMs: number | null, since: string): boolean {
  const locked = Date.parse(since);
  return startedMs !== null && !Number.isNaN(locked) && startedMs > locked + 60_000;
}

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
    if (!basename(program).startsWith("pulumi")) return "gone";
    const started = startedAtMs(readFileSync(`/proc/${holder.pid}/stat`, "utf8"), readFileSync("/proc/stat", "utf8"));
    return startedLater(started, holder.since) ? "gone" : "lives";
  } catch {
    return "lives";
  }
}
