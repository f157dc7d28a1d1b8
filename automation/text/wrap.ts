/** Text in lines of a width. A command that it names noBreak in one piece: with a line end in it, half of it would run. */
import { commandPattern } from "./command-line";

/** A space that no line ends at; it is written as a plain one. */
export const noBreak = "\u00a0";
/** Other tools' commands stand in backticks. */
const quoted = /`[^`\n]+`/g;

/** Words that a line may end between, with commands as one word. */
function wordsOf(text: string): string[] {
  const whole = (command: string): string => command.replaceAll(" ", noBreak);
  return text.replace(commandPattern(), whole).replace(quoted, whole).split(" ");
}

/** Columns of a character; more than it has for some, so that no line is longer than it is thought to be. */
const columnsOf = (character: string): number => ((character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2);

/** A line in pieces of at most `columns`, whatever is in it. */
export function pieces(line: string, columns: number): string[] {
  const all: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of line) {
    const more = columnsOf(character);
    if (used + more > columns && piece !== "") {
      all.push(piece);
      piece = "";
      used = 0;
    }
    piece += character;
    used += more;
  }
  return [...all, piece];
}

/** Lines of at most `width` characters where words allow it; those after the first begin with `indent`. */
export function wrap(text: string, width: number, indent = "  "): string[] {
  if (text.length <= width) return [text.replaceAll(noBreak, " ")];
  const lines: string[] = [];
  let line: string | null = null;
  for (const word of wordsOf(text)) {
    if (line === null) line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line.trimEnd());
      line = `${indent}${word}`;
    }
  }
  if (line !== null) lines.push(line.trimEnd());
  return lines.map((one) => one.replaceAll(noBreak, " "));
}
