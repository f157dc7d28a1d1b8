/** Official downloads, only with a pinned sum, and giving up quickly where there is no way out. */
import { createHash } from "node:crypto";
import { chmodSync, createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Cache } from "./cache";
import { type Download, downloads, type Tool } from "./catalog";
import { type OnProgress, withProgress } from "./progress";
import { outputOf } from "./run";

const firstByteMs = 5_000;
const stallMs = 15_000;

export function downloadFor(tool: Tool): Download | null {
  return downloads[`${tool.name}-${tool.version}-${process.platform}-${process.arch}`] ?? null;
}

/**
 * True when the tool is in the cache afterwards; false when it could not be had: building is the next way. A wrong sum
 * throws nothing away silently: it is reported.
 */
export async function tryDownload(
  tool: Tool,
  download: Download,
  cache: Cache,
  onProgress: OnProgress,
): Promise<boolean> {
  const work = cache.temporary();
  try {
    return await withProgress(`${tool.name} ${tool.version}`, "download", onProgress, async (detail) => {
      const archive = join(work, "download");
      const sum = await fetchTo(download.url, archive, (bytes) => detail(`${Math.round(bytes / 1e6)} MB`));
      if (sum !== download.sha256) throw new Error(`the sha256 of ${download.url} is ${sum}, not ${download.sha256}`);
      const binary = download.member === null ? archive : await unpack(archive, download.member, work);
      chmodSync(binary, 0o755);
      cache.install(tool.name, tool.version, binary);
      return true;
    });
  } catch (error) {
    onProgress({
      tool: tool.name,
      action: "download",
      status: "failed",
      elapsedSeconds: 0,
      message: `no download of ${tool.name}: ${error instanceof Error ? error.message : String(error)}`,
    });
    return false;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Streams to a file and gives the sha256. Some networks accept every connection and then say nothing: so the first byte
 * has a deadline.
 */
export async function fetchTo(
  url: string,
  file: string,
  onBytes: (bytes: number) => void,
  deadlines = { firstByteMs, stallMs },
): Promise<string> {
  const abort = new AbortController();
  let timer = setTimeout(
    () => abort.abort(new Error(`${url} did not answer in ${deadlines.firstByteMs / 1000} s`)),
    deadlines.firstByteMs,
  );
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const hash = createHash("sha256");
    let bytes = 0;
    const counter = new Transform({
      transform(chunk: Buffer, _, next) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(new Error(`${url} stalled`)), deadlines.stallMs);
        hash.update(chunk);
        bytes += chunk.length;
        onBytes(bytes);
        next(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body as never), counter, createWriteStream(file), {
      signal: abort.signal,
    });
    return hash.digest("hex");
  } catch (error) {
    throw abort.signal.aborted ? (abort.signal.reason as Error) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function unpack(archive: string, member: string, dir: string): Promise<string> {
  if ((await outputOf("tar", ["-xzf", archive, "-C", dir, member])) === null)
    throw new Error(`tar could not unpack ${member}`);
  return join(dir, member);
}
