/** Charts for tests, in a folder or as `helm package` writes them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

export type Texts = Readonly<Record<string, string>>;

export function writeChart(folder: string, files: Texts): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);

function header(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write(size.toString(8).padStart(11, "0"), 124);
  block.write(type, 156);
  block.write("ustar\x0000", 257);
  block.write(" ".repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** `[name, content, type]` of each entry, in order. */
export function archive(
  entries: readonly (readonly [name: string, content: string | Buffer, type?: string])[],
): Buffer {
  const blocks = entries.flatMap(([name, content, type = "0"]) => {
    const bytes = Buffer.from(content);
    return [header(name, bytes.length, type), padded(bytes)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export const packed = (name: string, files: Readonly<Record<string, string | Buffer>>): Buffer =>
  archive(Object.entries(files).map(([file, content]) => [`${name}/${file}`, content] as const));
