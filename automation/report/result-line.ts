/**
 * How a command ended, to whoever reads it: a program one JSON line on stdout, a person (also of that program's log)
 * the words.
 */

export interface Ending {
  readonly outcome: string;
  readonly message: string;
  readonly remedy: string | null;
}

const words = ({ outcome, message, remedy }: Ending): string =>
  `\n${outcome}: ${message}\n${remedy ? `→ ${remedy}\n` : ""}`;

/** `kind`: of the JSON line; null: the events have said it already. */
export function tellEnding(json: boolean, kind: string | null, ending: Ending): void {
  if (!json) return void process.stdout.write(words(ending));
  if (kind === null) return;
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), kind, ...ending })}\n`);
  process.stderr.write(words(ending));
}
