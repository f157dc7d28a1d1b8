/** Whether the process that wrote the record's `by` still runs. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** `elsewhere`: of another machine or container, or nobody can tell from here. */
export type WriterLife = "runs" | "gone" | "elsewhere";

/** As the record has it: `user@host pid`. */
const written = /^.*@([^@\s]+) (\d+)$/;

/** A pid is reused: of a process that is no driver, nothing of ours runs under it. */
function isDriver(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("eks-blue-green");
  } catch {
    // Of another user, or no /proc: something has that number.
    return true;
  }
}

/** `by`: of an intent or a halt. `host`: this machine's. */
export function writerLife(by: string, host = hostname()): WriterLife {
  const [, where, pid] = written.exec(by) ?? [];
  if (where !== host || pid === undefined) return "elsewhere";
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "gone";
  }
  return isDriver(Number(pid)) ? "runs" : "gone";
}
