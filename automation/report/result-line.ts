/**
 * How a command ended, to whoever reads it: a program one JSON line on stdout, a person (also of that program's log)
 * the words.
 */

import { jsonLine, printMessage } from "./edge";

export interface Ending {
  readonly outcome: string;
  readonly message: string;
  readonly remedy: string | null;
}

function tellPeople(out: NodeJS.WritableStream, { outcome, message, remedy }: Ending): void {
  out.write("\n");
  printMessage(out, `${outcome}: ${message}`);
  if (remedy) printMessage(out, `→ ${remedy}`);
}

/** `kind`: of the JSON line; null: the events have said it already. */
export function tellEnding(json: boolean, kind: string | null, ending: Ending): void {
  if (!json) return tellPeople(process.stdout, ending);
  if (kind === null) return;
  process.stdout.write(jsonLine({ at: new Date().toISOString(), kind, ...ending }));
  tellPeople(process.stderr, ending);
}
