/**
 * A process named so that it can be recognised later. A pid alone names nobody: it is reused, another container has the
 * same one, and so has another machine. A pid with its start time, the machine's boot id and the pid namespace is an
 * identity.
 */
import { readFileSync, readlinkSync } from "node:fs";

export interface ProcessMark {
  readonly pid: number;
  /** In hundredths of a second since the machine's start, as Linux counts it. */
  readonly startedTicks: string;
  readonly bootId: string;
  readonly pidNamespace: string;
}

/** The 22nd field of `/proc/<pid>/stat`; null: no such process, or it has ended and nobody has asked for its end. */
function startedTicks(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const pidNamespace = (): string => readlinkSync("/proc/self/ns/pid");

/** null where the system does not tell (not Linux), or when there is no such process. */
export function markOf(pid: number): ProcessMark | null {
  const ticks = startedTicks(pid);
  if (ticks === null) return null;
  try {
    return { pid, startedTicks: ticks, bootId: bootId(), pidNamespace: pidNamespace() };
  } catch {
    return null;
  }
}

/** Reads a mark from its JSON text; null for anything else. */
export function parseMark(text: string): ProcessMark | null {
  try {
    const { pid, startedTicks: ticks, bootId: boot, pidNamespace: space } = JSON.parse(text) as Partial<ProcessMark>;
    return typeof pid === "number" && typeof ticks === "string" && typeof boot === "string" && typeof space === "string"
      ? { pid, startedTicks: ticks, bootId: boot, pidNamespace: space }
      : null;
  } catch {
    return null;
  }
}

/**
 * `unknown`: of another boot, machine or pid namespace, where nobody can tell from here. What is not provably gone is
 * never taken for gone.
 */
export function lifeOf(mark: ProcessMark): "lives" | "gone" | "unknown" {
  try {
    if (mark.bootId !== bootId() || mark.pidNamespace !== pidNamespace()) return "unknown";
    // Without its own entry /proc hides other processes, or is another namespace's.
    if (startedTicks(process.pid) === null) return "unknown";
  } catch {
    return "unknown";
  }
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "gone";
  }
  const ticks = startedTicks(mark.pid);
  if (ticks === mark.startedTicks) return "lives";
  // Another process has the number, or this one waits to be buried. With `hidepid` nobody can tell.
  return ticks === null && !mayRead(mark.pid) ? "unknown" : "gone";
}

function mayRead(pid: number): boolean {
  try {
    readFileSync(`/proc/${pid}/stat`);
    return true;
  } catch {
    return false;
  }
}
