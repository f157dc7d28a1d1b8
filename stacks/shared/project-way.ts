/** What driver and program both know of the way between their folders; without the SDK, of which each has its copy. */
import { realpathSync } from "node:fs";
import { relative } from "node:path";

/**
 * Set by whoever runs the program inline, where the SDK knows no project: the way from the program's folder to the
 * project's.
 */
export const projectPathVariable = "EKS_BLUE_GREEN_PROJECT_PATH";

/** Set by the same: the project's folder, for files that the program itself reads. */
export const projectFolderVariable = "EKS_BLUE_GREEN_PROJECT_FOLDER";

/** A folder's path from another one, the same on every machine: it becomes an input of resources. */
export const wayFrom = (program: string, project: string): string =>
  relative(realpathSync(program), realpathSync(project)).replace(/\\/g, "/");
