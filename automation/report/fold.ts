/** Lines that a terminal has no room for, folded into one at each end, so that what runs stays in view. Pure. */
import type { LineStatus, ViewLine } from "./view-model";

/** What stands for lines that are not shown: how many of each status. */
export interface Fold {
  readonly hidden: Readonly<Partial<Record<LineStatus, number>>>;
}

export interface Folded {
  readonly above: Fold | null;
  readonly lines: readonly ViewLine[];
  readonly below: Fold | null;
}

/** The line that a person looks for: the last that runs, else the last that was begun. */
function focusOf(lines: readonly ViewLine[]): number {
  const running = lines.findLastIndex(({ status }) => status === "running");
  return running >= 0
    ? running
    : Math.max(
        0,
        lines.findLastIndex(({ status }) => status !== "pending"),
      );
}

function foldOf(lines: readonly ViewLine[]): Fold | null {
  if (lines.length === 0) return null;
  const hidden: Partial<Record<LineStatus, number>> = {};
  for (const { status } of lines) hidden[status] = (hidden[status] ?? 0) + 1;
  return { hidden };
}

/** At most `rows` rows, with the folds; at least the line in focus. A third of the room is for what was before it. */
export function folded(lines: readonly ViewLine[], rows: number): Folded {
  const part = (from: number, to: number): Folded => ({
    above: foldOf(lines.slice(0, from)),
    lines: lines.slice(from, to),
    below: foldOf(lines.slice(to)),
  });
  if (lines.length <= rows) return part(0, lines.length);
  const focus = focusOf(lines);
  if (rows <= 2) return { above: null, lines: lines.slice(focus, focus + 1), below: null };
  const room = rows - 2;
  const from = Math.min(lines.length - room, Math.max(0, focus - Math.floor(room / 3)));
  // A fold of one line would take the room of that line.
  if (from <= 1) return part(0, room + 1);
  if (from + room >= lines.length - 1) return part(lines.length - room - 1, lines.length);
  return part(from, from + room);
}
