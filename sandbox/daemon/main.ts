/**
 * The daemon: one process for one sandbox. Started by start.ts; usage: node main.js <dir>, the start message comes over
 * IPC.
 */
import { Sandbox, type DaemonStart } from "./sandbox";
import { SandboxError } from "../shared/errors";

export type FromDaemon =
  | { readonly type: "progress"; readonly message: string }
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly code: `SBX-${string}`; readonly message: string; readonly remedy: string };

let sandbox: Sandbox | null = null;
let ending = false;

function tell(message: FromDaemon): void {
  if (process.connected) process.send?.(message, () => undefined);
}

async function end(why: string, exitCode: number): Promise<void> {
  if (ending) return;
  ending = true;
  // Whatever hangs: the reaper finishes the work as soon as this process is gone.
  setTimeout(() => process.exit(exitCode), 12_000).unref();
  sandbox?.log({ event: "ending", why });
  await sandbox?.stop();
  process.exit(exitCode);
}

async function start(message: DaemonStart): Promise<void> {
  try {
    sandbox = new Sandbox(message, (why) => void end(why, 0));
    if (message.options.untilStdinCloses) {
      process.stdin.resume();
      process.stdin.once("end", () => void end("standard input closed", 0));
      process.stdin.once("error", () => void end("standard input failed", 0));
    }
    await sandbox.start((text) => tell({ type: "progress", message: text }));
    tell({ type: "ready" });
  } catch (error) {
    const known =
      error instanceof SandboxError
        ? error
        : new SandboxError(
            "SBX-START",
            error instanceof Error ? (error.stack ?? error.message) : String(error),
            "This is a defect of the sandbox; please report it with this text.",
          );
    tell({ type: "failed", code: known.code, message: known.message, remedy: known.remedy });
    await end("could not start", 1);
  }
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => void end(signal, 0));
process.on("uncaughtException", (error) => {
  console.error(new Date().toISOString(), error);
  sandbox?.log({ event: "uncaught", message: error.stack });
});
process.on("unhandledRejection", (error) => {
  console.error(new Date().toISOString(), error);
  sandbox?.log({ event: "unhandled-rejection", message: String(error) });
});
process.once("message", (message) => void start(message as DaemonStart));
// Its starter died before it said what to start.
process.once("disconnect", () => {
  if (sandbox === null) process.exit(1);
});
