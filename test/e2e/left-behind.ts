/** What a rehearsal must not leave on the machine. */
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";

export const leftFolders = (): string[] => readdirSync(tmpdir()).filter((name) => /^eks-blue-green-[A-Za-z0-9]{6}$/.test(name));

/** Processes whose command line names a folder of ours. */
export function leftProcesses(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return /eks-blue-green-[A-Za-z0-9]{6}\//.test(line) ? [`${pid} ${line}`] : [];
    } catch {
      return [];
    }
  });
}
