/**
 * What the operating system knows of a process. A pid alone names nobody: it is reused; with its start time it is an
 * identity.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Fields of `/proc/<pid>/stat` after the command, which may itself hold spaces and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** When the process started, in whatever unit the system has; null when it is gone (a zombie is gone). */
export function processStartTime(pid: number): string | null {
  if (process.platform === "linux") {
    const fields = statFields(pid);
    return fields === null || fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  }
  try {
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return text === "" ? null : text.replaceAll(/\s+/g, "_");
  } catch {
    return null;
  }
}

/** True when the pid is alive and, if a start time is given, still the same process. */
export function isAlive(pid: number, startTime?: string | null): boolean {
  const now = processStartTime(pid);
  return now !== null && (startTime == null || now === startTime);
}

/**
 * Ends the process and its group at once. Every child of the sandbox leads a group of its own, so that what it started
 * goes
 * with it. While any member of a group lives, the system gives nobody else that number.
 */
export function killGroup(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  // Signals to 0, 1, -1 would reach everybody's processes; a child that could not be started has the pid -1 here.
  if (!(pid > 1)) return;
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
    } catch {
      // already gone
    }
  }
}

/** Processes whose program was started by its path in this folder. Elsewhere than on Linux none are found. */
export function startedFrom(folder: string): number[] {
  if (process.platform !== "linux") return [];
  const beginning = folder.endsWith("/") ? folder : `${folder}/`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(beginning);
      } catch {
        return false;
      }
    });
}

/**
 * Memory of the process in bytes: its proportional share where the kernel tells, else what is resident; null when it is
 * gone.
 */
export function processMemory(pid: number): number | null {
  for (const [file, line] of [
    ["smaps_rollup", /^Pss:\s+(\d+) kB/m],
    ["status", /^VmRSS:\s+(\d+) kB/m],
  ] as const) {
    try {
      const found = line.exec(readFileSync(`/proc/${pid}/${file}`, "utf8"));
      if (found?.[1] !== undefined) return Number(found[1]) * 1024;
    } catch {
      // not readable here: try the next source
    }
  }
  return null;
}
