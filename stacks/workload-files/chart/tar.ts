/** Reads a `.tgz`, as `helm package` writes it: files by path. Pure. */
import { gunzipSync } from "node:zlib";

const block = 512;
/** A chart may have this much, unpacked; Helm's own limit is a hundred megabytes. */
const mostBytes = 100 * 1024 * 1024;

const textAt = (header: Buffer, from: number, length: number): string =>
  header.toString("utf8", from, from + length).split("\0")[0] ?? "";

/** `path` out of the records of an extended header (`27 path=charts/…`). */
const pathIn = (records: string): string | null => /^\d+ path=(.*)$/m.exec(records)?.[1] ?? null;

/** @throws Error when it is none, or ends too early */
export function filesOfArchive(archive: Buffer): Map<string, Buffer> {
  const tar = gunzipSync(archive, { maxOutputLength: mostBytes });
  const files = new Map<string, Buffer>();
  let longName: string | null = null;
  for (let at = 0; at + block <= tar.length;) {
    const header = tar.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textAt(header, 124, 12).trim() || "0", 8);
    if (textAt(header, 257, 5) !== "ustar" || Number.isNaN(size)) throw new Error("it is no archive of tar");
    const content = tar.subarray(at + block, at + block + size);
    if (content.length < size) throw new Error("it ends in the middle of a file");
    at += block + Math.ceil(size / block) * block;
    const type = textAt(header, 156, 1);
    const prefix = textAt(header, 345, 155);
    const name: string = longName ?? (prefix === "" ? "" : `${prefix}/`) + textAt(header, 0, 100);
    if (type === "x") longName = pathIn(content.toString("utf8"));
    else if (type === "L") longName = textAt(content, 0, content.length);
    else {
      longName = null;
      if (type === "0" || type === "") files.set(name.replace(/^\.\//, ""), content);
    }
  }
  return files;
}
