/**
 * The last one out. A process of its own session that reads what the daemon started; when that pipe ends (the daemon
 * ended, by
 * whatever means) it ends everything still registered and removes the sandbox's folder.
 *
 * Usage: node reaper.js <dir>; on standard input lines `+pid starttime`, `-pid`.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isAlive, killGroup, processStartTime, startedFrom } from "./processes";
import { removeSandboxDir } from "./sandbox-dir";

const children = new Map<number, string>();

function onLine(line: string): void {
  const match = /^([+-])(\d+)(?: (\S+))?$/.exec(line);
  if (!match) return;
  const pid = Number(match[2]);
  if (match[1] === "+") children.set(pid, match[3] ?? "");
  else children.delete(pid);
}

function endAll(): void {
  for (const [pid, startTime] of children) {
    const now = processStartTime(pid);
    // Gone: its group may still have members, and then nobody else can have its number. Another start time: somebody
    // else's.
    if (now === null || startTime === "" || now === startTime) killGroup(pid);
  }
}

async function onEnd(dir: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  do {
    endAll();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while ([...children].some(([pid, startTime]) => isAlive(pid, startTime)) && Date.now() < deadline);
  // An engine that was killed leaves its language host, started from the sandbox's folder and in a group of its own;
  // alone it ends only minutes later.
  for (const pid of startedFrom(join(dir, "bin"))) killGroup(pid);
  // A process in its last moments may still write: removal is repeated until the folder stays away.
  while (!removeSandboxDir(dir) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  process.exit(0);
}

const dir = process.argv[2];
if (dir !== undefined) {
  // A reaper that could be ended by the signal that ends the daemon would leave everything behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", onLine);
  lines.on("close", () => void onEnd(dir));
}
