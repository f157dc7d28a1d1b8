/** What was made of resource types that the sandbox does not play, in a file of the sandbox's folder: a line each. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const fileName = "not-played.ndjson";

/** Where a sandbox keeps it. */
export const notPlayedFile = (sandboxFolder: string): string => join(sandboxFolder, fileName);

export class NotPlayed {
  /** @param file null: nobody asks (a test of the provider alone). */
  constructor(private readonly file: string | null) {}

  created(type: string, id: string): void {
    if (this.file !== null) appendFileSync(this.file, `${JSON.stringify({ type, id })}\n`);
  }
}

/** How often each type was made, the types sorted; empty: everything was played. */
export function readNotPlayed(file: string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  for (const line of lines) {
    if (line === "") continue;
    const { type } = JSON.parse(line) as { readonly type: string };
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

/** `2 × aws:sqs/queue:Queue, 1 × …`. */
export const describeNotPlayed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([type, count]) => `${count} × ${type}`)
    .join(", ");
