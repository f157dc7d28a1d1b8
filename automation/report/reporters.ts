/** Where events go: NDJSON on stdout, a live view on a terminal, plain lines elsewhere. Several can be told at once. */
import type * as LogUpdate from "log-update";
import { asLines } from "../text/foreign";
import { jsonLine, printable, printableRows, printMessage } from "./edge";
import type { DriverEvent, DriverEventBody, EventSink } from "../events";
import { plainLine } from "./plain";
import { renderView } from "./live";
import { emptyView, reduceView, type View } from "./view-model";

export interface Reporter {
  readonly tell: (event: DriverEvent) => void;
  /** Draws the last state and gives the terminal back. */
  readonly end: () => void;
}

export function ndjsonReporter(out: NodeJS.WritableStream): Reporter {
  return { tell: (event) => void out.write(jsonLine(event)), end: () => undefined };
}

/** Repeated lines (a gate that still waits for the same thing) are printed once; load at most every ten seconds. */
export function plainReporter(out: NodeJS.WritableStream): Reporter {
  const last = new Map<string, string>();
  let lastLoadAt = 0;
  return {
    tell: (event) => {
      if (event.kind === "load") {
        const at = Date.parse(event.at);
        if (at - lastLoadAt < 10_000) return;
        lastLoadAt = at;
      }
      const line = plainLine(printable(event));
      const key = event.kind === "gate" ? `gate ${event.index} ${event.gate}` : event.kind;
      if (line === null || last.get(key) === line.slice(9)) return;
      last.set(key, line.slice(9));
      printMessage(out, line);
    },
    end: () => undefined,
  };
}

export function liveReporter(out: NodeJS.WriteStream): Reporter {
  // Loaded by who draws: most commands of a pipeline don't.
  const { default: logUpdate, logUpdateStderr } = require("log-update") as typeof LogUpdate;
  const update = out === process.stderr ? logUpdateStderr : logUpdate;
  let view: View = emptyView;
  let ended = false;
  let said = "";
  const draw = (): void => update(renderView(view, Date.now(), out.columns || 100).join("\n"));
  const timer = setInterval(draw, 120);
  timer.unref();
  return {
    tell: (event) => {
      view = reduceView(view, printableRows(event));
      // What is said once (a note, the answer to Ctrl-C) stays in the terminal, above the view, and is there at once.
      if ((event.kind !== "note" && event.kind !== "error") || ended) return;
      const line = plainLine(printable(event)) ?? "";
      if (line.slice(9) === said) return;
      said = line.slice(9);
      update.persist(asLines(line).join("\n"));
      draw();
    },
    // Whoever ends it twice must not get the view twice: what is written after the first end is read as the last word.
    end: () => {
      if (ended) return;
      ended = true;
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

/** The reporter for a command: `json` puts events on stdout and people's text on stderr. */
export function reporterFor(options: { readonly json: boolean; readonly plain: boolean }): Reporter {
  const stream = options.json ? process.stderr : process.stdout;
  const people = stream.isTTY && !options.plain && !process.env.CI ? liveReporter(stream) : plainReporter(stream);
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

/** Adds the time to an event's body. */
export function stamp(reporter: Reporter): EventSink {
  return (body: DriverEventBody) => reporter.tell({ at: new Date().toISOString(), ...body });
}
