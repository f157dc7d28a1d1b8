/** Where events go: NDJSON on stdout, a live view on a terminal, plain lines elsewhere. Several can be told at once. */
import type * as LogUpdate from "log-update";
import { jsonLine, printable, printableRows, printMessage, viewLines } from "./edge";
import type { DriverEvent, DriverEventBody, EventSink } from "../events";
import { plainLine } from "./plain";
import { renderView, type Size } from "./live";
import { emptyView, reduceView, type View } from "./view-model";

export interface Reporter {
  readonly tell: (event: DriverEvent) => void;
  /** Draws the last state and gives the terminal back. */
  readonly end: () => void;
}

export function ndjsonReporter(out: NodeJS.WritableStream): Reporter {
  return { tell: (event) => void out.write(jsonLine(event)), end: () => undefined };
}

/** Samples of what goes on: of these a log gets one in so many seconds. */
const secondsBetween: Readonly<Partial<Record<DriverEvent["kind"], number>>> = { load: 10, progress: 15 };

/** A text that differs from the last one in its countdown alone is told after so many seconds. */
const countdownSeconds = 30;
const withoutCountdown = (text: string): string => text.replace(/\(\d+ s left\)/g, "(left)");

/** What a line is compared with: the last one of its kind, and of its gate or stack. */
function keyOf(event: DriverEvent): string {
  if (event.kind === "gate") return `gate ${event.index} ${event.gate}`;
  return event.kind === "progress" ? `progress ${event.stack}` : event.kind;
}

/** Repeated lines (a gate that still waits for the same thing) are printed once; samples and countdowns now and then. */
export function plainReporter(out: NodeJS.WritableStream): Reporter {
  const last = new Map<string, string>();
  const lastAt = new Map<string, number>();
  /** Whether so many seconds are over since this was printed last. */
  const due = (key: string, at: number, seconds: number): boolean => {
    if (at - (lastAt.get(key) ?? Number.NEGATIVE_INFINITY) < seconds * 1000) return false;
    lastAt.set(key, at);
    return true;
  };
  return {
    tell: (event) => {
      const at = Date.parse(event.at);
      const key = keyOf(event);
      const between = secondsBetween[event.kind];
      if (between !== undefined && !due(key, at, between)) return;
      const line = plainLine(printable(event));
      if (line === null) return;
      const text = line.slice(9);
      const told = last.get(key);
      if (told === text) return;
      const counts = told !== undefined && withoutCountdown(told) === withoutCountdown(text);
      if (counts && !due(key, at, countdownSeconds)) return;
      if (!counts) lastAt.set(key, at);
      last.set(key, text);
      printMessage(out, line);
    },
    end: () => undefined,
  };
}

/** Of a terminal that does not say how wide or high it is. */
const usual = { columns: 80, rows: 24 };

const sizeOf = ({ columns, rows }: Pick<NodeJS.WriteStream, "columns" | "rows">): Size => ({
  columns: columns || usual.columns,
  rows: Math.max(1, (rows || usual.rows) - 1),
});

/** Said once, and no part of the view: it stays in the terminal, above the view. */
const saidAbove: ReadonlySet<string> = new Set(["note", "error", "finding"]);

export function liveReporter(out: NodeJS.WriteStream): Reporter {
  // Loaded by who draws: most commands of a pipeline don't.
  const { default: logUpdate, logUpdateStderr } = require("log-update") as typeof LogUpdate;
  const update = out === process.stderr ? logUpdateStderr : logUpdate;
  let view: View = emptyView;
  let ended = false;
  let said = "";
  const draw = (): void => update(renderView(view, Date.now(), sizeOf(out)).join("\n"));
  const timer = setInterval(draw, 120);
  timer.unref();
  return {
    tell: (event) => {
      view = reduceView(view, printableRows(event));
      if (!saidAbove.has(event.kind) || ended) return;
      const line = plainLine(printable(event)) ?? "";
      if (line.slice(9) === said) return;
      said = line.slice(9);
      update.persist(viewLines(line, sizeOf(out).columns).join("\n"));
      draw();
    },
    // Whoever ends it twice must not get the view twice: what is written after the first end is read as the last word.
    // What was folded while it ran is all there at the end: a terminal scrolls.
    end: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      update.clear();
      update.done();
      const whole = renderView({ ...view, activity: null }, Date.now(), { ...sizeOf(out), rows: Infinity });
      if (whole.length > 0) out.write(`${whole.join("\n")}\n`);
    },
  };
}

/** Whether a view can be drawn over itself: a terminal that says its size, and knows how to move the cursor. */
export function canDraw(
  { isTTY, columns, rows }: Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns" | "rows">>,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTTY === true && (columns ?? 0) > 0 && (rows ?? 0) > 0 && env["TERM"] !== "dumb" && !env["CI"];
}

const forPeople = (stream: NodeJS.WriteStream, plain: boolean): Reporter =>
  !plain && canDraw(stream, process.env) ? liveReporter(stream) : plainReporter(stream);

/** The reporter for a command: `json` puts events on stdout and people's text on stderr. */
export function reporterFor(options: { readonly json: boolean; readonly plain: boolean }): Reporter {
  const people = forPeople(options.json ? process.stderr : process.stdout, options.plain);
  if (!options.json) return people;
  const machine = ndjsonReporter(process.stdout);
  return {
    tell: (event) => {
      machine.tell(event);
      people.tell(event);
    },
    end: () => people.end(),
  };
}

/** What is being read, for a command whose answer is one text or object on stdout: on stderr, and gone at the end. */
export const lookReporter = (): Reporter => forPeople(process.stderr, false);

/** Adds the time to an event's body. */
export function stamp(reporter: Reporter): EventSink {
  return (body: DriverEventBody) => reporter.tell({ at: new Date().toISOString(), ...body });
}
