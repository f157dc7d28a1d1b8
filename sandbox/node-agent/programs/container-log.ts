/**
 * What a container has written, for `kubectl logs`: the newest lines, in memory or in the file that the program writes.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** Lines from a place on (0: all that is kept), and the place after the last one. */
export interface LogSource {
  since(place: number): { readonly lines: readonly LogLine[]; readonly next: number };
}

const MOST_LINES = 1_000;
/** Of a file only its end is of interest. */
const MOST_FILE_BYTES = 512 * 1024;

export class ContainerLog implements LogSource {
  private readonly ring: { readonly atMs: number; readonly text: () => string }[] = [];
  private written = 0;

  /** `text` is asked for only when somebody reads: a busy container writes many lines that nobody does. */
  add(text: () => string): void {
    this.ring[this.written % MOST_LINES] = { atMs: Date.now(), text };
    this.written += 1;
  }

  since(place: number): { lines: LogLine[]; next: number } {
    const lines: LogLine[] = [];
    for (let n = Math.max(place, this.written - MOST_LINES); n < this.written; n += 1) {
      const entry = this.ring[n % MOST_LINES];
      if (entry) lines.push({ atMs: entry.atMs, text: entry.text() });
    }
    return { lines, next: this.written };
  }
}

/** The lines of a file from a byte on; those of JSON carry their own time in `at`. */
export class FileLog implements LogSource {
  constructor(
    private readonly file: string,
    private readonly fromByte: number,
  ) {}

  since(place: number): { lines: LogLine[]; next: number } {
    let handle: number;
    try {
      handle = openSync(this.file, "r");
    } catch {
      return { lines: [], next: place };
    }
    try {
      const { size } = fstatSync(handle);
      const start = Math.max(this.fromByte, place, size - MOST_FILE_BYTES);
      const buffer = Buffer.alloc(Math.max(0, size - start));
      const read = readSync(handle, buffer, 0, buffer.length, start);
      // The last line may be half written.
      const whole = buffer.subarray(0, read).lastIndexOf(10) + 1;
      return { lines: buffer.toString("utf8", 0, whole).split("\n").slice(0, -1).map(fileLine), next: start + whole };
    } finally {
      closeSync(handle);
    }
  }
}

function fileLine(text: string): LogLine {
  const at = Date.parse(/"(?:at|ts|time)":"([^"]+)"/.exec(text)?.[1] ?? "");
  return { atMs: Number.isNaN(at) ? Date.now() : at, text };
}

/** A kubelet's parameters of `/containerLogs`. */
export interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | null;
  readonly limitBytes: number | null;
  readonly sinceMs: number | null;
}

export function logQuery(params: URLSearchParams, nowMs: number): LogQuery {
  const number = (name: string): number | null =>
    /^\d+$/.test(params.get(name) ?? "") ? Number(params.get(name)) : null;
  const seconds = number("sinceSeconds");
  const time = Date.parse(params.get("sinceTime") ?? "");
  return {
    follow: params.get("follow") === "true",
    previous: params.get("previous") === "true",
    timestamps: params.get("timestamps") === "true",
    tailLines: number("tailLines"),
    limitBytes: number("limitBytes"),
    sinceMs: seconds !== null ? nowMs - seconds * 1000 : Number.isNaN(time) ? null : time,
  };
}

/** The lines that a query asks for, of those that are there. */
export function selectLines(lines: readonly LogLine[], query: LogQuery): readonly LogLine[] {
  const { sinceMs, tailLines } = query;
  const recent = sinceMs === null ? lines : lines.filter(({ atMs }) => atMs >= sinceMs);
  return tailLines === null ? recent : recent.slice(Math.max(0, recent.length - tailLines));
}

export function logText(lines: readonly LogLine[], timestamps: boolean): string {
  return lines.map(({ atMs, text }) => `${timestamps ? `${new Date(atMs).toISOString()} ` : ""}${text}\n`).join("");
}
