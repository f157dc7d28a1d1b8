// Commands that a test run starts. Whoever ends the run (Ctrl-C, a CI job's end) ends them too, with all that they have
// started: `npx` hands a signal on to nobody, so that its tests would run on, and write into the next run's log.
import { spawn } from "node:child_process";
import { constants } from "node:os";

const running = new Set();

/** As `spawn` of Node does it, in a process group of its own. */
export function start(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid === undefined) return child;
  running.add(child.pid);
  return child.once("close", () => running.delete(child.pid));
}

function endAll(signal) {
  for (const group of running) {
    try {
      process.kill(-group, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, () => {
    endAll("SIGTERM");
    process.exit(128 + constants.signals[signal]);
  });
