/** The cache of built and downloaded tools: one folder per tool and version, put in place whole or not at all. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isAlive, processStartTime } from "../processes/processes";
import type { OnProgress } from "./progress";
import { withProgress } from "./progress";

/** `$EKS_BLUE_GREEN_CACHE`, else `$XDG_CACHE_HOME/eks-blue-green`, else `~/.cache/eks-blue-green`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env["EKS_BLUE_GREEN_CACHE"]) return env["EKS_BLUE_GREEN_CACHE"];
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "eks-blue-green");
}

export class Cache {
  constructor(readonly dir: string) {}

  /** Folder of a tool; it exists exactly when the tool is complete. */
  folder(tool: string, version: string): string {
    return join(this.dir, `${tool}-${version}-${process.platform}-${process.arch}`);
  }

  binary(tool: string, version: string): string {
    return join(this.folder(tool, version), tool);
  }

  has(tool: string, version: string): boolean {
    return existsSync(this.binary(tool, version));
  }

  /** A new empty folder inside the cache, so that a rename out of it stays on one file system. */
  temporary(): string {
    mkdirSync(this.dir, { recursive: true });
    return mkdtempSync(join(this.dir, ".new-"));
  }

  /** Puts a finished binary in place. Another run may have been faster: then that one's stays. */
  install(tool: string, version: string, from: string): void {
    const staging = this.temporary();
    renameSync(from, join(staging, tool));
    try {
      renameSync(staging, this.folder(tool, version));
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      if (!this.has(tool, version)) throw error;
    }
  }

  logFile(name: string): string {
    return join(this.dir, "logs", `${name}.log`);
  }

  /** Runs `work` while no other process has the same lock. A lock whose owner is dead is taken over. */
  async withLock<T>(name: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
    mkdirSync(this.dir, { recursive: true });
    const file = join(this.dir, `.lock-${name}`);
    if (!takeLock(file)) {
      await withProgress(`another run that is getting ${name}`, "wait", onProgress, async () => {
        while (!takeLock(file)) await new Promise((resolve) => setTimeout(resolve, 250));
      });
    }
    try {
      return await work();
    } finally {
      rmSync(file, { force: true });
    }
  }
}

function takeLock(file: string): boolean {
  // Written aside and linked by the exclusive flag's atomicity: a lock file is never seen empty for long.
  const owner = `${process.pid} ${processStartTime(process.pid) ?? ""}`;
  try {
    writeFileSync(file, owner, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const [pid, startTime] = readOwner(file);
  if (pid === null || isAlive(pid, startTime)) return false;
  // Two runs may see the same dead owner: only one of them can rename the file away.
  try {
    const mine = `${file}.${process.pid}.stale`;
    renameSync(file, mine);
    rmSync(mine, { force: true });
  } catch {
    return false;
  }
  return takeLock(file);
}

/** Null when the file is gone or not written yet. */
function readOwner(file: string): [pid: number | null, startTime: string | undefined] {
  try {
    const [pid, startTime] = readFileSync(file, "utf8").split(" ");
    return [pid ? Number(pid) : null, startTime];
  } catch {
    return [null, undefined];
  }
}
