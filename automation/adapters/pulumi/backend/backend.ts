/** Which kind of backend a project has, and how each tells whether somebody holds a stack. */
import { homedir } from "node:os";
import { resolve } from "node:path";

/**
 * `file`: a folder, whose locks can be listed. `bucket`: S3, GCS, Azure, …: its locks are objects, which only a command
 * that takes the lock itself meets. `service`: Pulumi Cloud or one's own; it says whether an update is in progress.
 */
export type Backend =
  | { readonly kind: "file"; readonly root: string }
  | { readonly kind: "bucket"; readonly url: string }
  | { readonly kind: "service"; readonly url: string };

/** `directory`: what a relative folder is relative to. */
export function backendOf(url: string, directory: string): Backend {
  if (url.startsWith("file://")) {
    const path = url
      .slice("file://".length)
      .replace(/\?.*$/, "")
      .replace(/^~(?=\/|$)/, homedir());
    return { kind: "file", root: resolve(directory, path) };
  }
  return /^https?:\/\//.test(url) ? { kind: "service", url } : { kind: "bucket", url };
}

/** The backend's address in what `pulumi whoami --json` prints; null: it says none. */
export function urlIn(whoami: string): string | null {
  try {
    const { url } = JSON.parse(whoami) as { url?: unknown };
    return typeof url === "string" && url !== "" ? url : null;
  } catch {
    return null;
  }
}

/** Whether what `pulumi stack ls --json` prints says that an update of the stack is in progress. */
export function updateInProgress(list: string, stack: string): boolean {
  const stacks = JSON.parse(list) as readonly { readonly name?: string; readonly updateInProgress?: boolean }[];
  const short = stack.split("/").at(-1);
  return stacks.some(({ name, updateInProgress: busy }) => busy === true && name?.split("/").at(-1) === short);
}
