/** How numbers, durations and tables look, in every view. */
import { wrap } from "../text/wrap";

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  const minutes = Math.floor(value / 60);
  const rest = Math.round(value % 60);
  return rest === 60 ? `${minutes + 1} min 0 s` : `${minutes} min ${rest} s`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** One character for a value between 0 and `most`; a space for nothing. */
export function bar(value: number, most: number): string {
  if (value <= 0 || most <= 0) return " ";
  const level = Math.min(bars.length - 1, Math.max(0, Math.ceil((value / most) * bars.length) - 1));
  return bars[level] ?? "█";
}

/** A value that was seen at a time (milliseconds since 1970). */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/**
 * Means of the samples in `width` equal stretches from `from` to `to`; a stretch without a sample repeats the one
 * before, or is 0.
 */
export function overTime(samples: readonly Sample[], from: number, to: number, width: number): number[] {
  let last = 0;
  return Array.from({ length: width }, (_, column) => {
    const begins = from + ((to - from) * column) / width;
    const ends = from + ((to - from) * (column + 1)) / width;
    const part = samples.filter(({ at }) => at >= begins && (at < ends || (column === width - 1 && at <= to)));
    if (part.length > 0) last = part.reduce((sum, { value }) => sum + value, 0) / part.length;
    return last;
  });
}

/** Minutes of an estimate: `less than a minute`, `20 min`, `3 h 5 min`. */
export function roughly(value: number): string {
  const minutes = Math.ceil(value / 60);
  if (minutes <= 1) return value < 60 ? "less than a minute" : "1 min";
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Without the colours. */
export const bare = (text: string): string => text.replace(/\u001b\[\d+m/g, "");

const padded = (cell: string, width: number, right: boolean): string => {
  const spaces = " ".repeat(Math.max(0, width - bare(cell).length));
  return right ? `${spaces}${cell}` : `${cell}${spaces}`;
};

/** Columns padded to the widest cell; numbers (right: true) to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => bare(row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0, right[column] === true))
      .join("  ")
      .trimEnd(),
  );
}

/**
 * The table where it fits into `width`; else each row as lines of its own: its first cell, then the others with their
 * columns' names. The first row has the names.
 */
export function tableOrBlocks(
  rows: readonly (readonly string[])[],
  width: number,
  right: readonly boolean[] = [],
): string[] {
  const lines = table(rows, right);
  if (lines.every((line) => bare(line).length <= width)) return lines;
  const [names = [], ...others] = rows;
  return others.flatMap(([first = "", ...cells]) => {
    const named = cells.flatMap((cell, index) => (cell === "" ? [] : [`${names[index + 1] ?? ""} ${cell}`.trim()]));
    return [first.trimEnd(), ...wrap(`    ${named.join(", ")}`, width, "    ")];
  });
}
