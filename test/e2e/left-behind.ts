/** What a rehearsal must not leave on the machine. */
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const leftFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => /^eks-blue-green-[A-Za-z0-9]{6}$/.test(name));

/**
 * Processes whose command line names a rehearsal's folder in this test's own folder for temporary files: others run
 * beside it.
 */
export function leftProcesses(): string[] {
  const beginning = join(tmpdir(), "eks-blue-green-");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(beginning) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}
