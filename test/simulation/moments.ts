/**
 * Where a run of the driver was ended, in the words of its own events: the same place can be found in a run of the same
 * command elsewhere.
 */
import type { DriverEventBody, Phase } from "../../automation/events";
import type { MoveKind } from "../../stacks/record";
import type { Asked } from "./scenario";

/**
 * What ended it: killed before an effect, after it, or some time into it, together with its engine; or asked to stop.
 */
export type Ending = "before" | "after" | "later" | "engine" | "stop";

export interface Moment {
  /** Index in the rollout's steps. */
  readonly step: number;
  readonly kind: MoveKind | "bake";
  readonly phase: Phase;
  /** Virtual. */
  readonly secondsInto: number;
}
export interface RunSeen {
  readonly asked: Asked;
  /** Its outcome, the code of its error, or `killed`. */
  readonly outcome: string;
  /** null: it came to its end by itself. `moment` null: before any step. */
  readonly ended: { readonly how: Ending; readonly moment: Moment | null } | null;
}

export class Watcher {
  private kind: Moment["kind"] | null = null;
  private phase: { readonly step: number; readonly phase: Phase; readonly since: number } | null = null;
  private ended: RunSeen["ended"] = null;
  constructor(private readonly now: () => number) {}

  hear(event: DriverEventBody): void {
    if (event.kind === "step-started") this.kind = event.step.type === "move" ? event.step.kind : "bake";
    else if (event.kind === "phase-started") this.phase = { step: event.index, phase: event.phase, since: this.now() };
    else if (event.kind === "step-finished") this.phase = null;
  }
  /** It is ended here. A kill is the last word. */
  end(how: Ending): void {
    const { kind, phase } = this;
    const moment =
      kind === null || phase === null
        ? null
        : { step: phase.step, kind, phase: phase.phase, secondsInto: Math.round((this.now() - phase.since) / 1000) };
    this.ended = { how, moment };
  }
  seen(asked: Asked, outcome: string): RunSeen {
    return { asked, outcome, ended: this.ended };
  }
}
