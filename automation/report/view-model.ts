/**
 * The state of a person's view, made from events alone: `reduceView` is pure, so that what is shown can be tested
 * without a terminal.
 */
import type { DriverEvent, Outcome, TargetCounts } from "../events";
import type { Step } from "../../stacks/record";
import { stepTitle } from "./step-title";

export type LineStatus = "pending" | "running" | "done" | "failed";

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
  readonly targets: Readonly<Record<string, TargetCounts>>;
  readonly load: { readonly sent: number; readonly failed: number; readonly requestsPerSecond: number } | null;
  readonly outcome: { readonly outcome: Outcome; readonly message: string; readonly remedy: string | null } | null;
}

export const emptyView: View = { lines: [], generation: 0, targets: {}, load: null, outcome: null };

function upsert(view: View, id: string, change: Partial<ViewLine>, fresh: Pick<ViewLine, "title" | "depth">): View {
  const at = view.lines.findIndex((line) => line.id === id);
  if (at < 0) {
    const line: ViewLine = { id, status: "pending", startedAt: null, seconds: null, note: "", ...fresh, ...change };
    return { ...view, lines: [...view.lines, line] };
  }
  return { ...view, lines: view.lines.map((line, index) => (index === at ? { ...line, ...change } : line)) };
}

const stepId = (view: View, index: number): string => `step:${view.generation}:${index}`;

function withSteps(view: View, steps: readonly Step[], done: number): View {
  return steps.reduce<View>(
    (next, step, index) =>
      upsert(
        next,
        stepId(next, index),
        { status: index < done ? "done" : "pending", note: index < done ? "done before" : "" },
        { title: stepTitle(step), depth: 1 },
      ),
    view,
  );
}

/** A running step's line gets a note; other lines keep theirs. */
const noted = (view: View, index: number, note: string): View =>
  upsert(view, stepId(view, index), { note }, { title: `step ${index + 1}`, depth: 1 });

const failRunning = (view: View, note: string): View => ({
  ...view,
  lines: view.lines.map((line) =>
    line.status === "running" && line.depth === 1 ? { ...line, status: "failed", note } : line,
  ),
});

export function reduceView(view: View, event: DriverEvent): View {
  const now = Date.parse(event.at);
  switch (event.kind) {
    case "stage": {
      const id = `stage:${event.name}`;
      const fresh = { title: event.name, depth: 0 };
      if (event.status === "started")
        return upsert(view, id, { status: "running", startedAt: now, note: event.message }, fresh);
      if (event.status === "progress") return upsert(view, id, { note: event.message }, fresh);
      return upsert(
        view,
        id,
        { status: event.status === "finished" ? "done" : "failed", seconds: event.seconds, note: event.message },
        fresh,
      );
    }
    case "stack": {
      // Within a rollout the step's own line says it.
      if (view.lines.some((line) => line.id.startsWith("step:"))) return view;
      const id = `stack:${event.stack}`;
      const fresh = { title: `stack ${event.stack}`, depth: 1 };
      if (event.status === "started")
        return upsert(view, id, { status: "running", startedAt: now, note: event.message }, fresh);
      return upsert(
        view,
        id,
        { status: event.status === "finished" ? "done" : "failed", seconds: event.seconds, note: event.message },
        fresh,
      );
    }
    case "rollout-started": {
      // Another rollout after a finished one (a rehearsal's next command) gets lines of its own.
      const another = !event.resumed && view.lines.some((line) => line.id.startsWith(`step:${view.generation}:`));
      return withSteps(another ? { ...view, generation: view.generation + 1 } : view, event.steps, event.done);
    }
    case "walk-back": {
      const failed = failRunning(view, event.message);
      const next: View = { ...failed, generation: view.generation + 1 };
      return withSteps(
        upsert(
          next,
          `back:${next.generation}`,
          { status: "running", startedAt: now, note: event.message },
          { title: `walk back (${event.code})`, depth: 0 },
        ),
        event.steps,
        0,
      );
    }
    case "step-started":
      return upsert(
        view,
        stepId(view, event.index),
        { status: "running", startedAt: now, note: event.resumed ? "resuming" : "" },
        { title: stepTitle(event.step), depth: 1 },
      );
    case "phase-started":
      return noted(view, event.index, event.message);
    case "phase-finished":
      return view;
    case "gate":
      return noted(
        view,
        event.index,
        event.status === "waiting"
          ? event.gate.startsWith("bake")
            ? event.message
            : `waiting until ${event.gate}: ${event.message}`
          : `${event.gate}: ${event.status}`,
      );
    case "step-finished":
      return upsert(
        view,
        stepId(view, event.index),
        { status: "done", seconds: event.seconds, note: "" },
        { title: stepTitle(event.step), depth: 1 },
      );
    case "targets":
      return { ...view, targets: event.byMember };
    case "load":
      return { ...view, load: { sent: event.sent, failed: event.failed, requestsPerSecond: event.requestsPerSecond } };
    case "finding":
      return upsert(
        view,
        `finding:${event.code}:${event.message}`,
        { status: event.severity === "required" ? "failed" : "done", note: event.remedy },
        { title: `${event.code} ${event.message}`, depth: 1 },
      );
    case "adoption": {
      const id = `adoption:${event.service}:${event.step}`;
      const status =
        event.status === "finished"
          ? ("done" as const)
          : event.status === "undoing"
            ? ("failed" as const)
            : ("running" as const);
      return upsert(
        view,
        id,
        { status, note: event.message },
        { title: `adopt ${event.service}: ${event.step}`, depth: 1 },
      );
    }
    // Told at once, above the view: see the live reporter.
    case "note":
    case "error":
      return view;
    case "rollout-finished": {
      const ended = event.outcome === "failed" || event.outcome === "stopped" ? failRunning(view, event.message) : view;
      const lines = ended.lines.map((line) =>
        line.id.startsWith("back:") && line.status === "running" ? { ...line, status: "done" as const } : line,
      );
      return { ...ended, lines, outcome: { outcome: event.outcome, message: event.message, remedy: event.remedy } };
    }
    default:
      return unknownEvent(event, view);
  }
}

function unknownEvent(_event: never, view: View): View {
  return view;
}
