/**
 * The sandbox's folder: made with a marker, and removed only with it, so that a mistyped `--dir` never costs anyone's
 * files.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../shared/errors";
import type { SandboxInfo } from "../contract";
import { isAlive } from "./processes";

const marker = ".eks-blue-green-sandbox";
/** Longest path of a unix socket, less the longest name that is put into the folder. */
const longestDir = 107 - "/provider-host.sock".length;

export const folders = ["bin", "kube", "logs", "state", "pulumi-home", "etcd", "aws"] as const;

export function createSandboxDir(dir: string): void {
  if (Buffer.byteLength(dir) > longestDir)
    throw new SandboxError(
      "SBX-DIR",
      `the folder's path ${dir} is longer than ${longestDir} bytes, which sockets in it can't have`,
      "Choose a shorter one with --dir.",
    );
  if (existsSync(dir) && !existsSync(join(dir, marker)) && readdirSync(dir).length > 0)
    throw new SandboxError(
      "SBX-DIR",
      `${dir} holds files that are not a sandbox's`,
      "Choose a new or empty folder with --dir.",
    );
  if (readSandboxInfo(dir))
    throw new SandboxError(
      "SBX-ALREADY-RUNNING",
      `a sandbox already runs in ${dir}`,
      "End it with `eks-blue-green sandbox down`, or choose another folder with --dir.",
    );
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, marker), "Removed together with this folder when the sandbox ends.\n");
  // Keys, certificates and states are nobody's to commit.
  writeFileSync(join(dir, ".gitignore"), "*\n");
  // The launchers are CommonJS without a file ending; in a project of ES modules Node would take them for those.
  writeFileSync(join(dir, "package.json"), '{"type":"commonjs"}\n');
  for (const folder of folders) mkdirSync(join(dir, folder), { mode: 0o700 });
}

/**
 * Removes the folder if it is a sandbox's; true when it is gone. `EKS_BLUE_GREEN_KEEP_LOGS` names a folder to which the
 * logs
 * are copied before.
 */
export function removeSandboxDir(dir: string): boolean {
  if (!existsSync(dir)) return true;
  if (!existsSync(join(dir, marker))) return true;
  const keep = process.env["EKS_BLUE_GREEN_KEEP_LOGS"];
  try {
    if (keep !== undefined && keep !== "") cpSync(join(dir, "logs"), keep, { recursive: true });
  } catch {
    // a log that vanishes while it is copied is no reason to leave the folder
  }
  try {
    for (const entry of readdirSync(dir))
      if (entry !== marker) rmSync(join(dir, entry), { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
  } catch {
    return false;
  }
  return !existsSync(dir);
}

/** What `<dir>/sandbox.json` says, or null when there is none or its process is gone. */
export function readSandboxInfo(dir: string): SandboxInfo | null {
  try {
    const info = JSON.parse(readFileSync(join(dir, "sandbox.json"), "utf8")) as SandboxInfo;
    return info.schemaVersion === 1 && isAlive(info.pid, info.startTime) ? info : null;
  } catch {
    return null;
  }
}
