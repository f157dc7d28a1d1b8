/** Where text leaves for people: everything that comes from outside is made visible here, whatever it is part of. */
import { asLines, harmless, visible } from "../text/foreign";
import { pieces, wrap } from "../text/wrap";
import { widthOf } from "./width";

/** Longer than any text of ours; what is longer comes from outside. */
const mostCharacters = 4000;

/** The value with every text in it, keys included, made visible: what the renderers get. Line ends stay. */
export function printable<T>(value: T): T {
  if (typeof value === "string") {
    const text = visible(value);
    return (text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`) as T;
  }
  if (Array.isArray(value)) return value.map((one: unknown) => printable(one)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [visible(key), printable<unknown>(one)])) as T;
}

/** As `printable`, each text on one line: for tables and lists, whose lines are the renderer's. */
export function printableRows<T>(value: T): T {
  if (typeof value === "string") return printable(value as string).replace(/\s*\n\s*/g, "⏎") as T;
  if (Array.isArray(value)) return value.map((one: unknown) => printableRows(one)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [printableRows(key), printableRows<unknown>(one)]),
  ) as T;
}

/** Lines of a renderer that was given printable values; our own colours stay. */
export const print = (out: NodeJS.WritableStream, lines: readonly string[]): void =>
  void out.write(lines.map((line) => `${harmless(line)}\n`).join(""));

/** Of a message, ended between words. Made harmless last: a line that begins at a word of foreign text begins with it. */
const messageLines = (text: string, width: number): string[] =>
  asLines(text)
    .flatMap((line) => wrap(line, width))
    .map(harmless);

/** What `harmless` may add to a line. */
const added = 2;

/**
 * The same for a terminal's view, which would break a longer line wherever it is full, also within a word. `columns`:
 * of the terminal.
 */
export const viewLines = (text: string, columns: number): string[] =>
  messageLines(text, columns - added)
    .flatMap((line) => pieces(line, columns - added))
    .map(harmless);

/** Text of ours that has lines of its own, with what others wrote in it: nothing is indented. */
export const printText = (out: NodeJS.WritableStream, text: string): void => print(out, visible(text).split("\n"));

/**
 * One message: its first line, the rest indented below it. On a terminal its lines end between words; a remedy is
 * pasted, and stays as it is.
 */
export function printMessage(out: NodeJS.WritableStream & Partial<Terminal>, text: string): void {
  const width = text.startsWith("→") ? Infinity : widthOf({ isTTY: out.isTTY === true, columns: out.columns ?? 0 });
  out.write(`${messageLines(text, width).join("\n")}\n`);
}

type Terminal = Pick<NodeJS.WriteStream, "isTTY" | "columns">;

const uncommon = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * One line of JSON that steers neither the terminal nor the CI system that shows it; parsed, it is the value as it was.
 * `indent`: several lines, for people.
 */
export const jsonLine = (value: unknown, indent?: number): string =>
  `${JSON.stringify(value, null, indent)
    .replace(uncommon, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replace(/##(?=\[|vso\[|teamcity\[)/gi, "\\u0023#")}\n`;
