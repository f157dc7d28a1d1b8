/**
 * What costs every start of a driver the same time again, kept beside the project. It is only ever faster: what can't
 * be read, or was made of something else, is made anew, and a folder that can't be written is done without.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeOwnFolder } from "./own-folder";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Memory {
  /** The project's. */
  readonly directory: string;
  /** Of which thing: one text is kept of each, the last one. */
  readonly what: string;
  /** All that the text depends on. */
  readonly madeOf: readonly string[];
}

const nameOf = ({ what }: Memory): string => digest(what).slice(0, 32);
const headingOf = ({ madeOf }: Memory): string => `${digest(JSON.stringify(madeOf))}\n`;

export function recall(memory: Memory): string | null {
  const heading = headingOf(memory);
  try {
    const text = readFileSync(join(memory.directory, ".eks-blue-green", "cache", nameOf(memory)), "utf8");
    return text.startsWith(heading) ? text.slice(heading.length) : null;
  } catch {
    return null;
  }
}

export function keep(memory: Memory, text: string): void {
  try {
    const file = join(makeOwnFolder(memory.directory, "cache"), nameOf(memory));
    // By a rename: another driver never reads half of it.
    const scratch = `${file}.${process.pid}`;
    writeFileSync(scratch, headingOf(memory) + text, { mode: 0o600 });
    renameSync(scratch, file);
  } catch {
    // A project that can't be written to.
  }
}
