/** A `.tar.gz` of small text files, as Helm reads charts. */
import { gzipSync } from "node:zlib";

const block = 512;

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`;

/** One header of the POSIX format. @throws Error for a path that it can't hold */
function header(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`the path ${path} is too long for an archive`);
  const bytes = Buffer.alloc(block);
  bytes.write(path, 0, "utf8");
  bytes.write(octal(0o644, 8), 100, "latin1");
  bytes.write(octal(0, 8), 108, "latin1");
  bytes.write(octal(0, 8), 116, "latin1");
  bytes.write(octal(size, 12), 124, "latin1");
  bytes.write(octal(0, 12), 136, "latin1");
  // The sum is made over the header with blanks in the sum's own place.
  bytes.write(" ".repeat(8), 148, "latin1");
  bytes.write("0", 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

/** The same bytes for the same files: nothing of time or machine is in them. */
export function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text);
    const padding = Buffer.alloc((block - (content.length % block)) % block);
    return [header(path, content.length), content, padding];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]));
}
