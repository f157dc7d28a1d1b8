/**
 * The only place that makes folders in the system's temporary folder, where every user of the machine may write.
 * A folder is private from its first moment (0700, a name that nobody can guess) and is looked at before it is used.
 * One that may outlive a killed process carries the mark of its maker; a later process removes it only when all of this
 * holds: it is a folder and no link, it belongs to this user, nobody else may write into it or put another one in its
 * place, and its maker is provably gone. What is left over otherwise is left alone, and no failure to sweep escapes.
 */
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lifeOf, markOf, parseMark } from "./process-mark";

const prefix = "eks-blue-green-";
const markFile = "maker.json";

/** `undefined` where the system knows no users. */
const ownUid = (): number | undefined => process.getuid?.();

const isPrivate = (stats: Stats): boolean =>
  stats.isDirectory() && stats.uid === ownUid() && (stats.mode & 0o077) === 0;

/** Whether others can put something else in the place of an entry of ours. */
function entriesAreSafe(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  const trusted = uid === ownUid() || uid === 0;
  return trusted && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
}

function isAbandoned(folder: string): boolean {
  if (!isPrivate(lstatSync(folder))) return false;
  const file = join(folder, markFile);
  if (!lstatSync(file).isFile()) return false;
  const mark = parseMark(readFileSync(file, "utf8"));
  return mark !== null && lifeOf(mark) === "gone";
}

/** Removes what killed processes of this user left; answers the folders. Never throws. */
export function sweepTemporaryFolders(root: string = tmpdir()): readonly string[] {
  const removed: string[] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch {
      // Not ours to judge, or gone already.
    }
  };
  attempt(() => {
    if (ownUid() === undefined || !entriesAreSafe(root)) return;
    for (const name of readdirSync(root)) {
      if (!name.startsWith(prefix)) continue;
      attempt(() => {
        const folder = join(root, name);
        if (!isAbandoned(folder)) return;
        rmSync(folder, { recursive: true, force: true });
        removed.push(folder);
      });
    }
  });
  return removed;
}

let swept = false;

/** A new folder that nobody but this user can look into. The caller removes it. */
function create(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${purpose === "" ? "" : `${purpose}-`}`));
  // mkdtemp makes it private, whatever the umask; a file system that keeps no modes would not.
  if (ownUid() !== undefined) {
    chmodSync(folder, 0o700);
    if (!isPrivate(lstatSync(folder)))
      throw new Error(`${folder} can't be made private: set TMPDIR to a folder of your own on a local file system`);
  }
  return folder;
}

/** For as long as this process lives; a later one removes it when this one was killed. */
export function makeTemporaryFolder(purpose: string): string {
  if (!swept) sweepTemporaryFolders();
  swept = true;
  const folder = create(purpose);
  const mark = markOf(process.pid);
  if (mark !== null) writeFileSync(join(folder, markFile), JSON.stringify(mark), { mode: 0o600, flag: "wx" });
  return folder;
}

/** One that people are told of and may keep: nothing sweeps it. Its path is short, because sockets are put into it. */
export const makeKeptFolder = (): string => create("");

export function removeTemporaryFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A folder for the time of `work`. */
export async function withTemporaryFolder<T>(purpose: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeTemporaryFolder(purpose);
  try {
    return await work(folder);
  } finally {
    removeTemporaryFolder(folder);
  }
}

/** The same for work that is done at once, and leaves nothing that a sweep could find. */
export function withShortLivedFolder<T>(purpose: string, work: (folder: string) => T): T {
  const folder = create(purpose);
  try {
    return work(folder);
  } finally {
    removeTemporaryFolder(folder);
  }
}

/** A new file that nobody else may read. */
export function writePrivateFile(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600, flag: "wx" });
}
