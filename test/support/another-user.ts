/** Processes of somebody else, where this machine lets a test start them. */
import { spawnSync } from "node:child_process";

/** The usual number of the user who owns nothing. */
export const nobody = 65534;

/** Root alone may; in a container the number may not exist, and Node may lie where nobody else may read. */
export const canBe = (uid: number): boolean =>
  process.getuid?.() === 0 && spawnSync(process.execPath, ["-e", ""], { uid, gid: uid, cwd: "/" }).status === 0;
