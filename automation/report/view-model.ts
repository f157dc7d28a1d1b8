/**
 * The state of a person's view, made from events alone: `reduceView` is pure, so that what is shown can be tested
 * without a terminal.
 */
import type { DriverEvent, Outcome, TargetCounts } from "../events";
import { hookText, progressText } from "./plain";
import { endRunning, noted, upsert, withSteps, withStep } from "./view-steps";

/** `stopped`: it was asked to stop; the same command goes on with it. */
export type LineStatus = "pending" | "running" | "done" | "stopped" | "failed";

export interface ViewLine {
  readonly id: string;
  readonly depth: number;
  readonly title: string;
  readonly status: LineStatus;
  /** Date.now() of its start; null while pending. */
  readonly startedAt: number | null;
  readonly seconds: number | null;
  /** What it is doing, or waits for and why. */
  readonly note: string;
}

export interface View {
  readonly lines: readonly ViewLine[];
  /** Goes up with every walk-back: its steps are lines of their own. */
  readonly generation: number;
  /** What is done outside of steps, or how far the engine is; null: a line says it. */
  readonly activity: { readonly message: string; readonly startedAt: number } | null;
  readonly targets: Readonly<Record<string, TargetCounts>>;
  readonly load: { readonly sent: number; readonly failed: number; readonly requestsPerSecond: number } | null;
  readonly outcome: { readonly outcome: Outcome; readonly message: string; readonly remedy: string | null } | null;
}

export const emptyView: View = { lines: [], generation: 0, activity: null, targets: {}, load: null, outcome: null };

type EventOf<Kind extends DriverEvent["kind"]> = Extract<DriverEvent, { readonly kind: Kind }>;

/** A stretch of work with a beginning and an end: a stage, or a stack's update. */
function stretch(
  view: View,
  id: string,
  fresh: Pick<ViewLine, "title" | "depth">,
  { status, at, message, seconds }: Pick<EventOf<"stage">, "status" | "at" | "message" | "seconds">,
): View {
  if (status === "started")
    return upsert(view, id, { status: "running", startedAt: Date.parse(at), note: message }, fresh);
  if (status === "progress") return upsert(view, id, { note: message }, fresh);
  return upsert(view, id, { status: status === "finished" ? "done" : "failed", seconds, note: message }, fresh);
}

function walksBack(view: View, event: EventOf<"walk-back">): View {
  const failed = endRunning(view, "failed", event.message);
  const next: View = { ...failed, generation: view.generation + 1 };
  return withSteps(
    upsert(
      next,
      `back:${next.generation}`,
      { status: "running", startedAt: Date.parse(event.at), note: event.message },
      { title: `walk back (${event.code})`, depth: 0 },
    ),
    event.steps,
    0,
  );
}

function gateNote({ status, gate, message }: EventOf<"gate">): string {
  if (status !== "waiting") return `${gate}: ${status}`;
  return gate.startsWith("bake") ? message : `waiting until ${gate}: ${message}`;
}

const adoptionStatus = { started: "running", waiting: "running", finished: "done", undoing: "failed" } as const;

function finished(view: View, { outcome, code, message, remedy }: EventOf<"rollout-finished">): View {
  const status = outcome === "stopped" && code === "EBG-STOPPED" ? "stopped" : "failed";
  const ended = outcome === "failed" || outcome === "stopped" ? endRunning(view, status, message) : view;
  const lines = ended.lines.map((line) =>
    line.id.startsWith("back:") && line.status === "running" ? { ...line, status: "done" as const } : line,
  );
  return { ...ended, lines, outcome: { outcome, message, remedy } };
}

const busyWith = (view: View, event: DriverEvent, message: string): View => ({
  ...view,
  activity: { message, startedAt: Date.parse(event.at) },
});

/** Lines say these: what was said of the time before is over. */
const endsActivity: ReadonlySet<string> = new Set([
  "stage",
  "stack",
  "rollout-started",
  "step-started",
  "step-finished",
  "phase-started",
  "walk-back",
  "adoption",
  "rollout-finished",
]);

export function reduceView(view: View, event: DriverEvent): View {
  return reduce(endsActivity.has(event.kind) && view.activity !== null ? { ...view, activity: null } : view, event);
}

function reduce(view: View, event: DriverEvent): View {
  switch (event.kind) {
    case "stage":
      return stretch(view, `stage:${event.name}`, { title: event.name, depth: 0 }, event);
    case "stack":
      // Within a rollout the step's own line says it.
      if (view.lines.some((line) => line.id.startsWith("step:"))) return view;
      return stretch(view, `stack:${event.stack}`, { title: `stack ${event.stack}`, depth: 1 }, event);
    case "rollout-started": {
      // Another rollout after a finished one (a rehearsal's next command) gets lines of its own.
      const another = !event.resumed && view.lines.some((line) => line.id.startsWith(`step:${view.generation}:`));
      return withSteps(another ? { ...view, generation: view.generation + 1 } : view, event.steps, event.done);
    }
    case "walk-back":
      return walksBack(view, event);
    case "step-started":
      return withStep(view, event.index, event.step, {
        status: "running",
        startedAt: Date.parse(event.at),
        note: event.resumed ? "resuming" : "",
      });
    case "phase-started":
      return noted(view, event.index, event.message);
    case "hook":
      return noted(view, event.index, hookText(event));
    case "gate":
      return noted(view, event.index, gateNote(event));
    case "step-finished":
      return withStep(view, event.index, event.step, { status: "done", seconds: event.seconds, note: "" });
    case "targets":
      return { ...view, targets: event.byMember };
    case "load":
      return { ...view, load: { sent: event.sent, failed: event.failed, requestsPerSecond: event.requestsPerSecond } };
    case "adoption":
      return upsert(
        view,
        `adoption:${event.service}:${event.step}`,
        { status: adoptionStatus[event.status], note: event.message },
        { title: `adopt ${event.service}: ${event.step}`, depth: 1 },
      );
    case "activity":
      return busyWith(view, event, event.message);
    case "progress":
      return busyWith(view, event, progressText(event));
    case "rollout-finished":
      return finished(view, event);
    // Notes, findings and errors are told at once, above the view: see the live reporter.
    case "phase-finished":
    case "finding":
    case "note":
    case "caller":
    case "error":
      return view;
    default:
      return unknownEvent(event, view);
  }
}

function unknownEvent(_event: never, view: View): View {
  return view;
}
