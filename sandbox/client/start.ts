/** Starting, finding and ending sandboxes from another process. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, openSync, closeSync } from "node:fs";
import { join } from "node:path";
import type { SandboxInfo, SandboxOptions, ToolPaths } from "../contract";
import { ControlClient } from "./control-client";
import { SandboxError } from "../shared/errors";
import { cleanEnvironment, variablesToUnset } from "../daemon/environment";
import type { FromDaemon } from "../daemon/main";
import { isAlive } from "../processes/processes";
import { createSandboxDir, readSandboxInfo, removeSandboxDir } from "../processes/sandbox-dir";
import { script } from "../processes/scripts";
import type { DaemonStart } from "../daemon/sandbox";
import type { SandboxStatus } from "../daemon/status";

export { readSandboxInfo } from "../processes/sandbox-dir";
export { childEnvironment } from "../daemon/environment";

export interface StartProgress {
  readonly message: string;
  readonly elapsedSeconds: number;
}

const startDeadlineMs = 120_000;

/**
 * Starts a sandbox in `options.dir` and resolves when it answers. With `untilStdinCloses` it ends with this process,
 * however
 * that ends; otherwise it stays until `stopSandbox`.
 */
export async function startSandbox(
  options: SandboxOptions,
  tools: ToolPaths,
  onProgress: (progress: StartProgress) => void,
): Promise<SandboxInfo> {
  createSandboxDir(options.dir);
  const began = Date.now();
  const child = spawnDaemon(options.dir, options.untilStdinCloses);
  const start: DaemonStart = {
    options,
    tools,
    path: process.env["PATH"] ?? "",
    unset: variablesToUnset({}, process.env),
    passed: Object.fromEntries(
      (options.passEnv ?? []).flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ) as Record<string, string>,
  };
  child.send(start, () => undefined);
  try {
    await ready(child, (message) => onProgress({ message, elapsedSeconds: (Date.now() - began) / 1000 }));
  } catch (error) {
    if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, "SIGTERM");
    throw error;
  }
  // The daemon outlives this process, or ends with its standard input: nothing here shall wait for it.
  child.disconnect();
  child.unref();
  const stdin = child.stdin as (NodeJS.WritableStream & { unref?: () => void }) | null;
  stdin?.unref?.();
  const info = readSandboxInfo(options.dir);
  if (!info)
    throw new SandboxError(
      "SBX-START",
      "the sandbox ended just after it was ready",
      "Start it again with EKS_BLUE_GREEN_KEEP_LOGS=<folder> set, and look into the logs there.",
    );
  return info;
}

function spawnDaemon(dir: string, untilStdinCloses: boolean): ChildProcess {
  const log = openSync(join(dir, "logs", "daemon.log"), "a", 0o600);
  // Always a session of its own: a Ctrl-C in the terminal is for the driver, which then ends the sandbox when it is
  // safe.
  const child = spawn(process.execPath, [script("daemon/main"), dir], {
    detached: true,
    cwd: dir,
    env: cleanEnvironment(process.env),
    stdio: [untilStdinCloses ? "pipe" : "ignore", log, log, "ipc"],
  });
  closeSync(log);
  child.stdin?.on("error", () => undefined);
  return child;
}

function ready(child: ChildProcess, onProgress: (message: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (code: `SBX-${string}`, message: string, remedy: string): void => {
      clearTimeout(timer);
      reject(new SandboxError(code, message, remedy));
    };
    const timer = setTimeout(
      () =>
        fail(
          "SBX-TIMEOUT",
          `the sandbox was not ready after ${startDeadlineMs / 1000} s`,
          "The machine may be too busy. Set EKS_BLUE_GREEN_KEEP_LOGS=<folder> and look into the logs there.",
        ),
      startDeadlineMs,
    );
    child.once("error", (error) =>
      fail("SBX-START", `the sandbox could not be started: ${error.message}`, "Look at the message."),
    );
    child.once("exit", (code, signal) =>
      fail(
        "SBX-START",
        `the sandbox ended with ${signal ?? `exit code ${code}`} while it started`,
        "Set EKS_BLUE_GREEN_KEEP_LOGS=<folder> and look into the logs there.",
      ),
    );
    child.on("message", (message) => {
      const said = message as FromDaemon;
      switch (said.type) {
        case "progress":
          return onProgress(said.message);
        case "failed":
          return fail(said.code, said.message, said.remedy);
        case "ready":
          clearTimeout(timer);
          child.removeAllListeners("exit");
          return resolve();
        default:
          said satisfies never;
      }
    });
  });
}

const stopDeadlineMs = 20_000;

/** Ends the sandbox in `dir` and waits until process and folder are gone. Does nothing when there is none. */
export async function stopSandbox(dir: string): Promise<void> {
  const info = readSandboxInfo(dir);
  if (info) {
    await new ControlClient(info).shutdown().catch(() => process.kill(info.pid, "SIGTERM"));
    await gone(() => !isAlive(info.pid, info.startTime), stopDeadlineMs);
    // It hangs: the reaper ends the rest once the daemon is gone.
    if (isAlive(info.pid, info.startTime)) process.kill(info.pid, "SIGKILL");
    await gone(() => !existsSync(dir), stopDeadlineMs);
  }
  if (existsSync(dir) && !readSandboxInfo(dir)) removeSandboxDir(dir);
}

async function gone(check: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!check() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
}

/** Processes, memory, clusters. Throws `SBX-NOT-RUNNING` when no sandbox runs in `dir`. */
export async function sandboxStatus(dir: string): Promise<SandboxStatus> {
  const info = readSandboxInfo(dir);
  if (!info)
    throw new SandboxError(
      "SBX-NOT-RUNNING",
      `no sandbox runs in ${dir}`,
      "Start one with `eks-blue-green sandbox up`.",
    );
  return new ControlClient(info).status();
}
