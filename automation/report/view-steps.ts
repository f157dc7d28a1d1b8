/** Lines of the view, above all those of a rollout's steps. Pure. */
import type { Step } from "../../stacks/record";
import { stepTitle } from "./step-title";
import type { LineStatus, View, ViewLine } from "./view-model";

/** Changes the line with this id, or adds it at the end. */
export function upsert(
  view: View,
  id: string,
  change: Partial<ViewLine>,
  fresh: Pick<ViewLine, "title" | "depth">,
): View {
  const at = view.lines.findIndex((line) => line.id === id);
  if (at < 0) {
    const line: ViewLine = { id, status: "pending", startedAt: null, seconds: null, note: "", ...fresh, ...change };
    return { ...view, lines: [...view.lines, line] };
  }
  return { ...view, lines: view.lines.map((line, index) => (index === at ? { ...line, ...change } : line)) };
}

/** A walk-back's steps have ids of their own. */
export const stepId = (view: View, index: number): string => `step:${view.generation}:${index}`;

export const withStep = (view: View, index: number, step: Step, change: Partial<ViewLine>): View =>
  upsert(view, stepId(view, index), change, { title: stepTitle(step), depth: 1 });

/** All of a rollout's steps, of which `done` were done before. */
export function withSteps(view: View, steps: readonly Step[], done: number): View {
  return steps.reduce<View>(
    (next, step, index) =>
      withStep(next, index, step, {
        status: index < done ? "done" : "pending",
        note: index < done ? "done before" : "",
      }),
    view,
  );
}

/** A running step's line gets a note; other lines keep theirs. */
export const noted = (view: View, index: number, note: string): View =>
  upsert(view, stepId(view, index), { note }, { title: `step ${index + 1}`, depth: 1 });

/** Steps that ran do so no longer, and why. */
export const endRunning = (view: View, status: LineStatus, note: string): View => ({
  ...view,
  lines: view.lines.map((line) => (line.status === "running" && line.depth === 1 ? { ...line, status, note } : line)),
});
