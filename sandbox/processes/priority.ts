/**
 * Processes that clients' requests pass through come before all others: else a busy machine, on which each gets the same
 * part, looks like lost requests.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** As `nice` counts: lower comes first. */
const first = -10;

/** As every process does that the sandbox starts. */
function leadsSession(): boolean {
  if (process.platform !== "linux") return false;
  const text = readFileSync("/proc/self/stat", "utf8");
  // Behind the command, which may hold anything: state, parent, group, session.
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[3]) === process.pid;
}

/**
 * This process comes first from now on, where that is permitted (on Linux to root alone). Where it is not, everything
 * works as well, with less room on a busy machine.
 */
export function comeFirst(): void {
  try {
    setPriority(first);
    // Linux shares the CPU out among sessions where it is told to, see sched(7). One that others are in stays as it is.
    if (leadsSession()) writeFileSync("/proc/self/autogroup", String(first));
  } catch {
    // not permitted, or a kernel without groups
  }
}
