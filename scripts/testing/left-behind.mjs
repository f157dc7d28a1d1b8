// What a test has left in its folder for temporary files, or running.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** What is still there when everything has had time to end: folders of ours, and processes that work in them. */
export async function leftAfter(folder) {
  const until = Date.now() + 20_000;
  for (;;) {
    const left = [
      ...readdirSync(folder).filter((entry) => /^(ebg|eks-blue-green)-/.test(entry)),
      ...processesNaming(folder),
    ];
    if (left.length === 0 || Date.now() > until) return left;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Processes whose command line names the folder. */
function processesNaming(folder) {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(folder) ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}
